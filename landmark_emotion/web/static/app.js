// The page: controls, requests to the server and display.

import { Link } from "./link.js";
import { Overlay, emoji } from "./overlay.js";
import { Frames, openCamera, readPhoto } from "./source.js";
import { Table } from "./table.js";
import { Timeline } from "./timeline.js";

const CALIBRATION = 2; // seconds
const SPEAK_AFTER = 700; // ms that an emotion must last before screen readers announce it
const READABLE = 700; // ms; shortest time that a sentence stays
const RECENT = 2000; // ms over which rate and delay are averaged

const COMPARED = {
  static: "compared with the average neutral face",
  calibrating: "calibrating",
  calibrated: "compared with your own neutral face",
  profile: "compared with the given neutral face",
  automatic: "compared with an estimated neutral face",
};

const $ = (id) => document.getElementById(id);
const video = $("video");
const frames = new Frames(video);
const overlay = new Overlay($("overlay"));
const timeline = new Timeline($("timeline"));
const table = new Table();

let model = null; // from /api/model
let source = null; // { kind: "camera" | "video" | "photo", name, stream?, url?, file?, started, frames }
let captured = null; // capture time of the frame at the server; null if there is none
let answer = null; // the latest
let chosen = 1; // number of the face whose probabilities are shown
let calibration = null; // { until, begun, timer } during calibration
let recent = []; // { at, delay } of recent answers
let opening = 0; // incremented by every start and stop, to detect outdated results

const settings = { automatic: false, explain: false };

const link = new Link("/live");

// ---- the server

link.addEventListener("ready", async () => {
  connection("ready", "connected");
  if (model === null) {
    const { ok, result } = await request("/api/model");
    if (!ok) {
      notice(sentence(result.error));
      return; // the next connection retries
    }
    model = result;
  }
  if (!$("bars").children.length) makeBars();
  for (const name of Object.keys(settings)) {
    if (settings[name]) link.sendControl({ type: name, on: true });
  }
  captured = null;
  resume();
});

link.addEventListener("gone", () => {
  connection("gone", "server gone, reconnecting");
  captured = null;
  frames.cancel();
  recent = [];
  figures();
  if (calibration) endCalibration();
  if (live()) overlay.clear();
  enable();
});

link.addEventListener("error", ({ detail }) => {
  notice(sentence(detail.error));
  captured = null;
  ask();
});

link.addEventListener("frame", ({ detail }) => {
  if (captured === null || !live()) return; // of a source that has been closed
  const taken = captured;
  captured = null;
  answer = detail;
  const time = (taken - source.started) / 1000;
  table.add(source.name, source.frames, Math.max(0, time), detail.faces);
  source.frames += 1;
  if (source.frames === 1) enable();
  show(time);
  const now = performance.now();
  recent.push({ at: now, delay: now - taken });
  recent = recent.filter(({ at }) => now - at < RECENT);
  document.dispatchEvent(new CustomEvent("frame-drawn", { detail: { delay: now - taken } }));
  figures();
  if (calibration) calibrated(detail);
  ask();
});

async function request(path, options) {
  try {
    const response = await fetch(path, options);
    return { ok: response.ok, result: await response.json() };
  } catch {
    return { ok: false, result: { error: "the server does not answer" } };
  }
}

function connection(state, text) {
  $("connection").dataset.state = state;
  $("connection").textContent = text;
  enable();
}

// ---- frames

const live = () => source !== null && source.kind !== "photo";

function ask() {
  if (!live() || !link.ready || model === null || document.hidden || captured !== null) return;
  frames.ask((blob, at) => {
    if (!live() || !link.ready || document.hidden || !blob) return;
    source.started ??= at;
    captured = at;
    link.sendFrame(blob);
  });
}

function resume() {
  enable();
  banner(null);
  if (live()) ask();
  else if (source?.kind === "photo" && answer === null) recognizePhoto();
}

document.addEventListener("visibilitychange", () => {
  if (!live()) return;
  if (document.hidden) {
    frames.cancel();
    recent = [];
    if (calibration) endCalibration();
    if (source.kind === "video") video.pause();
    banner("Paused while this tab is in the background");
    figures();
  } else {
    if (source.kind === "video") video.play().catch(() => {});
    resume();
  }
});

// ---- sources

async function startCamera() {
  const mine = stop();
  notice("");
  banner("Waiting for the camera");
  let stream;
  try {
    stream = await openCamera();
  } catch (error) {
    if (mine === opening) {
      banner(null);
      notice(error.message);
    }
    return;
  }
  if (mine !== opening) {
    stream.getTracks().forEach((track) => track.stop());
    return;
  }
  stream.getVideoTracks()[0].onended = () => {
    if (source?.stream !== stream) return;
    stop();
    notice("The camera was disconnected. Plug it in and press “Start camera” again.");
  };
  await play({ kind: "camera", name: "camera", stream });
}

async function openFile(file) {
  const mine = stop();
  notice("");
  const isVideo = file.type.startsWith("video/") || /\.(mp4|m4v|mov|webm|ogv|mkv)$/i.test(file.name);
  if (isVideo) {
    await play({ kind: "video", name: file.name, url: URL.createObjectURL(file) });
    return;
  }
  let blob = null;
  try {
    blob = await readPhoto(file, $("still"));
  } catch {
    blob = null;
  }
  if (mine !== opening) return;
  if (blob === null) {
    notice(`${file.name}: this browser cannot open it; try a JPEG, PNG or MP4 file.`);
    return;
  }
  source = { kind: "photo", name: file.name, blob, frames: 0 };
  $("still").hidden = false;
  $("welcome").hidden = true;
  shape($("still").width, $("still").height);
  enable();
  await recognizePhoto();
}

async function play(opened) {
  source = { ...opened, frames: 0, started: null };
  $("welcome").hidden = true;
  video.hidden = false;
  video.classList.toggle("mirrored", source.kind === "camera");
  video.controls = source.kind === "video";
  video.onresize = () => shape(video.videoWidth, video.videoHeight);
  video.onerror = () => {
    if (source?.url === undefined || video.src !== source.url) return;
    const { name } = source;
    stop();
    notice(`${name}: this browser cannot play it; try an MP4 or WebM file.`);
  };
  if (source.stream) video.srcObject = source.stream;
  else video.src = source.url;
  link.sendControl({ type: "reset" });
  banner(null);
  enable();
  await video.play().catch(() => {});
  ask();
}

async function recognizePhoto() {
  const photo = source;
  banner("Recognizing");
  const { ok, result } = await request("/api/recognize?explain=true", {
    method: "POST", body: photo.blob, headers: { "Content-Type": "image/jpeg" },
  });
  if (source !== photo) return;
  banner(null);
  if (!ok) {
    notice(sentence(result.error));
    return;
  }
  answer = result;
  table.add(photo.name, 0, 0, result.faces);
  if (!result.faces.length) {
    notice("No face was found in this photo. Try one that shows a face from the front.");
  }
  show(null);
  enable();
}

/** Close the current source and return the new value of `opening`. */
function stop() {
  opening += 1;
  frames.cancel();
  captured = null;
  if (calibration) endCalibration();
  source?.stream?.getTracks().forEach((track) => track.stop());
  video.onerror = null;
  video.pause();
  video.srcObject = null;
  video.removeAttribute("src");
  video.load();
  if (source?.url) URL.revokeObjectURL(source.url);
  source = null;
  answer = null;
  chosen = 1;
  recent = [];
  video.hidden = true;
  $("still").hidden = true;
  $("welcome").hidden = false;
  banner(null);
  shape(4, 3);
  overlay.clear();
  timeline.clear();
  if (model) timeline.draw(0, model.emotions, model.colors);
  showFace(null);
  figures();
  enable();
  return opening;
}

function shape(width, height) {
  if (!width || !height) return;
  $("stage").style.setProperty("--aspect", `${width} / ${height}`);
  $("stage").style.setProperty("--ratio", width / height);
  redraw();
}

// ---- display

function show(time) {
  const { faces } = answer;
  if (!faces.some(({ face }) => face === chosen) && faces.length) {
    chosen = faces.reduce((a, b) => (b.box[2] > a.box[2] ? b : a)).face;
  }
  const face = faces.find((one) => one.face === chosen) ?? null;
  redraw();
  chooser(faces);
  showFace(face);
  if (time === null) return;
  if (face) timeline.add(time, face.probabilities);
  timeline.draw(time, model.emotions, model.colors);
}

function redraw() {
  if (!answer || !model) return;
  overlay.draw(answer, model.colors, {
    mirrored: source?.kind === "camera", explain: settings.explain, chosen,
  });
}

let chips = "";

function chooser(faces) {
  const wanted = faces.length > 1 ? faces.map(({ face }) => face).join() : "";
  if (wanted !== chips) {
    chips = wanted;
    $("faces").hidden = !wanted;
    $("faces").replaceChildren(
      ...(wanted ? faces : []).map(({ face }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = `Face ${face}`;
        button.value = face;
        button.onclick = () => {
          chosen = face;
          timeline.clear();
          if (answer) show(null);
        };
        return button;
      }),
    );
  }
  for (const button of $("faces").children) {
    button.setAttribute("aria-pressed", String(Number(button.value) === chosen));
  }
}

function makeBars() {
  for (const emotion of model.emotions) {
    const item = document.createElement("li");
    item.dataset.emotion = emotion;
    const name = document.createElement("span");
    name.textContent = emotion;
    const track = document.createElement("span");
    track.className = "track";
    const bar = document.createElement("span");
    bar.style.background = model.colors[emotion];
    track.append(bar);
    const value = document.createElement("output");
    value.setAttribute("aria-live", "off");
    value.textContent = "–";
    item.append(name, track, value);
    $("bars").append(item);
    emoji(emotion);
  }
  emoji("uncertain");
  timeline.draw(0, model.emotions, model.colors);
}

function showFace(face) {
  chooser(answer?.faces ?? []);
  const percent = (value) => `${Math.round(100 * value)} %`;
  const picture = $("emoji");
  const wanted = `/emoji/${face?.emotion ?? "uncertain"}.png`;
  if (!picture.src.endsWith(wanted)) picture.src = wanted;
  picture.classList.toggle("absent", !face);
  if (face) {
    const small = document.createElement("small");
    small.textContent = ` ${percent(face.probability)}`;
    $("emotion").replaceChildren(face.emotion, small);
  } else {
    $("emotion").textContent = answer ? "no face" : "no face yet";
  }
  $("compared").textContent = face ? COMPARED[face.calibration] : "\u00a0";
  const likeliest = face
    && Object.entries(face.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  for (const item of $("bars").children) {
    const value = face?.probabilities[item.dataset.emotion];
    item.classList.toggle("likeliest", item.dataset.emotion === likeliest);
    item.children[1].firstChild.style.width = `${100 * (value ?? 0)}%`;
    item.children[2].textContent = value === undefined ? "–" : percent(value);
  }
  speak(face);
  showWhy(face?.explanation);
}

let spoken = { text: "", since: 0 };

/** Let screen readers announce an emotion that lasts, not every flicker. */
function speak(face) {
  const text = face ? face.emotion : answer ? "no face" : "";
  const now = performance.now();
  if (text !== spoken.text) spoken = { text, since: now };
  else if (now - spoken.since > SPEAK_AFTER || source?.kind === "photo") {
    if ($("spoken").textContent !== text) $("spoken").textContent = text;
  }
}

let sentenceShown = -Infinity;

function showWhy(explanation) {
  $("why").hidden = !settings.explain;
  if (!settings.explain) return;
  const now = performance.now();
  if (now - sentenceShown > READABLE || source?.kind === "photo") {
    sentenceShown = explanation ? now : -Infinity;
    $("sentence").textContent = explanation?.sentence ?? "Shown as soon as a face is found.";
  }
  const regions = Object.entries(explanation?.regions ?? {});
  const list = $("regions");
  if (list.children.length !== regions.length) {
    list.replaceChildren(...regions.map(() => {
      const item = document.createElement("li");
      const track = document.createElement("span");
      track.className = "track";
      track.append(document.createElement("span"));
      const value = document.createElement("output");
      value.setAttribute("aria-live", "off");
      item.append(document.createElement("span"), track, value);
      return item;
    }));
  }
  const longest = Math.max(3, ...regions.map(([, value]) => Math.abs(value)));
  regions.forEach(([name, value], index) => {
    const [label, track, number] = list.children[index].children;
    label.textContent = name;
    number.textContent = `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
    const bar = track.firstChild;
    const share = (50 * Math.abs(value)) / longest;
    bar.className = value < 0 ? "against" : "for";
    bar.style.left = `${value < 0 ? 50 - share : 50}%`;
    bar.style.width = `${share}%`;
  });
}

function figures() {
  let text = "\u00a0";
  if (recent.length > 2) {
    const span = (recent.at(-1).at - recent[0].at) / 1000;
    const delays = recent.map(({ delay }) => delay).sort((a, b) => a - b);
    const rate = Math.round((recent.length - 1) / Math.max(span, 0.001));
    text = `${rate} frames/s, ${Math.round(delays[delays.length >> 1])} ms from capture to result`;
  }
  if ($("figures").textContent !== text) $("figures").textContent = text;
}

function notice(text) {
  if ($("notice").textContent !== text) $("notice").textContent = text;
}

function banner(text) {
  $("banner").hidden = text === null;
  if (text !== null && $("banner").textContent !== text) $("banner").textContent = text;
}

/** Turn an error of the server into a sentence. */
function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function enable() {
  const running = live() && link.ready;
  $("start").textContent = source === null ? "Start camera" : live() ? "Stop" : "Close";
  $("past").hidden = source?.kind === "photo";
  $("start").classList.toggle("main", source === null);
  $("calibrate").disabled = !running || calibration !== null;
  $("automatic").disabled = !running;
  $("save").disabled = !table.length;
}

// ---- controls

$("start").onclick = () => (source === null ? startCamera() : stop());
$("start-here").onclick = () => {
  startCamera();
  $("start").focus();
};

$("calibrate").onclick = () => {
  if (!link.sendControl({ type: "calibrate", seconds: CALIBRATION })) return;
  calibration = { until: performance.now() + 1000 * CALIBRATION, begun: false };
  notice("");
  enable();
  countdown();
};

function countdown() {
  if (!calibration) return;
  const left = Math.ceil((calibration.until - performance.now()) / 1000);
  banner(left > 0 ? `Look neutral … ${left}` : "Look neutral …");
  calibration.timer = setTimeout(countdown, 200);
}

function calibrated({ calibrating, faces }) {
  calibration.begun ||= calibrating;
  if (calibrating || !calibration.begun) return;
  endCalibration();
  const own = faces.some((face) => face.calibration === "calibrated");
  notice(own ? "" : "No face was found. Look into the camera and calibrate again.");
  if (own) $("spoken").textContent = "Calibrated";
}

function endCalibration() {
  clearTimeout(calibration?.timer);
  calibration = null;
  banner(null);
  enable();
}

for (const name of Object.keys(settings)) {
  $(name).onclick = () => {
    settings[name] = !settings[name];
    $(name).setAttribute("aria-checked", String(settings[name]));
    link.sendControl({ type: name, on: settings[name] });
    if (name === "explain") {
      sentenceShown = -Infinity;
      redraw();
      showWhy(answer?.faces.find(({ face }) => face === chosen)?.explanation);
    }
  };
}

$("save").onclick = () => {
  const url = URL.createObjectURL(new Blob([table.text(model.columns)], { type: "text/csv" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = `emotions-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.csv`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};

$("open").onclick = () => $("file").click();
$("file").onchange = () => {
  const [file] = $("file").files;
  if (file) openFile(file);
  $("file").value = "";
};

let over = 0; // number of nested elements under a dragged file

const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragenter", (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  over += 1;
  $("drop").hidden = false;
});
document.addEventListener("dragover", (event) => {
  if (carriesFile(event)) event.preventDefault();
});
document.addEventListener("dragleave", () => {
  over = Math.max(0, over - 1);
  $("drop").hidden = over === 0;
});
document.addEventListener("drop", (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  over = 0;
  $("drop").hidden = true;
  const [file] = event.dataTransfer.files;
  if (file) openFile(file);
});

new ResizeObserver(redraw).observe($("stage"));
