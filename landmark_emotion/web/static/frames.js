// The frames of a video element as JPEG files: the next is encoded while one is judged.

const FRAME_SIDE = 640; // pixels; enough for the recognizer

export class Frames {
  #worker = new Worker("/static/encoder.js");
  #running = false;
  seen = 0; // when the latest frame came, by performance.now()
  #handle = 0;
  #number = 0;
  #encoding = new Map(); // what is known about each frame that is being encoded, by number

  /**
   * `room()` says how many frames are wanted now; those that come meanwhile are dropped.
   * `deliver(blob, about)` receives the others, with the time of capture, the time in the video and
   * the number of frames shown so far.
   */
  constructor(video, room, deliver) {
    this.video = video;
    this.room = room;
    this.#worker.onmessage = ({ data: { blob, number } }) => {
      const about = this.#encoding.get(number);
      this.#encoding.delete(number);
      if (about && this.#running && room() > 0) deliver(blob, about);
    };
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.seen = performance.now();
    this.#handle = this.video.requestVideoFrameCallback(this.#frame);
  }

  stop() {
    this.#running = false;
    this.video.cancelVideoFrameCallback(this.#handle);
    this.#encoding.clear();
  }

  #frame = async (now, metadata) => {
    const { video } = this;
    this.seen = performance.now();
    this.#handle = video.requestVideoFrameCallback(this.#frame);
    if (this.room() - this.#encoding.size <= 0 || !video.videoWidth) return;
    const number = this.#number++;
    this.#encoding.set(number, {
      captured: metadata.captureTime ?? now,
      mediaTime: metadata.mediaTime,
      shown: metadata.presentedFrames,
    });
    const { videoWidth: width, videoHeight: height } = video;
    const scale = FRAME_SIDE / Math.max(width, height);
    const size = {
      resizeWidth: Math.max(1, Math.round(width * scale)),
      resizeHeight: Math.max(1, Math.round(height * scale)),
    };
    try {
      const picture = await createImageBitmap(video, scale < 1 ? size : {});
      this.#worker.postMessage({ picture, number }, [picture]);
    } catch {
      this.#encoding.delete(number); // the video was closed meanwhile
    }
  };
}
