// The WebSocket to the server, reopened whenever it closes.

const LONGEST_PAUSE = 4000; // ms between two attempts
const PATIENCE = 8000; // ms to wait for an answer

export class Link extends EventTarget {
  #socket = null;
  #pause = 250;
  #timer = 0;
  #waiting = 0;

  constructor(path) {
    super();
    this.address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.#open();
  }

  get ready() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Send a frame; without an answer in time the connection is reopened. */
  sendFrame(blob) {
    this.#socket.send(blob);
    clearTimeout(this.#waiting);
    const socket = this.#socket;
    this.#waiting = setTimeout(() => this.#lost(socket), PATIENCE);
  }

  sendControl(message) {
    if (this.ready) this.#socket.send(JSON.stringify(message));
    return this.ready;
  }

  #open() {
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type !== "state") clearTimeout(this.#waiting);
      if (message.type === "frame") this.#pause = 250;
      this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
    };
    socket.onopen = () => this.dispatchEvent(new Event("ready"));
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#waiting);
    clearTimeout(this.#timer);
    this.#socket = null;
    socket.close();
    this.dispatchEvent(new Event("gone"));
    this.#timer = setTimeout(() => this.#open(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }
}
