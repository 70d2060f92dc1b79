// The probabilities of the last minute, one row per emotion, so that colors are not needed.

import { fit } from "./canvas.js";

const SECONDS = 60;
const GAP = 0.8; // seconds without a face that interrupt the line
const REDRAW = 200; // ms; shortest time between two drawings
const AXIS = 20; // CSS pixels below the rows

export class Timeline {
  #drawn = -Infinity;

  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  /** Draw the minute before a time in seconds: a list of { time, probabilities }. */
  draw(past, now, { emotions, colors }, { urgent = false } = {}) {
    if (!urgent && performance.now() - this.#drawn < REDRAW) return;
    this.#drawn = performance.now();
    const { canvas, pen } = this;
    const { dense, width, height } = fit(canvas);
    const style = getComputedStyle(canvas);
    const [ink, quiet, hair] = ["--ink", "--quiet", "--hair"].map((n) => style.getPropertyValue(n));
    const labels = Number(style.getPropertyValue("--labels"));
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    const wide = width / dense;
    const high = height / dense - AXIS;
    pen.clearRect(0, 0, wide, high + AXIS);
    pen.font = "13px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const widest = Math.max(...emotions.map((emotion) => pen.measureText(emotion).width));
    const start = labels ? Math.min(widest + 12, wide / 3) : 0;
    const x = (time) => start + (1 + (time - now) / SECONDS) * (wide - start);
    const row = high / emotions.length;
    const parts = partsOf(past.filter(({ time }) => time >= now - SECONDS));
    pen.lineWidth = 1;
    emotions.forEach((emotion, index) => {
      const base = Math.round((index + 1) * row - 0.15 * row) - 0.5;
      if (labels) {
        pen.textAlign = "left";
        pen.fillStyle = ink;
        pen.fillText(emotion, 0, base - row / 2 + 4, start - 8);
      }
      pen.strokeStyle = hair;
      pen.beginPath();
      pen.moveTo(start, base);
      pen.lineTo(wide, base);
      pen.stroke();
      for (const part of parts) {
        const line = part.map(({ time, probabilities }) => [
          x(time), base - (probabilities[emotion] ?? 0) * 0.75 * row,
        ]);
        this.#area(line, base, colors[emotion], quiet);
      }
    });
    pen.fillStyle = quiet;
    pen.font = "12px system-ui, sans-serif";
    for (const ago of [60, 30]) {
      pen.textAlign = ago === SECONDS ? "left" : "center";
      pen.fillText(`${ago} s ago`, x(now - ago), high + AXIS - 8);
    }
    pen.textAlign = "right";
    pen.fillText("now", wide, high + AXIS - 8);
    canvas.setAttribute("aria-label", described(past, emotions));
  }

  #area(line, base, color, outline) {
    if (line.length < 2) return;
    const { pen } = this;
    pen.beginPath();
    pen.moveTo(line[0][0], base);
    for (const point of line) pen.lineTo(...point);
    pen.lineTo(line.at(-1)[0], base);
    pen.fillStyle = color;
    pen.fill();
    pen.beginPath();
    for (const point of line) pen.lineTo(...point);
    pen.strokeStyle = outline;
    pen.stroke();
  }
}

/** Split moments where no face was seen for a while. */
function partsOf(moments) {
  const parts = [];
  let last = -Infinity;
  for (const moment of moments) {
    if (moment.time - last > GAP) parts.push([]);
    parts.at(-1).push(moment);
    last = moment.time;
  }
  return parts;
}

function described(past, emotions) {
  if (!past.length) return "No data yet";
  const shares = emotions.map((emotion) => {
    const sum = past.reduce((all, { probabilities }) => all + (probabilities[emotion] ?? 0), 0);
    return [emotion, Math.round((100 * sum) / past.length)];
  });
  shares.sort((a, b) => b[1] - a[1]);
  const texts = shares.slice(0, 3).map(([emotion, share]) => `${emotion} ${share} percent`);
  return `On average over the last minute: ${texts.join(", ")}`;
}
