// The probabilities of the last minute, one row per emotion, so that colors are not needed.

import { fit } from "./overlay.js";

const SECONDS = 60;
const GAP = 0.8; // seconds without a face that interrupt the line
const REDRAW = 120; // ms; shortest time between two drawings

export class Timeline {
  #moments = [];
  #drawn = 0;

  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  clear() {
    this.#moments = [];
    this.#drawn = 0;
  }

  add(time, probabilities) {
    this.#moments.push({ time, probabilities });
    while (this.#moments[0].time < time - SECONDS - 1) this.#moments.shift();
  }

  /** Draw the minute before a time in seconds. */
  draw(now, emotions, colors) {
    if (performance.now() - this.#drawn < REDRAW) return;
    this.#drawn = performance.now();
    const { canvas, pen } = this;
    const { dense, width, height } = fit(canvas);
    const style = getComputedStyle(canvas);
    const ink = style.getPropertyValue("--ink");
    const quiet = style.getPropertyValue("--quiet");
    const hair = style.getPropertyValue("--hair");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    const wide = width / dense;
    const high = height / dense - 18;
    pen.clearRect(0, 0, wide, high + 18);
    pen.font = "13px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const start = 84;
    const x = (time) => start + ((time - now + SECONDS) / SECONDS) * (wide - start - 2);
    const row = high / emotions.length;
    pen.lineWidth = 1;
    emotions.forEach((emotion, index) => {
      const base = Math.round((index + 1) * row) - 0.5;
      pen.textAlign = "left";
      pen.fillStyle = ink;
      pen.fillText(emotion, 0, base - row / 2 + 2);
      pen.strokeStyle = hair;
      pen.beginPath();
      pen.moveTo(start, base);
      pen.lineTo(wide, base);
      pen.stroke();
      for (const part of this.#parts()) {
        const line = part.map(({ time, probabilities }) => [
          Math.max(start, x(time)),
          base - (probabilities[emotion] ?? 0) * (row - 3),
        ]);
        if (line.length < 2) continue;
        pen.beginPath();
        pen.moveTo(line[0][0], base);
        for (const point of line) pen.lineTo(...point);
        pen.lineTo(line.at(-1)[0], base);
        pen.closePath();
        pen.fillStyle = colors[emotion];
        pen.fill();
        pen.beginPath();
        for (const point of line) pen.lineTo(...point);
        pen.strokeStyle = quiet;
        pen.stroke();
      }
    });
    pen.fillStyle = quiet;
    pen.font = "12px system-ui, sans-serif";
    for (const ago of wide > 480 ? [60, 45, 30, 15] : [60, 30]) {
      pen.textAlign = ago === SECONDS ? "left" : "center";
      pen.fillText(`${ago} s ago`, x(now - ago), high + 11);
    }
    pen.textAlign = "right";
    pen.fillText("now", wide - 2, high + 11);
    canvas.setAttribute("aria-label", this.#described(emotions));
  }

  #parts() {
    const parts = [];
    let last = -Infinity;
    for (const moment of this.#moments) {
      if (moment.time - last > GAP) parts.push([]);
      parts.at(-1).push(moment);
      last = moment.time;
    }
    return parts;
  }

  #described(emotions) {
    if (!this.#moments.length) return "No data yet";
    const shares = emotions.map((emotion) => {
      const sum = this.#moments.reduce((all, { probabilities }) => all + probabilities[emotion], 0);
      return [emotion, Math.round((100 * sum) / this.#moments.length)];
    });
    shares.sort((a, b) => b[1] - a[1]);
    const texts = shares.slice(0, 3).map(([emotion, share]) => `${emotion} ${share} percent`);
    return `On average over the last minute: ${texts.join(", ")}`;
  }
}
