"""The page in headless Chromium with a fake camera: what it does."""

import csv
import time

import pytest

from landmark_emotion.show.rows import COLUMNS

pytestmark = pytest.mark.slow

EMOTION = "document.querySelector('#emotion').textContent"
RUNNING = "document.querySelector('#figures').textContent.includes('frames/s')"
COMPARED = "document.querySelector('#compared').textContent"
GUIDE = "document.querySelector('#guide-text').textContent"


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


def test_everything_speaks_of_the_same_emotion(live):
    live.click("#why-switch")
    live.wait("document.querySelectorAll('#regions li').length === 5")
    live.run(
        """
        window.seen = [];
        new MutationObserver(() => seen.push([
            document.querySelector('#emotion').firstChild.textContent,
            document.querySelector('#bars .likeliest')?.dataset.emotion,
            document.querySelector('#why-title').textContent.slice(4, -1),
            document.querySelector('#sentence').textContent,
        ])).observe(document.querySelector('#result'), {subtree: true, childList: true});
        0
        """
    )
    live.wait("new Set(seen.map(([emotion]) => emotion)).size > 1")
    live.wait("seen.length > 20")
    for headline, bold, why, sentence in live.run("seen"):
        assert headline == bold == why
        assert headline in sentence
    live.click("#why-switch")
    live.wait("document.querySelector('#why').hidden")


def test_a_face_that_cannot_be_judged_gets_no_emotion(open_page, program):
    turned = """
        window.WebSocket = class extends WebSocket {
            set onmessage(handler) {
                super.onmessage = ({data}) =>
                    handler({data: data.replaceAll('"issue":""', '"issue":"turned away"')});
            }
        };
    """
    page = open_page(f"{program.address}#why&details", before=turned)
    page.click("#start")
    page.wait(f"{EMOTION} === 'turned away'")
    assert page.run("document.querySelector('#bars .likeliest')") is None
    assert page.text("#compared") == "no reliable answer"
    assert page.text("#why-title") == "Why?"
    assert "turned away" in page.text("#sentence")
    facts = page.run("document.querySelector('#facts').innerText")
    assert "yaw" in facts
    assert "quality" in facts


def test_a_calibration_is_guided_and_can_be_undone(live):
    live.run("document.querySelector('#calibrate').focus()")
    live.wait(f"{EMOTION}.startsWith('neutral')")
    live.click("#calibrate")
    live.wait(f"{GUIDE}.startsWith('Look neutral … 1')")
    assert live.run("document.querySelector('#guide-text').parentElement.role") == "status"
    live.wait(f"{GUIDE}.startsWith('Done')")
    assert live.run("document.activeElement.id") == "calibrate"
    live.wait(f"{COMPARED}.includes('your own neutral face')")
    live.wait(f"{EMOTION}.startsWith('happiness')")
    assert live.text("#guide-text").startswith("Done"), "the emotion must not take its place"
    live.click("#undo")
    live.wait(f"{COMPARED}.includes('average')")
    assert live.run("document.activeElement.id") == "calibrate"


def test_a_calibration_warns_of_a_face_that_is_not_neutral(live):
    live.wait(f"{EMOTION}.startsWith('neutral')")
    live.wait(f"{EMOTION}.startsWith('happiness')")
    live.click("#calibrate")
    live.wait(f"{GUIDE}.startsWith('Done')")
    assert "happiness" in live.text("#guide-hint")
    live.click("#undo")


def test_neutral_faces_are_estimated(live):
    live.click("#automatic")
    assert live.run("document.querySelector('#automatic').ariaChecked") == "true"
    live.wait(f"{COMPARED}.includes('estimated neutral face')")


def test_it_saves_the_results_as_csv_and_clears_them(live, chromium):
    live.wait(f"{EMOTION}.startsWith('neutral')")
    live.wait(f"{EMOTION}.startsWith('happiness')")
    live.click("#stop")
    live.click("#clear")
    assert live.run("document.querySelector('#save').disabled")
    live.click("#notice-action")
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


def test_a_tab_in_the_background_pauses(chromium, program):
    page = chromium.page()
    page.open(program.address)
    page.wait("document.querySelector('#bars li')")
    page.click("#start")
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
    assert page.text("#banner") == ""
    for one in (page, other):
        chromium.call("Target.closeTarget", {"targetId": one.target})


def test_stopping_releases_the_camera(live):
    live.run("window.track = document.querySelector('#video').srcObject.getTracks()[0]")
    live.click("#stop")
    assert live.run("window.track.readyState") == "ended"
    assert live.run("document.querySelector('#welcome').hidden") is False
    assert live.run("document.activeElement.id") == "start"
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
    page.wait("document.querySelector('#notice-text').textContent.startsWith('No face')")
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    page.choose_file("#file", text)
    page.wait("document.querySelector('#notice-text').textContent.startsWith('notes.txt')")


def test_a_refused_camera_is_explained(tmp_path, camera, program, open_page):
    from tools.browser import Chromium

    with Chromium(tmp_path, camera, allowed=False) as browser:
        page = browser.page()
        page.open(program.address)
        page.wait("document.querySelector('#bars li')")
        page.click("#start")
        page.wait("document.querySelector('#notice-text').textContent.includes('not allowed')")
        assert page.text("#banner") == ""
        assert page.run("document.querySelector('#start').checkVisibility()")


def test_the_network_is_explained_until_a_neutral_face_is_known(live):
    live.click("#why-switch")
    live.wait("document.querySelectorAll('#network li').length === 2")
    says = live.text("#network-says")
    assert "landmarks" in says
    assert "network" in says
    shares = "[...document.querySelectorAll('#network output')].map(e => parseInt(e.textContent))"
    assert 99 <= sum(live.run(shares)) <= 101
    live.click("#calibrate")
    live.wait(f"{COMPARED}.includes('your own neutral face')")
    live.wait("document.querySelector('#network').hidden")
    live.click("#undo")
    live.click("#why-switch")


def test_settings_are_kept_in_the_address(open_page, program):
    page = open_page(f"{program.address}?mirror=off#why")
    page.click("#start")
    page.wait("document.querySelectorAll('#regions li').length === 5")
    assert not page.run("document.querySelector('#video').classList.contains('mirrored')")
    page.click("#mirror")
    page.wait("document.querySelector('#video').classList.contains('mirrored')")
    page.click("#why-switch")
    assert page.run("location.hash") == "#mirror"
    assert page.run("location.search") == ""


def test_the_camera_can_be_chosen(tmp_path, program, open_page):
    from tools.browser import Chromium

    two = ("--use-fake-device-for-media-stream=device-count=2",)
    with Chromium(tmp_path, None, options=two) as browser:
        page = browser.page(window=True)
        page.open(program.address)
        page.wait("document.querySelector('#bars li')")
        page.click("#start")
        page.wait("document.querySelectorAll('#camera option').length === 2")
        label = "document.querySelector('#video').srcObject.getVideoTracks()[0].label"
        first = page.run(label)
        page.run(
            "const list = document.querySelector('#camera');"
            "list.selectedIndex = 1 - list.selectedIndex; list.onchange(); 0"
        )
        page.wait(f"document.querySelector('#video').srcObject && {label} !== '{first}'")
        chosen = page.run(label)
        assert page.run("decodeURIComponent(location.hash)") == f"#camera={chosen}"


def test_the_api_is_documented_without_a_network(chromium, program):
    page = chromium.page()
    page.open(f"{program.address}api")
    page.wait("document.querySelectorAll('section').length === 3")
    text = page.run("document.body.textContent")
    for part in ("POST /api/recognize", "explain", "413", "faces[].probabilities"):
        assert part in text
    assert f"{program.address}api/recognize" in text.replace("localhost", "127.0.0.1")
    page.resize(320, 800)
    assert page.run("document.documentElement.scrollWidth") <= 320
