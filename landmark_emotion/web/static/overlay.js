// Drawing on the picture: landmarks, box, emoji and explanation.

const LINES = [
  [0, 17, false], // jaw
  [17, 22, false], [22, 27, false], // brows
  [27, 31, false], [31, 36, false], // nose
  [36, 42, true], [42, 48, true], // eyes
  [48, 60, true], [60, 68, true], // mouth
];
const STRONG = 0.15; // least contribution of a landmark that is drawn at full thickness
const WEAKEST = 0.08; // share of the strongest contribution, below which nothing is drawn

const emojis = new Map();

export function emoji(name) {
  if (!emojis.has(name)) {
    const image = new Image();
    image.src = `/emoji/${name}.png`;
    emojis.set(name, image);
  }
  return emojis.get(name);
}

/** Give a canvas one pixel per pixel of the screen; return their density and its new size. */
export function fit(canvas) {
  const dense = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * dense);
  const height = Math.round(canvas.clientHeight * dense);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return { dense, width, height };
}

export class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  clear() {
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Draw the faces of an answer, mirrored if the picture is. */
  draw(answer, colors, { mirrored, explain, chosen }) {
    const { canvas, pen } = this;
    const { dense, width, height } = fit(canvas);
    this.clear();
    const scale = Math.min(width / answer.width, height / answer.height);
    const left = (width - scale * answer.width) / 2;
    const top = (height - scale * answer.height) / 2;
    const place = ([x, y]) => [
      left + scale * (mirrored ? answer.width - 1 - x : x),
      top + scale * y,
    ];
    const unit = Math.max(dense, Math.min(width, height) / 400);
    for (const face of answer.faces) {
      const points = face.landmarks.map(place);
      const explained = explain && face.explanation && face.face === chosen;
      if (explained) {
        this.#contours(face.explanation.reference.map(place), 1.6 * unit, "#ffffffb0");
        this.#arrows(face.explanation, points, place, unit);
      } else {
        this.#contours(points, 1.1 * unit, "#ffffffd0");
        this.#dots(points, 1.5 * unit);
      }
      this.#frame(face, place, scale, colors[face.emotion], unit, answer.faces.length > 1);
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

  #frame(face, place, scale, color, unit, several) {
    const { pen, canvas } = this;
    const [left, top, wide, high] = face.box;
    const [x0, y] = place([left, top]);
    const [x1] = place([left + wide, top]);
    const x = Math.min(x0, x1);
    const width = scale * wide;
    const height = scale * high;
    pen.beginPath();
    pen.roundRect(x, y, width, height, Math.min(width, height) / 12);
    pen.strokeStyle = "#000000a0";
    pen.lineWidth = 4.5 * unit;
    pen.stroke();
    pen.strokeStyle = color;
    pen.lineWidth = 2.5 * unit;
    pen.stroke();
    const size = Math.max(26 * unit, Math.min(56 * unit, width / 4));
    const percent = `${Math.round(100 * face.probability)} %`;
    const number = several ? `${face.face}: ` : "";
    const text = `${number}${face.emotion} ${percent}`;
    pen.font = `600 ${Math.round(0.42 * size)}px system-ui, sans-serif`;
    const inner = pen.measureText(text).width;
    const total = size + inner + 0.55 * size;
    const labelX = Math.min(Math.max(x + width / 2 - total / 2, 4), canvas.width - total - 4);
    const labelY = Math.max(y - 1.02 * size, 4);
    pen.beginPath();
    pen.roundRect(labelX, labelY + 0.12 * size, total, 0.76 * size, 0.38 * size);
    pen.fillStyle = "#14171ae0";
    pen.fill();
    const image = emoji(face.emotion);
    if (image.complete && image.naturalWidth) pen.drawImage(image, labelX, labelY, size, size);
    pen.fillStyle = "#ffffff";
    pen.textBaseline = "middle";
    pen.fillText(text, labelX + 1.15 * size, labelY + 0.51 * size);
  }
}
