"""A headless Chromium with a fake camera, driven by the DevTools protocol."""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from landmark_emotion.drawn.drawing import Subject, draw_face

START_SECONDS = 30.0
WAIT_SECONDS = 30.0


def find_chromium() -> str | None:
    """Return the path of Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def write_camera(path: Path, pictures: Iterable[np.ndarray]) -> Path:
    """Write frames as MJPEG, which Chromium plays as its fake camera, in a loop."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
    path.write_bytes(b"".join(cv2.imencode(".jpg", p, quality)[1].tobytes() for p in pictures))
    return path


def drawn_film(seconds: float = 4.0) -> Iterator[np.ndarray]:
    """Draw a face that is happy, then neutral."""
    poses = [draw_face(Subject(), emotion) for emotion in ("happiness", "neutral")]
    for pose in poses:
        yield from [pose] * round(15 * seconds)


def drawn_pair(emotions: tuple[str, str], seconds: float = 1.0) -> Iterator[np.ndarray]:
    """Draw two faces beside each other."""
    pair = [draw_face(Subject(), emotion, size=(320, 240)) for emotion in emotions]
    yield from [np.hstack(pair)] * round(15 * seconds)


class Server:
    """``landmark-emotion web`` in its own process."""

    def __init__(self, *options: object, port: int = 0) -> None:
        command = [sys.executable, "-m", "landmark_emotion", "web", "--no-open", "--port", port]
        self.process = subprocess.Popen(
            [str(word) for word in (*command, *options)], stderr=subprocess.PIPE, text=True
        )
        said = ""
        for line in self.process.stderr:
            said += line
            if line.startswith("page: "):
                self.address = line.split()[1]
                break
        else:
            self.stop()
            raise RuntimeError(said)
        self.port = urlsplit(self.address).port

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def freeze(self) -> None:
        """Let it neither work nor answer, until `thaw`; not on Windows."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


class Page:
    """One tab."""

    def __init__(self, connection, session: str, target: str) -> None:
        self._connection = connection
        self._session = session
        self.target = target

    def call(self, method: str, **parameters: object) -> dict:
        return self._connection.call(method, parameters, self._session)

    def run(self, script: str) -> object:
        """Evaluate an expression or await a promise, and return the JSON value."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > end:
                text = self.run("document.body.innerText")
                raise TimeoutError(f"{condition} did not become true; the page reads:\n{text}")
            time.sleep(0.05)

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)}).textContent"))

    def click(self, selector: str) -> None:
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.protocol !== 'about:'")

    def choose_file(self, selector: str, path: Path) -> None:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def drop_file(self, x: int, y: int, path: Path) -> None:
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def click_at(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def resize(
        self, width: int, height: int, *, dark: bool = False, touch: bool = False, **media: str
    ) -> None:
        """Set the size of the window, how it is used, and media features such as
        ``forced_colors="active"``."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if touch else 1,
            mobile=touch,
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        wanted = {"prefers_color_scheme": "dark" if dark else "light"} | media
        features = [{"name": k.replace("_", "-"), "value": v} for k, v in wanted.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, whole: bool = True) -> bytes:
        """Return a PNG of the whole page, or of the part in the window."""
        if not whole:
            return base64.b64decode(self.call("Page.captureScreenshot")["data"])
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        answer = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


class Chromium:
    """A browser with a fake camera and an empty profile.

    Parameters
    ----------
    folder : Path
        For its profile and downloads.
    camera : Path or None
        From `write_camera`; None for a test picture.
    allowed : bool
        Whether to allow pages to use the camera.
    options : tuple of str
        For the command line of Chromium.
    """

    def __init__(
        self, folder: Path, camera: Path | None, allowed: bool = True, options: tuple[str, ...] = ()
    ) -> None:
        from websockets.sync.client import connect

        program = find_chromium()
        assert program is not None
        profile = folder / "profile"
        command = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "--use-fake-device-for-media-stream",
            *options,
            *([f"--use-file-for-fake-video-capture={camera}"] if camera else []),
            *(["--use-fake-ui-for-media-stream"] if allowed else []),
            "about:blank",
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._lock = threading.Lock()
        self._last = 0
        self.downloads = folder / "downloads"
        self.downloads.mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.callback(self._kill)
            self.port = self._wait_for_port(profile / "DevToolsActivePort")
            address = f"http://127.0.0.1:{self.port}/json/version"
            with urllib.request.urlopen(address, timeout=10) as answer:
                socket = json.load(answer)["webSocketDebuggerUrl"]
            self._socket = stack.enter_context(connect(socket, max_size=2**27, compression=None))
            options = {"behavior": "allow", "downloadPath": str(self.downloads)}
            self.call("Browser.setDownloadBehavior", options)
            self._stack = stack.pop_all()

    def _wait_for_port(self, file: Path) -> int:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if file.is_file() and "\n" in (text := file.read_text()):
                return int(text.splitlines()[0])
            time.sleep(0.05)
        raise RuntimeError("Chromium did not start")

    def call(self, method: str, parameters: dict, session: str | None = None) -> dict:
        """Send a DevTools command and return its result."""
        with self._lock:
            self._last += 1
            message = {"id": self._last, "method": method, "params": parameters}
            if session is not None:
                message["sessionId"] = session
            self._socket.send(json.dumps(message))
            while True:
                answer = json.loads(self._socket.recv(timeout=60))
                if answer.get("id") == self._last:
                    break
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def page(self, window: bool = False) -> Page:
        """Open a tab, or a window."""
        options = {"url": "about:blank", "newWindow": window}
        target = self.call("Target.createTarget", options)["targetId"]
        options = {"targetId": target, "flatten": True}
        session = self.call("Target.attachToTarget", options)["sessionId"]
        page = Page(self, session, target)
        page.call("Page.enable")
        page.call("DOM.enable")
        return page

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack, contextlib.suppress(Exception):
            self.call("Browser.close", {})

    def _kill(self) -> None:
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, 9)
            self.process.kill()
            self.process.wait()
