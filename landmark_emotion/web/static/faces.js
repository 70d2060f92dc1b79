// The faces of an answer: their order on the screen, which one is chosen, and their past.

const STEP = 0.1; // seconds between two moments that are remembered
const FORGET = 61; // seconds after which the past of a face that is gone is dropped

/** The emotion that a face is shown with; the likeliest if the program is uncertain. */
export function likeliest(face) {
  if (face.emotion in face.probabilities) return face.emotion;
  if (face.explanation) return face.explanation.emotion;
  return Object.entries(face.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

/** Sort faces from left to right as they are seen. */
export function asSeen(faces, mirrored) {
  const middle = ({ box: [left, , width] }) => left + width / 2;
  const sign = mirrored ? -1 : 1;
  return [...faces].sort((a, b) => sign * (middle(a) - middle(b)));
}

export class Faces {
  #pasts = new Map(); // a list of { time, probabilities } for each face
  chosen = null; // the number that the server gives the face

  clear() {
    this.#pasts.clear();
    this.chosen = null;
  }

  /** Return the chosen face of an answer, or the largest if that one is gone; null without any. */
  choose(faces) {
    const chosen = faces.find(({ face }) => face === this.chosen);
    if (chosen || !faces.length) return chosen ?? null;
    const largest = faces.reduce((a, b) => (b.box[2] > a.box[2] ? b : a));
    this.chosen = largest.face;
    return largest;
  }

  /** Add the probabilities of all faces at a time in seconds. */
  remember(time, faces) {
    for (const { face, probabilities } of faces) {
      if (!this.#pasts.has(face)) this.#pasts.set(face, []);
      const past = this.#pasts.get(face);
      if (!(time - past.at(-1)?.time < STEP)) past.push({ time, probabilities });
    }
    for (const [face, past] of this.#pasts) {
      while (past.length && past[0].time < time - FORGET) past.shift();
      if (!past.length) this.#pasts.delete(face);
    }
  }

  get past() {
    return this.#pasts.get(this.chosen) ?? [];
  }
}
