# ruff: noqa: E402  (without the extra there is nothing to import)
"""The page in headless Chromium with a fake camera."""

import csv
import time

import pytest

for package in ("fastapi", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

from landmark_emotion.show.rows import COLUMNS
from tools.browser import Chromium, Server, drawn_film, find_chromium, write_camera

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
    pytest.mark.slow,
]

EMOTION = "document.querySelector('#emotion').textContent"
RUNNING = "document.querySelector('#figures').textContent.includes('frames/s')"


@pytest.fixture(scope="module")
def server(model):
    with Server("--model", model) as server:
        yield server


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    return write_camera(tmp_path_factory.mktemp("camera") / "drawn.mjpeg", drawn_film())


@pytest.fixture(scope="module")
def chromium(tmp_path_factory, camera):
    with Chromium(tmp_path_factory.mktemp("chromium"), camera) as browser:
        yield browser


@pytest.fixture
def open_page(chromium):
    opened = []

    def open_at(address: str):
        page = chromium.page(window=True)
        opened.append(page)
        page.open(address)
        page.wait("document.querySelectorAll('#bars li').length > 6")
        return page

    yield open_at
    for page in opened:
        chromium.call("Target.closeTarget", {"targetId": page.target})


@pytest.fixture
def page(open_page, server):
    return open_page(server.address)


@pytest.fixture
def live(page):
    page.click("#start-here")
    page.wait(RUNNING)
    return page


def test_the_page_shows_the_current_emotion(live):
    for emotion in ("happiness", "neutral", "happiness"):
        live.wait(f"{EMOTION}.startsWith('{emotion}')")
    live.wait("document.querySelector('#spoken').textContent === 'happiness'")
    assert live.run("document.querySelector('#bars .likeliest').dataset.emotion") == "happiness"
    pixels = (
        "document.querySelector('#{}').getContext('2d').getImageData(0, 0, {}).data.some(x => x)"
    )
    assert live.run(pixels.format("overlay", "400, 300"))
    assert live.run(pixels.format("timeline", "400, 100"))


def test_it_calibrates(live):
    live.click("#calibrate")
    live.wait("document.querySelector('#banner').textContent.startsWith('Look neutral')")
    live.wait("document.querySelector('#compared').textContent.includes('your own neutral face')")
    assert live.run("document.querySelector('#banner').hidden")
    live.click("#automatic")
    live.wait("!document.querySelector('#compared').textContent.includes('your own neutral face')")
    assert live.run("document.querySelector('#automatic').ariaChecked") == "true"


def test_it_explains(live):
    live.click("#explain")
    live.wait("document.querySelectorAll('#regions li').length === 5")
    live.wait("document.querySelector('#sentence').textContent.endsWith('.')")
    live.click("#explain")
    live.wait("document.querySelector('#why').hidden")


def test_it_saves_the_results_as_csv(live, chromium):
    live.wait(f"{EMOTION}.startsWith('neutral')")
    live.wait(f"{EMOTION}.startsWith('happiness')")
    live.click("#save")
    end = time.monotonic() + 20
    while not (files := list(chromium.downloads.glob("*.csv"))):
        assert time.monotonic() < end
        time.sleep(0.1)
    with files[0].open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames) == COLUMNS
    assert {row["emotion"] for row in rows} >= {"happiness", "neutral"}
    assert [int(row["frame"]) for row in rows] == list(range(len(rows)))
    times = [float(row["time"]) for row in rows]
    assert times == sorted(times)
    assert times[0] == 0
    assert float(rows[0]["p_happiness"]) >= 0
    assert rows[0]["p_contempt"] == ""


def test_it_reconnects_when_the_server_is_back(open_page, model):
    server = Server("--model", model)
    try:
        page = open_page(server.address)
        page.click("#start-here")
        page.wait(RUNNING)
        page.click("#explain")
        server.stop()
        page.wait("document.querySelector('#connection').textContent.includes('gone')")
        assert page.run("document.querySelector('#calibrate').disabled")
        server = Server("--model", model, port=server.port)
        page.wait("document.querySelector('#connection').textContent === 'connected'")
        page.wait(RUNNING)
        page.wait("document.querySelectorAll('#regions li').length === 5")
    finally:
        server.stop()


def test_a_tab_in_the_background_pauses(chromium, server):
    page = chromium.page()
    page.open(server.address)
    page.wait("document.querySelector('#bars li')")
    page.click("#start-here")
    page.run("window.n = 0; document.addEventListener('frame-drawn', () => window.n += 1)")
    page.wait("window.n > 3")
    other = chromium.page()
    chromium.call("Target.activateTarget", {"targetId": other.target})
    page.wait("document.hidden")
    page.wait("document.querySelector('#banner').textContent.startsWith('Paused')")
    time.sleep(0.5)  # the last answer may still arrive
    drawn = page.run("window.n")
    time.sleep(0.5)
    assert page.run("window.n") == drawn
    chromium.call("Target.activateTarget", {"targetId": page.target})
    page.wait(f"window.n > {drawn} + 3")
    assert page.run("document.querySelector('#banner').hidden")
    for one in (page, other):
        chromium.call("Target.closeTarget", {"targetId": one.target})


def test_stopping_releases_the_camera(live):
    live.run("window.track = document.querySelector('#video').srcObject.getTracks()[0]")
    live.click("#start")
    assert live.run("window.track.readyState") == "ended"
    assert live.run("document.querySelector('#welcome').hidden") is False
    live.click("#start")
    live.wait(RUNNING)


def test_a_dropped_photo_is_recognized(page, tmp_path, png):
    file = tmp_path / 'photo, "quoted".png'
    file.write_bytes(png)
    page.drop_file(200, 200, file)
    page.wait(f"{EMOTION}.startsWith('happiness')")
    assert page.run("document.querySelector('#still').width") == 320
    shown = page.run("document.querySelector('#bars').innerText")
    assert shown.count("%") == 7


def test_a_photo_without_a_face_and_a_file_that_is_no_photo_are_reported(page, tmp_path, nobody):
    import cv2

    file = tmp_path / "wall.png"
    file.write_bytes(cv2.imencode(".png", nobody)[1].tobytes())
    page.choose_file("#file", file)
    page.wait("document.querySelector('#notice').textContent.startsWith('No face')")
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    page.choose_file("#file", text)
    page.wait("document.querySelector('#notice').textContent.startsWith('notes.txt')")


def test_a_refused_camera_is_explained(tmp_path, camera, server):
    with Chromium(tmp_path, camera, allowed=False) as browser:
        page = browser.page()
        page.open(server.address)
        page.wait("document.querySelector('#bars li')")
        page.click("#start-here")
        page.wait("document.querySelector('#notice').textContent.includes('not allowed')")
        assert "allow" in page.text("#notice")
        assert page.run("document.querySelector('#banner').hidden")
        assert not page.run("document.querySelector('#start').disabled")


def test_every_control_has_a_name_and_the_page_fits_the_window(page):
    nameless = page.run(
        "[...document.querySelectorAll('button, input, canvas:not([aria-hidden]), video, a')]"
        ".filter(e => !(e.innerText || e.ariaLabel || '').trim()).map(e => e.outerHTML)"
    )
    assert nameless == []
    ids = page.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    for width in (320, 768, 1280):
        page.resize(width, 800)
        assert page.run("document.documentElement.scrollWidth") <= width


def test_the_api_is_documented_without_a_network(chromium, server):
    page = chromium.page()
    page.open(f"{server.address}api")
    page.wait("document.querySelectorAll('section').length === 3")
    text = page.run("document.body.textContent")
    for part in ("POST /api/recognize", "explain", "413", "faces[].probabilities"):
        assert part in text
    page.resize(320, 800)
    assert page.run("document.documentElement.scrollWidth") <= 320
