// The page: frames go to the server, answers to the display.

import { Guide } from "./calibration.js";
import { wireControls } from "./controls.js";
import { Display } from "./display.js";
import { Frames } from "./frames.js";
import { Link } from "./link.js";
import { setText } from "./panel.js";
import { Player } from "./player.js";
import { Rate } from "./rate.js";
import { References, loadModel, recognizePhoto, request } from "./server.js";
import { readSettings } from "./settings.js";
import { banner, notice, outage, sentence } from "./stage.js";
import { Table } from "./table.js";

const OUTAGE = 1000; // ms without the server after which the page says so
const NO_PICTURE = 2000; // ms without a frame of the camera
const RECOGNIZE_AGAIN = 4000; // ms in which a face should be known again after a reconnect
const CHECK = 200; // ms between two looks at the clock

const $ = (id) => document.getElementById(id);
const settings = readSettings(location);
const player = new Player();
const link = new Link("/live");
const frames = new Frames($("video"), () => (wanted() ? link.room : 0), send);
const display = new Display(settings, player);
const guide = new Guide((message) => link.sendControl(message));
const references = new References();
const table = new Table();
const rate = new Rate();

let model = null; // from /api/model
let current = false; // whether the model is that of the open connection
let locked = false; // whether the server asks for another token
let out = null; // a key of OUTAGES while nothing new comes
let since = performance.now(); // when the connection was opened or lost
let missed = null; // { since } while calibrated faces were given back, but none is known again

const wanted = () => player.live && current && !document.hidden;

// ---- the server

link.addEventListener("ready", async () => {
  since = performance.now();
  current = false;
  const lost = link.losses;
  const loaded = await loadModel(() => lost === link.losses);
  if (loaded === null) return; // the connection was lost again
  if (model && model.version !== loaded.version) {
    notice("The program was updated.", { name: "Reload", run: () => location.reload() });
  }
  if (JSON.stringify(model) !== JSON.stringify(loaded)) {
    model = loaded;
    display.prepare(model);
  }
  if (display.explain) link.sendControl({ type: "explain", on: true });
  if (settings.automatic) link.sendControl({ type: "automatic", on: true });
  giveBack();
  current = true;
  connection("ready", "connected");
  begin();
});

link.addEventListener("gone", async () => {
  if (current) since = performance.now();
  current = false;
  connection("gone", "no connection");
  guide.interrupt();
  rate.clear();
  enable();
  locked = (await request("/api/health")).status === 401;
});

link.addEventListener("error", ({ detail: { message } }) => notice(sentence(message.error)));

link.addEventListener("reference", ({ detail: { message } }) => references.add(message));

link.addEventListener("calibration", ({ detail: { message } }) => {
  references.forget(); // the server sends them all
  guide.outcome(message);
});

link.addEventListener("state", ({ detail: { message } }) => {
  if (message.automatic) references.forget(); // as the server does
  if (!("undone" in message)) return;
  references.forget();
  guide.undone(message.undone);
});

function connection(state, text) {
  $("connection").dataset.state = state;
  setText($("connection"), text);
}

// ---- frames

function send(blob, about) {
  const { source } = player;
  source.started ??= about.captured;
  link.sendFrame(blob, { ...about, source });
}

link.addEventListener("frame", ({ detail: { message, about } }) => {
  const { source } = player;
  if (about === null || about.source !== source) return; // of a source that has been closed
  const now = performance.now();
  const time = Math.max(0, (about.captured - source.started) / 1000);
  // Rows of a video have the time in the video, as on the command line.
  table.add(source.name, source.frames, source.kind === "video" ? about.mediaTime : time, message.faces);
  source.frames += 1;
  if (source.frames === 1) enable();
  recover();
  display.show(message, time);
  guide.frame(display.face, message, now);
  lookForCalibrated(message.faces, now);
  rate.add(now, now - about.captured);
  setText($("figures"), rate.text);
  const detail = { delay: now - about.captured, shown: about.shown };
  document.dispatchEvent(new CustomEvent("frame-drawn", { detail }));
});

function giveBack() {
  references.sendTo(link);
  missed = references.any ? { since: null } : null;
}

/** Say so if a face that was calibrated is not known again. */
function lookForCalibrated(faces, now) {
  if (missed === null || !faces.length) return;
  if (faces.some(({ calibration }) => calibration === "calibrated")) {
    missed = null;
  } else if (now - (missed.since ??= now) > RECOGNIZE_AGAIN) {
    missed = null;
    notice("The calibration was lost, as the face was not known again. Please calibrate again.");
  }
}

function begin() {
  enable();
  if (!current || document.hidden) return;
  if (player.live) frames.start();
  else if (player.source && !display.answered) recognize();
  else recover();
}

async function recognize() {
  const photo = player.source;
  banner("Recognizing");
  const { ok, result } = await recognizePhoto(photo.blob);
  if (player.source !== photo) return;
  banner();
  if (!ok) {
    notice(sentence(result.error));
    return;
  }
  notice();
  recover();
  table.add(photo.name, 0, 0, result.faces);
  if (!result.faces.length) {
    notice("No face was found in this photo. Try one that shows a face from the front.");
  }
  display.show(result, null);
  enable();
}

// ---- nothing old stands as if it were live

function recover() {
  if (out === null) return;
  out = null;
  outage(null);
  if (current) connection("ready", "connected");
}

function trouble(now) {
  const answered = player.source?.kind === "photo" && display.answered;
  if (answered || document.hidden) return null;
  if (!current) {
    if (now - since < OUTAGE) return null;
    return link.ready ? "silent" : locked ? "locked" : "gone";
  }
  if (link.silence > OUTAGE) return "silent";
  const waits = player.source?.kind === "camera" && !link.waiting;
  return waits && now - frames.seen > NO_PICTURE ? "camera" : null;
}

const OUTAGES = {
  gone: ["The server is gone", "Start it again with “landmark-emotion web”. This page goes on by itself."],
  locked: ["The server was started anew", "Open the address that it printed: it contains a new token."],
  silent: ["The server does not answer", "This page goes on by itself as soon as it does."],
  camera: ["The camera sends no pictures", "Is it covered by another program? It may help to stop and start it."],
};

setInterval(() => {
  link.check();
  const now = performance.now();
  const found = trouble(now);
  if (found === null) {
    if (out !== null && !player.live) recover();
    return;
  }
  if (found === out) return;
  out = found;
  outage(OUTAGES[found]);
  if (found === "silent") connection("gone", "no answer");
  rate.clear();
  setText($("figures"), "");
  display.clear(found === "camera" ? "no picture" : "no connection");
}, CHECK);

document.addEventListener("visibilitychange", () => {
  if (!player.live) return;
  const video = player.source.kind === "video";
  if (document.hidden) {
    frames.stop();
    rate.clear();
    guide.interrupt();
    if (video) $("video").pause();
    banner("Paused while this tab is in the background");
    display.clear("paused");
  } else {
    if (video) $("video").play().catch(() => {});
    banner();
    begin();
  }
});

// ---- sources and controls

player.addEventListener("open", () => {
  display.open();
  if (player.live) {
    link.sendControl({ type: "reset" });
    if (player.source.kind === "camera") giveBack();
  }
  begin();
});

player.addEventListener("close", () => {
  frames.stop();
  guide.close();
  rate.clear();
  setText($("figures"), "");
  display.open();
  recover();
  enable();
});

const enable = wireControls({ settings, player, link, display, guide, table, model: () => model });
display.open();
enable();
