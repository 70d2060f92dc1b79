// The texts that lie on the picture, and what one can do with it: drop files, fill the screen.

import { setText } from "./panel.js";

const $ = (id) => document.getElementById(id);

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Where the pictures go, in words. */
export function privacy() {
  if (LOOPBACK.test(location.hostname)) return "Pictures stay on this machine and are not stored.";
  return `Pictures go to ${location.hostname} and are not stored.`;
}

/** Turn an error of the server into a sentence. */
export function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

export function banner(text = "") {
  setText($("banner"), text);
}

/** Show a message until it is closed, with an action such as { name: "Undo", run }. */
export function notice(text = "", action = null) {
  if (!text && $("notice").contains(document.activeElement)) $("open").focus();
  $("notice").hidden = !text;
  setText($("notice-text"), text);
  $("notice-action").hidden = action === null;
  setText($("notice-action"), action?.name ?? "");
  $("notice-action").onclick = () => {
    notice();
    action.run();
  };
}

$("notice-close").onclick = () => notice();

/** Cover the picture while nothing new comes, and say why; null uncovers it. */
export function outage(texts) {
  const [title, text] = $("outage").children;
  setText(title, texts?.[0] ?? "");
  setText(text, texts?.[1] ?? "");
  $("outage").hidden = texts === null;
}

for (const element of document.querySelectorAll(".privacy")) element.textContent = privacy();

$("full").onclick = () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("stage").requestFullscreen().catch(() => {});
};

/** Call `open` with each file that is dropped on the page. */
export function acceptDrops(open) {
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
    if (file) open(file);
  });
}
