// The results as CSV, with the columns of the command line. They never leave the browser.

const MOST_ROWS = 200000; // about two hours of one face at 30 frames per second
const PREFIXES = { probabilities: "p", raw_probabilities: "raw" };

export class Table {
  #rows = [];

  get length() {
    return this.#rows.length;
  }

  /** Forget all rows and return them, for `put`. */
  take() {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  put(rows) {
    this.#rows = [...rows, ...this.#rows];
  }

  /** Add one row per face of a frame, or one row without a face. */
  add(source, frame, time, faces) {
    const moment = { source, frame, time: time.toFixed(3) };
    if (!faces.length) this.#rows.push(moment);
    for (const face of faces) {
      const [left, top, width, height] = face.box;
      const row = { ...moment, left, top, width, height };
      for (const [name, value] of Object.entries(face)) {
        if (typeof value !== "object") row[name] = value;
      }
      for (const [name, prefix] of Object.entries(PREFIXES)) {
        for (const [emotion, value] of Object.entries(face[name])) row[`${prefix}_${emotion}`] = value;
      }
      this.#rows.push(row);
    }
    if (this.#rows.length > MOST_ROWS) this.#rows.splice(0, MOST_ROWS / 10);
  }

  text(columns) {
    const lines = [columns.join(",")];
    for (const row of this.#rows) lines.push(columns.map((name) => cell(row[name])).join(","));
    return `${lines.join("\r\n")}\r\n`;
  }

  /** Let the browser save the rows as a file. */
  save(columns) {
    const url = URL.createObjectURL(new Blob([this.text(columns)], { type: "text/csv" }));
    const anchor = document.createElement("a");
    anchor.href = url;
    const now = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    anchor.download = `emotions-${now}.csv`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }
}

/** Quote a value; a text that a spreadsheet would take for a formula gets an apostrophe. */
function cell(value) {
  const formula = typeof value === "string" && /^[=+\-@\t]/.test(value);
  const text = `${formula ? "'" : ""}${value ?? ""}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
