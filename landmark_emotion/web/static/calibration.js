// Guides the user through a calibration: find the face, hold still, look neutral, done.

import { setText } from "./panel.js";

const SECONDS = 2; // of looking neutral
const STILL = 400; // ms for which the face must be still before it begins
const MOVED = 0.03; // share of the width of the face
const STAYS = 8000; // ms for which a good result stays

const $ = (id) => document.getElementById(id);

export class Guide {
  #state = "idle"; // then "looking", "taking", and "done" or "failed"
  #anchor = null; // { x, y, at } where the face came to rest
  #timer = 0;

  /** `send(message)` sends a control message to the server. */
  constructor(send) {
    this.send = send;
    $("undo").onclick = () => {
      $("calibrate").focus();
      this.send({ type: "undo" });
    };
    $("guide-close").onclick = () => {
      if (this.#state === "taking") this.send({ type: "undo" });
      this.close();
    };
  }

  get busy() {
    return this.#state === "looking" || this.#state === "taking";
  }

  begin() {
    if (this.busy) return;
    this.#anchor = null;
    this.#enter("looking", "Look into the camera");
    this.#fill(0);
  }

  /** Follow the face of each frame; null if there is none. */
  frame(face, { remaining }, now) {
    if (!this.busy) return;
    const moving = this.#moves(face, now);
    if (this.#state === "looking") {
      if (face && !moving) {
        this.#enter("taking", "Look neutral");
        this.send({ type: "calibrate", seconds: SECONDS });
      } else {
        setText($("guide-hint"), face ? "Hold still" : "No face found yet");
      }
      return;
    }
    if (typeof remaining !== "number") return;
    this.#fill(1 - remaining / SECONDS);
    const left = Math.ceil(remaining);
    setText($("guide-text"), left > 0 ? `Look neutral … ${left}` : "Look neutral …");
    setText($("guide-hint"), face ? "Hold still" : "No face: look into the camera");
  }

  /** Show how it ended, as the server says. */
  outcome({ people, warning }) {
    if (this.#state !== "taking") return; // of one that was closed
    this.#fill(people ? 1 : 0);
    if (!people) {
      this.#enter("failed", "Not calibrated", warning || "No face was seen; calibrate again.");
      return;
    }
    const [who, whose] = people > 1 ? [`${people} people`, "their"] : ["You", "your"];
    const result = `${who} are compared with ${whose} own neutral face.`;
    this.#enter("done", "Done", warning ? sentence(warning) : result);
    if (!warning) this.#closeLater();
  }

  undone(whether) {
    if (this.#state !== "done") return;
    this.#enter("failed", whether ? "Calibration undone" : "Nothing to undo");
    this.#closeLater();
  }

  /** Say that a calibration was interrupted, if one is under way. */
  interrupt() {
    if (this.busy) this.#enter("failed", "Calibration interrupted", "Calibrate again.");
  }

  close() {
    clearTimeout(this.#timer);
    if ($("guide").contains(document.activeElement)) $("calibrate").focus();
    this.#state = "idle";
    $("guide").hidden = true;
    setText($("guide-text"), "");
  }

  #enter(state, text, hint = "") {
    clearTimeout(this.#timer);
    this.#state = state;
    $("guide").dataset.state = state;
    $("guide").hidden = false;
    $("undo").hidden = state !== "done";
    setText($("guide-text"), text);
    setText($("guide-hint"), hint);
  }

  #closeLater() {
    this.#timer = setTimeout(() => this.close(), STAYS);
  }

  #fill(share) {
    $("ring").style.strokeDasharray = `${Math.min(1, Math.max(0, share))} 1`;
    $("ring").style.opacity = share > 0 ? 1 : 0;
  }

  #moves(face, now) {
    if (!face) {
      this.#anchor = null;
      return true;
    }
    const [x, y] = face.landmarks[30]; // the tip of the nose
    const far = MOVED * face.box[2];
    const anchor = this.#anchor;
    if (!anchor || Math.hypot(x - anchor.x, y - anchor.y) > far) this.#anchor = { x, y, at: now };
    return now - this.#anchor.at < STILL;
  }
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
