"""Screenshots of the page: ``python -m tools.web_screenshots FOLDER [DATA]``.

Shows the page as it opens, live, explaining, calibrating, with a photo and without a camera, and
the documentation of the HTTP API, in three widths, light and dark, in headless Chromium. DATA
contains ``video/single_face.mp4`` and ``london/``; without it the faces are drawn. Takes about two
minutes.
"""

import argparse
import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from landmark_emotion.sources.video import frames
from tools.browser import Chromium, Page, Server, drawn_film, find_chromium, write_camera

WIDTHS = {360: 780, 768: 1024, 1280: 800}  # width and height of the window, in pixels


def film(data: Path | None) -> list[np.ndarray]:
    """Return the frames of the fake camera, forward and backward for a smooth loop."""
    if data is None:
        return list(drawn_film())
    there = [frame.image for frame in frames(data / "video" / "single_face.mp4")]
    return there + there[::-1]


def photo(data: Path | None) -> bytes:
    """Return a JPEG photo of two faces."""
    if data is None:
        pictures = itertools.islice(drawn_film(1.0), 14, 16)
    else:
        files = sorted((data / "london").glob("*/*.jpg"))
        pictures = (cv2.imread(str(file)) for file in (files[0], files[-1]))
    return cv2.imencode(".jpg", np.hstack(list(pictures)))[1].tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the screenshots")
    parser.add_argument("data", type=Path, nargs="?")
    args = parser.parse_args()
    if find_chromium() is None:
        parser.error("Chromium is not installed")
    args.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, Server() as server:
        here = Path(folder)
        camera = write_camera(here / "camera.mjpeg", film(args.data))
        file = here / "two people.jpg"
        file.write_bytes(photo(args.data))
        for allowed in (True, False):
            place = here / str(allowed)
            place.mkdir()
            with Chromium(place, camera, allowed) as browser:
                for (width, height), dark in itertools.product(WIDTHS.items(), (False, True)):
                    page = browser.page()
                    page.resize(width, height, dark)
                    name = f"{width}-{'dark' if dark else 'light'}"
                    if allowed:
                        take(page, server.address, args.folder, name, file)
                    else:
                        page.open(server.address)
                        page.wait("document.querySelector('#bars li')")
                        page.click("#start-here")
                        page.wait("document.querySelector('#notice').textContent")
                        save(page, args.folder / f"refused-{name}.png")
                    browser.call("Target.closeTarget", {"targetId": page.target})


def take(page: Page, address: str, folder: Path, name: str, file: Path) -> None:
    page.open(address)
    page.wait("document.querySelector('#bars li')")
    save(page, folder / f"welcome-{name}.png")
    page.click("#start-here")
    smiling = "document.querySelector('#emotion').textContent.startsWith('happiness 9')"
    page.wait(smiling)
    save(page, folder / f"live-{name}.png")
    page.click("#explain")
    page.wait(f"{smiling} && document.querySelector('#regions li')")
    save(page, folder / f"why-{name}.png")
    page.click("#calibrate")
    page.wait("document.querySelector('#banner').textContent.startsWith('Look')")
    save(page, folder / f"calibrating-{name}.png")
    page.choose_file("#file", file)
    page.wait("document.querySelector('#faces button')")
    page.wait("document.querySelector('#sentence').textContent.startsWith('Compared')")
    save(page, folder / f"photo-{name}.png")
    page.open(f"{address}api")
    page.wait("document.querySelector('section')")
    page.run("document.querySelector('details').open = true")
    save(page, folder / f"api-{name}.png")


def save(page: Page, path: Path) -> None:
    path.write_bytes(page.screenshot())
    print(path, flush=True)


if __name__ == "__main__":
    main()
