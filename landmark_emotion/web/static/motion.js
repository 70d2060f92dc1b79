// Landmarks that glide from one answer to the next instead of jumping.

const SECONDS = 0.03; // time constant
const STILL = 0.2; // pixels of the frame below which nothing moves
const JUMP = 0.5; // share of the width of the box; who moves farther is not followed

export class Motion {
  #points = new Map(); // of each face, as shown
  #time = 0;

  clear() {
    this.#points.clear();
  }

  /**
   * Return an answer with the landmarks and boxes as they should be shown now, in milliseconds, and
   * whether they still move.
   */
  at(answer, now) {
    const share = 1 - Math.exp(-(now - this.#time) / 1000 / SECONDS);
    this.#time = now;
    let moving = false;
    const points = new Map();
    const faces = answer.faces.map((face) => {
      const [left, top, width, height] = face.box;
      const target = [...face.landmarks, [left, top], [left + width, top + height]];
      const old = this.#points.get(face.face);
      let shown = target;
      if (old && Math.hypot(old[68][0] - left, old[68][1] - top) < JUMP * width) {
        shown = target.map(([x, y], index) => {
          const [dx, dy] = [x - old[index][0], y - old[index][1]];
          const far = Math.abs(dx) + Math.abs(dy) > STILL;
          moving ||= far;
          return far ? [old[index][0] + share * dx, old[index][1] + share * dy] : old[index];
        });
      }
      points.set(face.face, shown);
      const [[x0, y0], [x1, y1]] = shown.slice(-2);
      return { ...face, landmarks: shown.slice(0, -2), box: [x0, y0, x1 - x0, y1 - y0] };
    });
    this.#points = points;
    return { answer: { ...answer, faces }, moving };
  }
}
