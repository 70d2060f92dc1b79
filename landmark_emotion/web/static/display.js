// Shows answers: on the picture, in the panel and over the last minute.

import { placement } from "./canvas.js";
import { Faces, asSeen, likeliest } from "./faces.js";
import { Motion } from "./motion.js";
import { Overlay } from "./overlay.js";
import { Panel, factsOf, labelOf, markOf } from "./panel.js";
import { Timeline } from "./timeline.js";
import { showWhy } from "./why.js";

// How long numbers stay, so that they can be read; another emotion is shown at once.
const HOLD = 66; // ms
const HOLD_WHY = 700;
const DRAW = 25; // ms; no more drawings than frames of the camera

const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Display {
  #model = null;
  #answer = null;
  #time = null; // of the answer, in seconds; null for a photo
  #shown = null; // the face in the panel, of this or a slightly older answer
  #shownAt = -Infinity;
  #faces = new Faces();
  #motion = new Motion();
  #overlay = new Overlay($("overlay"));
  #panel = new Panel();
  #timeline = new Timeline($("timeline"));
  #animation = 0;
  #drawnAt = -Infinity;

  constructor(settings, player) {
    this.settings = settings;
    this.player = player;
    new ResizeObserver(() => this.refresh()).observe($("stage"));
    new ResizeObserver(() => this.refresh()).observe($("timeline"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refresh());
    $("stage").addEventListener("click", (event) => this.#click(event), { capture: true });
  }

  get answered() {
    return this.#answer !== null;
  }

  get explain() {
    return this.settings.why === true;
  }

  get mirrored() {
    const { source } = this.player;
    return source?.kind === "camera" && (this.settings.mirror ?? source.mirrorable);
  }

  /** The chosen face of the latest answer, or null. */
  get face() {
    return this.#answer && this.#faces.choose(this.#answer.faces);
  }

  prepare(model) {
    this.#model = model;
    this.#panel.prepare(model);
    this.open();
  }

  /** Begin with a new source, or none. */
  open() {
    this.forget();
    this.clear(this.player.source ? "looking for a face" : "no face yet");
    $("video").classList.toggle("mirrored", this.mirrored);
  }

  /** Forget the past of all faces. */
  forget() {
    this.#faces.clear();
    this.#time = null;
    this.#drawTimeline(true);
  }

  /** Show nothing but a text, until the next answer. */
  clear(text) {
    this.#answer = this.#shown = null;
    this.#motion.clear();
    this.#overlay.clear();
    $("full").hidden = !document.fullscreenEnabled || this.player.source === null;
    this.#panel.show(null, text);
    this.#panel.chooser([], null);
    this.#panel.details([]);
    this.#panel.speak(this.player.source ? text : "", performance.now(), false);
    this.#why(null);
  }

  /** Show an answer; `time` is null for a photo. */
  show(answer, time) {
    this.#answer = answer;
    this.#time = time;
    if (time !== null) this.#faces.remember(time, answer.faces);
    this.#showPanel(time === null);
    this.#drawTimeline();
    this.#animate();
  }

  /** Show the same answer again after a change of settings, size or choice. */
  refresh() {
    if (!this.#model) return;
    $("video").classList.toggle("mirrored", this.mirrored);
    this.#drawTimeline(true);
    if (!this.#answer) {
      this.#why(null);
      return;
    }
    this.#showPanel(true);
    this.#animate();
  }

  #showPanel(urgent) {
    const now = performance.now();
    const { face } = this;
    const text = face ? (markOf(face) ?? face.emotion) : "no face";
    this.#panel.speak(text, now, this.#time === null);
    const hold = this.explain ? HOLD_WHY : HOLD;
    if (!urgent && same(face, this.#shown) && now - this.#shownAt < hold) return;
    this.#shown = face;
    this.#shownAt = now;
    const camera = this.player.source?.kind === "camera";
    this.#panel.show(face, "no face", camera ? "Look into the camera, in good light" : "");
    this.#panel.chooser(asSeen(this.#answer.faces, this.mirrored), face?.face, (chosen) => {
      this.#faces.chosen = chosen;
      this.refresh();
    });
    $("stage").classList.toggle("several", this.#answer.faces.length > 1);
    if ($("details").open) this.#panel.details(face ? factsOf(face) : []);
    this.#why(face);
  }

  #why(face) {
    $("why").hidden = !this.explain;
    if (this.explain) showWhy(face);
  }

  #drawTimeline(urgent = false) {
    if (!this.#model) return;
    const past = this.#faces.past;
    this.#timeline.draw(past, this.#time ?? past.at(-1)?.time ?? 0, this.#model, { urgent });
  }

  #animate() {
    if (this.#animation) return;
    this.#animation = requestAnimationFrame((now) => {
      this.#animation = 0;
      if (!this.#answer) return;
      if (now - this.#drawnAt >= DRAW) {
        this.#drawnAt = now;
        if (!this.#draw(now)) return;
      }
      this.#animate();
    });
  }

  /** Draw the picture's overlay; return whether it still moves. */
  #draw(now) {
    const still = this.#time === null || calm.matches;
    if (still) this.#motion.clear();
    const { answer, moving } = this.#motion.at(this.#answer, now);
    const seen = asSeen(answer.faces, this.mirrored).map(({ face }) => face);
    const { colors } = this.#model;
    this.#overlay.draw(answer, {
      mirrored: this.mirrored,
      chosen: this.#faces.chosen,
      explained: this.explain && this.#shown && !markOf(this.#shown) ? this.#shown.face : null,
      label: (face) => {
        const label = labelOf(face.face === this.#shown?.face ? this.#shown : face, colors);
        if (seen.length > 1) label.text = `${seen.indexOf(face.face) + 1}: ${label.text}`;
        return label;
      },
    });
    return moving;
  }

  #click(event) {
    const several = this.#answer?.faces.length > 1;
    if (!several || event.target.closest("button, #guide, #notice")) return;
    const area = $("stage").getBoundingClientRect();
    const { place } = placement(this.#answer, area, this.mirrored);
    const [x, y] = [event.clientX - area.left, event.clientY - area.top];
    const hit = this.#answer.faces.find(({ box: [left, top, width, height] }) => {
      const [x0, y0] = place([left, top]);
      const [x1, y1] = place([left + width, top + height]);
      return x >= Math.min(x0, x1) && x <= Math.max(x0, x1) && y >= y0 && y <= y1;
    });
    if (!hit) return;
    event.preventDefault(); // a video would pause
    event.stopPropagation();
    this.#faces.chosen = hit.face;
    this.refresh();
  }
}

/** Whether two faces are the same one with the same emotion. */
function same(one, other) {
  if (one === null || other === null) return one === other;
  return (
    one.face === other.face && one.emotion === other.emotion && markOf(one) === markOf(other) &&
    likeliest(one) === likeliest(other) && Boolean(one.explanation) === Boolean(other.explanation)
  );
}
