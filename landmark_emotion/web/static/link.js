// The WebSocket to the server, reopened whenever it closes.

const LONGEST_PAUSE = 4000; // ms between two attempts
const PATIENCE = 8000; // ms without an answer, after which the connection is reopened
const MOST = 2; // frames at the server: one that is judged and one that waits for it

/**
 * Events: "ready" when the connection is open, "gone" when it is lost, and one for each message of
 * the server, named after its type. The detail is `{ message, about }`, where `about` is what
 * `sendFrame` was given for the frame that the message answers, or null.
 */
export class Link extends EventTarget {
  #socket = null;
  #pause = 250;
  #timer = 0;
  #sent = new Map(); // { about, at } of the frames without an answer, by number
  #frames = 0; // sent since the connection was opened
  #heard = performance.now();

  constructor(path) {
    super();
    this.address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.losses = 0;
    this.#open();
  }

  get ready() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** The number of frames that may be sent now. */
  get room() {
    return this.ready ? MOST - this.#sent.size : 0;
  }

  /** The number of frames without an answer. */
  get waiting() {
    return this.#sent.size;
  }

  /** Milliseconds for which an answer has been due. */
  get silence() {
    const [oldest] = this.#sent.values();
    return oldest ? performance.now() - Math.max(this.#heard, oldest.at) : 0;
  }

  sendFrame(blob, about) {
    this.#sent.set(this.#frames++, { about, at: performance.now() });
    this.#socket.send(blob);
  }

  sendControl(message) {
    if (this.ready) this.#socket.send(JSON.stringify(message));
    return this.ready;
  }

  /** Reopen the connection if the server has been silent for too long. */
  check() {
    if (this.ready && this.silence > PATIENCE) this.#lost(this.#socket);
  }

  #open() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    this.#frames = 0;
    socket.onopen = () => this.dispatchEvent(new Event("ready"));
    socket.onclose = () => this.#lost(socket);
    socket.onmessage = (event) => {
      if (socket !== this.#socket) return;
      const message = JSON.parse(event.data);
      const about = this.#sent.get(message.id)?.about ?? null;
      this.#sent.delete(message.id);
      this.#heard = performance.now();
      if (message.type === "frame") this.#pause = 250;
      this.dispatchEvent(new CustomEvent(message.type, { detail: { message, about } }));
    };
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    this.#socket = null;
    this.#sent.clear();
    this.losses += 1;
    socket.close();
    this.dispatchEvent(new Event("gone"));
    this.#timer = setTimeout(() => this.#open(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }
}
