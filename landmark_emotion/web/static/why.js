// What speaks for and against the emotion of a face.

import { markOf, setText } from "./panel.js";

const LEAST = 3; // contribution to the score that fills half the track, if none is larger

const $ = (id) => document.getElementById(id);

export function showWhy(face) {
  const explanation = face && !markOf(face) ? face.explanation : null;
  setText($("why-title"), explanation ? `Why ${explanation.emotion}?` : "Why?");
  setText($("sentence"), explanation?.sentence ?? missing(face));
  const regions = Object.entries(explanation?.regions ?? {});
  const list = $("regions");
  while (list.children.length > regions.length) list.lastChild.remove();
  while (list.children.length < regions.length) list.append(makeRegion());
  const longest = Math.max(LEAST, ...regions.map(([, value]) => Math.abs(value)));
  regions.forEach(([name, value], index) => {
    const [label, track, number] = list.children[index].children;
    setText(label, name);
    const size = Math.abs(value).toFixed(1);
    setText(number, size === "0.0" ? size : `${value < 0 ? "−" : "+"}${size}`);
    const bar = track.firstChild;
    const share = (50 * Math.abs(value)) / longest;
    bar.className = value < 0 ? "against" : "for";
    bar.style.left = `${value < 0 ? 50 - share : 50}%`;
    bar.style.width = `${share}%`;
  });
}

function missing(face) {
  if (face === null) return "Shown as soon as a face is found.";
  const mark = markOf(face);
  return mark ? `Not explained while the face is ${mark}.` : "Shown with the next frame.";
}

function makeRegion() {
  const item = document.createElement("li");
  const track = document.createElement("span");
  track.className = "track";
  track.append(document.createElement("span"));
  const value = document.createElement("output");
  value.setAttribute("aria-live", "off");
  item.append(document.createElement("span"), track, value);
  return item;
}
