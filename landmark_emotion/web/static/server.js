// What the page asks the server for: the model, and the faces of a photo.

const LONGEST_PAUSE = 4000; // ms between two attempts

export async function request(path, options) {
  try {
    const response = await fetch(path, options);
    return { ok: response.ok, status: response.status, result: await response.json() };
  } catch {
    return { ok: false, status: 0, result: { error: "the server does not answer" } };
  }
}

/** Ask for the model until it comes, as long as `wanted()`; null if that ends before. */
export async function loadModel(wanted) {
  for (let pause = 250; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    const { ok, result } = await request("/api/model");
    if (!wanted()) return null;
    if (ok) return result;
    await new Promise((done) => setTimeout(done, pause));
    if (!wanted()) return null;
  }
}

export const recognizePhoto = (blob) => request("/api/recognize?explain=true", {
  method: "POST", body: blob, headers: { "Content-Type": "image/jpeg" },
});

/**
 * The neutral faces that the server knows, so that they outlast it. It sends them after every
 * change, and the page sends them back after a reconnect.
 */
export class References {
  #known = [];

  get any() {
    return this.#known.length > 0;
  }

  forget() {
    this.#known = [];
  }

  add({ features, n }) {
    this.#known.push({ type: "reference", features, n });
  }

  sendTo(link) {
    for (const message of this.#known) link.sendControl(message);
  }
}
