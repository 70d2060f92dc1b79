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
  resize(list, regions.length);
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
  showNetwork(explanation?.network);
}

/** Show how much of the answer is the landmarks' and how much the network's, if it took part. */
function showNetwork(network) {
  $("network").hidden = !network;
  if (!network) return;
  const texts = [network.sentence, network.disagreement, network.occlusion?.sentence];
  setText($("network-says"), texts.filter(Boolean).map((text) => text.replace(/\.?$/, ".")).join(" "));
  const shares = [["landmarks", 1 - network.share], ["network", network.share]];
  const list = $("network").querySelector("ul");
  resize(list, shares.length);
  shares.forEach(([name, share], index) => {
    const [label, track, number] = list.children[index].children;
    setText(label, name);
    setText(number, `${Math.round(100 * share)} %`);
    track.firstChild.style.width = `${100 * share}%`;
  });
}

function resize(list, length) {
  while (list.children.length > length) list.lastChild.remove();
  while (list.children.length < length) list.append(makeRegion());
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
