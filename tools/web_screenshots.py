"""Screenshots of the page: ``python -m tools.web_screenshots FOLDER [DATA] [--only STATE ...]``.

Shows every state of the page on a phone (upright and sideways), a tablet and a desktop, by day and
by night, and the documentation of the HTTP API, in headless Chromium. DATA contains
``video/single_face.mp4`` and ``london/``; without it the faces are drawn. Takes some minutes and
needs ffmpeg.
"""

import argparse
import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from landmark_emotion.sources.video import frames
from tools.browser import (
    Chromium,
    Page,
    Server,
    drawn_film,
    drawn_pair,
    find_chromium,
    write_camera,
)

WINDOWS = {
    "phone": (390, 844),
    "sideways": (844, 390),
    "tablet": (820, 1180),
    "desktop": (1440, 900),
}


class Studio:
    """The files and programs that the states need."""

    def __init__(self, folder: Path, data: Path | None) -> None:
        self.folder, self.data = folder, data
        self.video = folder / "holidays.mp4"
        film = self._film()
        self.cameras = {
            "face": write_camera(folder / "face.mjpeg", film),
            "nobody": write_camera(folder / "nobody.mjpeg", [np.full_like(film[0], 96)] * 4),
            "pair": write_camera(folder / "pair.mjpeg", self._pair()),
        }
        self.photo = folder / "two people.jpg"
        self.photo.write_bytes(cv2.imencode(".jpg", self._pair()[0])[1].tobytes())
        command = ["ffmpeg", "-v", "error", "-framerate", "30", "-f", "mjpeg", "-i"]
        command += [self.cameras["face"], "-pix_fmt", "yuv420p", self.video]
        subprocess.run([str(word) for word in command], check=True)

    def _film(self) -> list[np.ndarray]:
        """Return frames, forward and backward for a smooth loop, of the shape of a camera's."""
        if self.data is None:
            return list(drawn_film())
        there = [frame.image for frame in frames(self.data / "video" / "single_face.mp4")]
        there = [image[:, 80:560] for image in there]
        return there + there[::-1]

    def _pair(self) -> list[np.ndarray]:
        if self.data is None:
            return list(drawn_pair(("happiness", "neutral")))
        files = sorted((self.data / "london").glob("*/*.jpg"))
        return [np.hstack([cv2.imread(str(file)) for file in (files[0], files[-1])])] * 4


@dataclass(frozen=True)
class State:
    """What the page can show: how to get there, and for what to wait in each window.

    ``script`` is run before each screenshot, ``moment`` is true at the right moment.
    """

    name: str
    moment: str
    address: str = ""
    script: str = "0"
    source: str = "camera"  # or "photo", "video" or "none"
    camera: str = "face"  # of `Studio`, or "refused"


_GUIDE = "document.querySelector('#guide-text').textContent"
_CALIBRATE = "['guide-close', 'calibrate'].forEach(id => document.getElementById(id).click())"
_LOOP = "Object.assign(document.querySelector('#video'), {loop: true}).play()"
_PAST = "document.querySelector('#timeline').ariaLabel.includes('happiness')"
_EMOTION = "document.querySelector('#emotion').textContent"
_SMILING = f"{_EMOTION}.startsWith('happiness')"
_READY = "document.querySelector('#bars li')"

STATES = (
    State("start", _READY, source="none"),
    State("camera", f"{_SMILING} && {_PAST}"),
    State("why", f"{_SMILING} && document.querySelector('#regions li')", "#why"),
    State(
        "details",
        f"{_SMILING} && document.querySelector('#facts dd')",
        "#details",
        "document.querySelector('#details').scrollIntoView({block: 'center'})",
    ),
    State("menu", _SMILING, script="document.querySelector('#menu').showPopover()"),
    State("calibrating", f"{_GUIDE}.endsWith('1')", script=_CALIBRATE),
    State("calibrated", f"{_GUIDE}.startsWith('Done')", script=_CALIBRATE),
    State("server gone", "!document.querySelector('#outage').hidden"),
    State("photo", "document.querySelector('#faces button')", "#why", source="photo"),
    State("video", _SMILING, script=_LOOP, source="video"),
    State("api", "document.querySelector('section')", "api", source="none"),
    State(
        "no face", "document.querySelector('#emotion').textContent === 'no face'", camera="nobody"
    ),
    State("two faces", "document.querySelector('#faces button')", camera="pair"),
    State("camera refused", "!document.querySelector('#notice').hidden", camera="refused"),
)


def show(page: Page, server: Server, studio: Studio, state: State) -> None:
    page.open(server.address + state.address)
    if state.source == "none":
        return
    page.wait(_READY)
    if state.source == "camera":
        page.click("#start")
        if state.camera != "refused":
            page.wait("document.querySelector('#figures').textContent")
    else:
        page.choose_file("#file", getattr(studio, state.source))


def shoot(page: Page, folder: Path, state: State) -> None:
    """Take a screenshot in each window, by day and by night."""
    for (window, (width, height)), dark in itertools.product(WINDOWS.items(), (False, True)):
        page.resize(width, height, dark=dark, touch=window != "desktop")
        page.run("scrollTo(0, 0)")
        page.run(state.script)
        page.wait(state.moment)
        page.run("new Promise(done => setTimeout(done, 150))")  # transitions
        path = folder / f"{state.name} - {window} by {'night' if dark else 'day'}.png"
        path.write_bytes(page.screenshot(whole=False))
        print(path, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the screenshots")
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--only", nargs="+", metavar="STATE", help="names of states")
    args = parser.parse_args()
    if find_chromium() is None:
        parser.error("Chromium is not installed")
    args.folder.mkdir(parents=True, exist_ok=True)
    wanted = [state for state in STATES if not args.only or state.name in args.only]
    with TemporaryDirectory() as folder:
        studio = Studio(Path(folder), args.data)
        for camera, states in itertools.groupby(wanted, lambda state: state.camera):
            place = Path(folder) / camera
            place.mkdir()
            film = studio.cameras.get(camera, studio.cameras["face"])
            with Server() as server, Chromium(place, film, camera != "refused") as browser:
                for state in states:
                    page = browser.page(window=True)
                    show(page, server, studio, state)
                    if state.name == "server gone":
                        page.wait(_SMILING)
                        server.freeze()
                    shoot(page, args.folder, state)
                    server.thaw()
                    browser.call("Target.closeTarget", {"targetId": page.target})


if __name__ == "__main__":
    main()
