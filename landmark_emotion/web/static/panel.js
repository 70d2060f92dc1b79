// The result in words and numbers: headline, probabilities, faces to choose from, details.

import { emoji } from "./canvas.js";
import { likeliest } from "./faces.js";

const SPEAK_AFTER = 700; // ms that an emotion must last before screen readers announce it

const COMPARED = {
  static: "compared with the average neutral face",
  calibrating: "calibrating",
  calibrated: "compared with your own neutral face",
  profile: "compared with the given neutral face",
  automatic: "compared with an estimated neutral face",
};

const SHOWN = new Set(["face", "probability"]); // elsewhere
const ANGLES = new Set(["yaw", "pitch", "roll"]);

const $ = (id) => document.getElementById(id);
const percent = (value) => `${Math.round(100 * value)} %`;
const words = (name) => name.replaceAll("_", " ");

/** Set text only if it changes, so that selections and screen readers are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What a face is shown as: its text, emotion and color. */
export function labelOf(face, colors) {
  const mark = markOf(face);
  const name = mark ?? face.emotion;
  return {
    text: mark ? name : `${name} ${percent(face.probability)}`,
    emotion: mark ? "uncertain" : face.emotion,
    color: colors[mark ? "uncertain" : face.emotion] ?? colors.uncertain ?? "#969696",
  };
}

/** Why the answer for a face is not reliable, or null. */
export const markOf = (face) => face.issue || null;

export class Panel {
  #spoken = { text: "", since: 0 };

  /** Make one row per emotion of the model. */
  prepare(model) {
    for (const name of ["uncertain", ...model.emotions]) emoji(name);
    $("result").style.setProperty("--rows", model.emotions.length);
    $("bars").replaceChildren(...model.emotions.map((emotion) => {
      const item = document.createElement("li");
      item.dataset.emotion = emotion;
      const name = document.createElement("span");
      name.textContent = name.title = emotion;
      const track = document.createElement("span");
      track.className = "track";
      const bar = document.createElement("span");
      bar.style.background = model.colors[emotion] ?? "#969696";
      track.append(bar);
      const value = document.createElement("output");
      value.setAttribute("aria-live", "off");
      value.textContent = "–";
      item.append(name, track, value);
      return item;
    }));
  }

  /** Show a face of an answer, or a text and a hint where there is none. */
  show(face, text = "", hint = "") {
    const mark = face && markOf(face);
    const emotion = face && !mark ? face.emotion : "uncertain";
    const row = face && !mark ? likeliest(face) : null;
    $("result").classList.toggle("absent", !face);
    $("result").classList.toggle("muted", Boolean(mark));
    if ($("emoji").firstChild !== emoji(emotion)) $("emoji").replaceChildren(emoji(emotion));
    const small = document.createElement("small");
    if (face && !mark) {
      const rest = percent(face.probability);
      small.textContent = row === face.emotion ? ` ${rest}` : ` perhaps ${row}, ${rest}`;
    }
    const headline = face ? (mark ?? face.emotion) : text;
    if ($("emotion").textContent !== headline + small.textContent) {
      $("emotion").replaceChildren(headline, small);
    }
    const compared = mark ? "no reliable answer" : COMPARED[face?.calibration];
    setText($("compared"), face ? (compared ?? face.calibration) : hint);
    for (const item of $("bars").children) {
      const value = face?.probabilities[item.dataset.emotion];
      item.classList.toggle("likeliest", item.dataset.emotion === row);
      item.children[1].firstChild.style.transform = `translateX(${100 * (value ?? -0.01) - 100}%)`;
      setText(item.children[2], value === undefined ? "–" : percent(value));
    }
  }

  /** Offer faces, from left to right, if there are several. */
  chooser(faces, chosen, choose) {
    const list = $("faces");
    const offered = faces.length > 1 ? faces : [];
    while (list.children.length > offered.length) list.lastChild.remove();
    while (list.children.length < offered.length) {
      const button = document.createElement("button");
      button.type = "button";
      button.onclick = () => choose(Number(button.value));
      list.append(button);
    }
    offered.forEach(({ face }, index) => {
      const button = list.children[index];
      button.value = face;
      setText(button, `Face ${index + 1}`);
      button.setAttribute("aria-pressed", String(face === chosen));
    });
  }

  /** Let screen readers announce what lasts, not every flicker. */
  speak(text, now, at_once) {
    if (text !== this.#spoken.text) this.#spoken = { text, since: now };
    if (at_once || now - this.#spoken.since > SPEAK_AFTER) setText($("spoken"), text);
  }

  /** Show the details: pairs of a name and a text. */
  details(pairs) {
    const list = $("facts");
    while (list.children.length > pairs.length) list.lastChild.remove();
    while (list.children.length < pairs.length) {
      const pair = document.createElement("div");
      pair.append(document.createElement("dt"), document.createElement("dd"));
      list.append(pair);
    }
    pairs.forEach(([name, text], index) => {
      setText(list.children[index].firstChild, name);
      setText(list.children[index].lastChild, text);
    });
  }
}

/** What is known about a face besides its emotion, as pairs of a name and a text. */
export function factsOf(face) {
  const numbers = Object.entries(face).filter(([name, value]) => (
    typeof value === "number" && !SHOWN.has(name)
  ));
  return numbers.map(([name, value]) => {
    if (ANGLES.has(name)) return [words(name), `${Math.round(value)}°`.replace("-", "−")];
    return [words(name), name === "quality" ? percent(value) : value.toFixed(2).replace("-", "−")];
  });
}
