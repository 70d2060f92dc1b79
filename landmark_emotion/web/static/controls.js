// The buttons and the menu.

import { writeSettings } from "./settings.js";
import { cameras } from "./sources.js";
import { acceptDrops, notice } from "./stage.js";

const $ = (id) => document.getElementById(id);

/** Wire all controls; return a function that enables those that make sense now. */
export function wireControls({ settings, player, link, display, guide, table, model }) {
  const change = (name, value) => {
    settings[name] = value;
    writeSettings(settings);
    display.refresh();
    enable();
  };

  function enable() {
    const running = player.live && link.ready;
    $("stop").disabled = player.source === null;
    $("calibrate").disabled = !running;
    $("save").disabled = $("clear").disabled = !table.length;
    $("why-switch").setAttribute("aria-pressed", String(display.explain));
    $("automatic").setAttribute("aria-checked", String(settings.automatic === true));
    const mirrored = player.source?.kind === "camera" ? display.mirrored : settings.mirror ?? true;
    $("mirror").setAttribute("aria-checked", String(mirrored));
  }

  const start = async () => {
    $("stop").disabled = false; // it stops the attempt, too
    $("stop").focus({ focusVisible: false });
    await player.startCamera(settings.camera);
    enable();
    if (player.source === null && document.activeElement === document.body) $("start").focus();
    await listCameras();
  };
  $("start").onclick = start;
  $("stop").onclick = () => {
    player.stop();
    $("start").focus({ focusVisible: false });
    enable();
  };

  $("calibrate").onclick = () => {
    notice();
    guide.begin();
  };
  $("why-switch").onclick = () => {
    change("why", display.explain ? null : true);
    link.sendControl({ type: "explain", on: display.explain });
    if (display.explain) $("why").scrollIntoView({ block: "nearest" });
  };
  $("automatic").onclick = () => {
    change("automatic", settings.automatic ? null : true);
    link.sendControl({ type: "automatic", on: settings.automatic === true });
  };
  $("mirror").onclick = () => change("mirror", $("mirror").ariaChecked !== "true");
  $("details").open = settings.details === true;
  $("details").ontoggle = () => change("details", $("details").open ? true : null);

  async function listCameras() {
    const found = (await cameras()).filter(({ label }) => label);
    $("camera-row").hidden = found.length < 2;
    $("camera").replaceChildren(...found.map(({ label }) => new Option(shortName(label), label)));
    $("camera").value = player.source?.track?.label ?? settings.camera ?? found[0]?.label;
  }
  $("camera").onchange = async () => {
    change("camera", $("camera").value);
    if (player.source?.kind === "camera") await player.startCamera(settings.camera);
  };
  navigator.mediaDevices?.addEventListener("devicechange", listCameras);

  $("save").onclick = () => table.save(model().columns);
  $("clear").onclick = () => {
    const rows = table.take();
    $("menu").hidePopover();
    display.forget();
    display.refresh();
    enable();
    const run = () => {
      table.put(rows);
      enable();
    };
    notice("The results are cleared.", { name: "Undo", run });
  };

  for (const button of [$("open"), $("choose")]) button.onclick = () => $("file").click();
  $("file").onchange = () => {
    const [file] = $("file").files;
    if (file) player.openFile(file);
    $("file").value = "";
  };
  acceptDrops((file) => player.openFile(file));
  placeMenu();
  return enable;
}

/** Drop what names of cameras add for drivers, such as the numbers of vendor and product. */
const shortName = (label) => label.replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)$/i, "");

/** Open the menu above its button. */
function placeMenu() {
  $("menu").addEventListener("beforetoggle", () => {
    const button = $("more").getBoundingClientRect();
    const style = $("menu").style;
    style.right = `${Math.max(12, document.documentElement.clientWidth - button.right)}px`;
    style.bottom = `${document.documentElement.clientHeight - button.top + 8}px`;
  });
  addEventListener("resize", () => $("menu").hidePopover());
}
