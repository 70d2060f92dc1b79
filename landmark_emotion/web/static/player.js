// Opens and closes what is looked at: a camera, a video or a photo, one at a time.

import { isVideo, looksAway, openCamera, readPhoto } from "./sources.js";
import { banner, notice } from "./stage.js";

const $ = (id) => document.getElementById(id);

/**
 * Events: "open" and "close". `source` is null, or has a kind ("camera", "video" or "photo") and a
 * name; a camera has a `track` and `mirrorable`, a photo the `blob` to recognize.
 */
export class Player extends EventTarget {
  source = null;
  #attempts = 0; // incremented by every start and stop, to detect outdated results
  #video = $("video");

  /** Whether frames come from it. */
  get live() {
    return this.source !== null && this.source.kind !== "photo";
  }

  async startCamera(wanted) {
    this.stop();
    const mine = this.#attempts;
    notice();
    banner("Waiting for the camera");
    let stream;
    try {
      stream = await openCamera(wanted);
    } catch (error) {
      if (mine !== this.#attempts) return;
      banner();
      notice(error.message);
      return;
    }
    const [track] = stream.getVideoTracks();
    if (mine !== this.#attempts) {
      track.stop();
      return;
    }
    track.onended = () => {
      if (this.source?.track !== track) return;
      this.stop();
      notice("The camera was disconnected. Plug it in and start again.");
    };
    this.#video.srcObject = stream;
    await this.#play({ kind: "camera", name: "camera", track, mirrorable: !looksAway(track) });
  }

  async openFile(file) {
    this.stop();
    const mine = this.#attempts;
    notice();
    if (isVideo(file)) {
      this.#video.src = URL.createObjectURL(file);
      await this.#play({ kind: "video", name: file.name });
      return;
    }
    const blob = await readPhoto(file, $("still")).catch(() => null);
    if (mine !== this.#attempts) return;
    if (blob === null) {
      notice(`${file.name}: this browser cannot open it; try a JPEG, PNG or MP4 file.`);
      return;
    }
    $("still").hidden = false;
    this.#opened({ kind: "photo", name: file.name, blob });
  }

  stop() {
    this.#attempts += 1;
    const video = this.#video;
    this.source?.track?.stop();
    video.onerror = null;
    video.pause();
    if (video.src) URL.revokeObjectURL(video.src);
    video.srcObject = null;
    video.removeAttribute("src");
    video.load();
    video.hidden = $("still").hidden = true;
    banner();
    if (this.source === null) return;
    this.source = null;
    this.#changed("close");
  }

  async #play(source) {
    const video = this.#video;
    video.hidden = false;
    video.controls = source.kind === "video";
    video.onerror = () => {
      if (source.kind !== "video") return;
      this.stop();
      notice(`${source.name}: this browser cannot play it; try an MP4 or WebM file.`);
    };
    this.#opened(source);
    await video.play().catch(() => {});
  }

  #opened(source) {
    this.source = { ...source, frames: 0, started: null };
    banner();
    this.#changed("open");
  }

  #changed(event) {
    $("welcome").hidden = this.source !== null;
    $("main").dataset.source = this.source?.kind ?? "none";
    this.dispatchEvent(new Event(event));
  }
}
