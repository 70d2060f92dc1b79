// Drawing on the picture: landmarks, box, emoji and explanation.

import { emoji, fit, placement } from "./canvas.js";

const LINES = [
  [0, 17, false], // jaw
  [17, 22, false], [22, 27, false], // brows
  [27, 31, false], [31, 36, false], // nose
  [36, 42, true], [42, 48, true], // eyes
  [48, 60, true], [60, 68, true], // mouth
];
const STRONG = 0.15; // least contribution of a landmark that is drawn at full thickness
const WEAKEST = 0.08; // share of the strongest contribution, below which nothing is drawn

export class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  clear() {
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * Draw the faces of an answer, mirrored if the picture is. `label(face)` gives the text, emotion
   * and color of each; only the face with the number `explained` is explained.
   */
  draw(answer, { mirrored, explained, chosen, label }) {
    const { canvas, pen } = this;
    const { dense, width, height } = fit(canvas);
    this.clear();
    const { scale, place } = placement(answer, { width, height }, mirrored);
    const unit = Math.max(dense, Math.min(width, height) / 400);
    for (const face of answer.faces) {
      const points = face.landmarks.map(place);
      if (face.explanation && face.face === explained) {
        this.#contours(face.explanation.reference.map(place), 1.6 * unit, "#ffffffb0");
        this.#arrows(face.explanation, points, place, unit);
      } else {
        this.#contours(points, 1.1 * unit, "#ffffffd0");
        this.#dots(points, 1.5 * unit);
      }
      const weight = answer.faces.length > 1 && face.face === chosen ? 1.6 : 1;
      this.#frame(face.box, place, scale, label(face), unit, weight);
    }
  }

  #contours(points, thickness, color) {
    const { pen } = this;
    pen.beginPath();
    for (const [from, to, closed] of LINES) {
      pen.moveTo(...points[from]);
      for (let index = from + 1; index < to; index += 1) pen.lineTo(...points[index]);
      if (closed) pen.closePath();
    }
    pen.lineJoin = pen.lineCap = "round";
    pen.strokeStyle = "#0000007a";
    pen.lineWidth = 2.2 * thickness;
    pen.stroke();
    pen.strokeStyle = color;
    pen.lineWidth = thickness;
    pen.stroke();
  }

  #dots(points, radius) {
    const { pen } = this;
    pen.beginPath();
    for (const [x, y] of points) {
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 7);
    }
    pen.fillStyle = "#ffffff";
    pen.fill();
  }

  #arrows(explanation, points, place, unit) {
    const { pen } = this;
    const values = explanation.landmarks;
    const strongest = Math.max(STRONG, ...values.map(Math.abs));
    const width = Math.hypot(points[16][0] - points[0][0], points[16][1] - points[0][1]);
    const style = getComputedStyle(this.canvas);
    const order = [...values.keys()].sort((a, b) => Math.abs(values[a]) - Math.abs(values[b]));
    for (const index of order) {
      const strength = Math.abs(values[index]) / strongest;
      if (strength < WEAKEST) continue;
      const [x0, y0] = place(explanation.reference[index]);
      const [x1, y1] = points[index];
      const thick = Math.max(unit, width / 260) * (1.6 + 4 * strength);
      const length = Math.hypot(x1 - x0, y1 - y0);
      const path = new Path2D();
      if (length < 2 * thick) {
        path.arc(x1, y1, 0.8 * thick, 0, 7);
      } else {
        const along = [(x1 - x0) / length, (y1 - y0) / length];
        const at = (forth, aside) => [
          x0 + along[0] * forth - along[1] * aside,
          y0 + along[1] * forth + along[0] * aside,
        ];
        const neck = length - 1.6 * thick;
        path.moveTo(...at(0, 0.35 * thick));
        path.lineTo(...at(neck, 0.35 * thick));
        path.lineTo(...at(neck, 0.95 * thick));
        path.lineTo(x1, y1);
        path.lineTo(...at(neck, -0.95 * thick));
        path.lineTo(...at(neck, -0.35 * thick));
        path.lineTo(...at(0, -0.35 * thick));
        path.closePath();
      }
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 1.6 * unit;
      pen.stroke(path);
      pen.fillStyle = style.getPropertyValue(values[index] > 0 ? "--for" : "--against");
      pen.fill(path);
    }
  }

  #frame([left, top, wide, high], place, scale, { text, emotion, color }, unit, weight) {
    const { pen, canvas } = this;
    const [x0, y] = place([left, top]);
    const [x1] = place([left + wide, top]);
    const x = Math.min(x0, x1);
    const width = scale * wide;
    const height = scale * high;
    pen.beginPath();
    pen.roundRect(x, y, width, height, Math.min(width, height) / 12);
    pen.strokeStyle = "#000000a0";
    pen.lineWidth = (2.5 * weight + 2) * unit;
    pen.stroke();
    pen.strokeStyle = color;
    pen.lineWidth = 2.5 * weight * unit;
    pen.stroke();
    const size = Math.max(26 * unit, Math.min(56 * unit, width / 4));
    pen.font = `600 ${Math.round(0.42 * size)}px system-ui, sans-serif`;
    const total = size + pen.measureText(text).width + 0.55 * size;
    const labelX = Math.min(Math.max(x + width / 2 - total / 2, 4), canvas.width - total - 4);
    const labelY = Math.max(y - 1.02 * size, 4);
    pen.beginPath();
    pen.roundRect(labelX, labelY + 0.12 * size, total, 0.76 * size, 0.38 * size);
    pen.fillStyle = "#14171ae0";
    pen.fill();
    const image = emoji(emotion);
    if (image.complete && image.naturalWidth) pen.drawImage(image, labelX, labelY, size, size);
    pen.fillStyle = "#ffffff";
    pen.textBaseline = "middle";
    pen.fillText(text, labelX + 1.15 * size, labelY + 0.51 * size);
  }
}
