// How many frames are answered per second, and how long that takes.

const RECENT = 2000; // ms over which both are measured

export class Rate {
  #recent = []; // { at, delay }

  clear() {
    this.#recent = [];
  }

  /** Add an answer at a time, with its delay, in milliseconds. */
  add(at, delay) {
    this.#recent.push({ at, delay });
    while (at - this.#recent[0].at > RECENT) this.#recent.shift();
  }

  get text() {
    const recent = this.#recent;
    if (recent.length < 3) return "";
    const seconds = Math.max(0.001, (recent.at(-1).at - recent[0].at) / 1000);
    const delays = recent.map(({ delay }) => delay).sort((a, b) => a - b);
    const rate = Math.round((recent.length - 1) / seconds);
    return `${rate} frames/s, ${Math.round(delays[delays.length >> 1])} ms delay`;
  }
}
