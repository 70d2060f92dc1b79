// The results as CSV, with the columns of the command line. They never leave the browser.

const MOST_ROWS = 200000; // about two hours of one face at 30 frames per second

export class Table {
  #rows = [];

  get length() {
    return this.#rows.length;
  }

  /** Add one row per face of a frame, or one row without a face. */
  add(source, frame, time, faces) {
    const moment = { source, frame, time: time.toFixed(3) };
    if (!faces.length) this.#rows.push(moment);
    for (const face of faces) {
      const [left, top, width, height] = face.box;
      const row = {
        ...moment, face: face.face, left, top, width, height,
        emotion: face.emotion, probability: face.probability, calibration: face.calibration,
      };
      for (const [name, value] of Object.entries(face.probabilities)) row[`p_${name}`] = value;
      for (const [name, value] of Object.entries(face.raw_probabilities)) row[`raw_${name}`] = value;
      this.#rows.push(row);
    }
    if (this.#rows.length > MOST_ROWS) this.#rows.splice(0, MOST_ROWS / 10);
  }

  text(columns) {
    const lines = [columns.join(",")];
    for (const row of this.#rows) lines.push(columns.map((name) => cell(row[name])).join(","));
    return `${lines.join("\r\n")}\r\n`;
  }
}

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
