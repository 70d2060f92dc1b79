"""What the page looks like on windows and phones, in headless Chromium."""

import pytest

pytestmark = pytest.mark.slow

EMOTION = "document.querySelector('#emotion').textContent"


def box(page, selector: str) -> dict[str, float]:
    """Return where an element is in the window."""
    return page.run(f"document.querySelector('{selector}').getBoundingClientRect().toJSON()")


def test_on_a_desktop_all_fits_without_scrolling(live):
    live.resize(1440, 900)
    assert box(live, "#timeline")["left"] >= box(live, "#bars")["right"]
    assert box(live, "#timeline")["top"] == pytest.approx(box(live, "#bars")["top"], abs=2)
    for part in ("#timeline", "#bars", "#stage", "#controls"):
        assert box(live, part)["bottom"] <= 900


@pytest.mark.parametrize("width", [1040, 1280, 1440])
def test_the_controls_stay_below_the_picture(page, width):
    page.resize(width, 800)
    edges = page.run(
        "[...document.querySelectorAll('#controls button'), document.querySelector('#picture')]"
        ".map(e => e.getBoundingClientRect().right)"
    )
    assert max(edges) == edges[-1]


def test_on_a_phone_picture_and_result_come_before_the_controls(live):
    live.resize(390, 844, touch=True)
    tops = [box(live, part)["top"] for part in ("#stage", "#emotion", "#bars", "#controls")]
    assert tops == sorted(tops)
    assert box(live, "#bars")["bottom"] <= box(live, "#controls")["top"]
    assert box(live, "#controls")["bottom"] <= 844
    live.resize(844, 390, touch=True)
    assert box(live, "#result")["left"] >= box(live, "#stage")["right"]
    for part in ("#stage", "#emotion", "#bars", "#controls"):
        assert box(live, part)["bottom"] <= 390
    assert box(live, "#controls")["right"] <= 844


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (820, 1180), (1440, 900)])
def test_nothing_jumps_when_the_camera_starts(page, size):
    page.resize(*size)
    parts = ("#stage", "#emoji", "#bars", "#timeline", "#controls", "footer")
    before = [box(page, part) for part in parts]
    page.click("#start")
    page.wait(f"{EMOTION}.includes('%')")
    assert [box(page, part) for part in parts] == before
    assert page.run("document.documentElement.scrollWidth") <= size[0]


def test_there_is_one_way_to_start_and_it_fits_the_device(page):
    visible = (
        "[...document.querySelectorAll('#picture button, #controls button, #welcome p')]"
        ".filter(one => one.checkVisibility()).map(one => one.innerText.trim())"
    )
    page.resize(1440, 900)
    texts = page.run(visible)
    assert [text for text in texts if "Start" in text] == ["Start camera"]
    assert any("drop a photo" in text for text in texts)
    page.resize(390, 844, touch=True)
    texts = page.run(visible)
    assert "Choose a photo" in texts
    assert not any("drop" in text for text in texts)


def test_every_control_has_a_name_and_the_page_fits_the_window(page):
    nameless = page.run(
        "[...document.querySelectorAll('button, input, canvas:not([aria-hidden]), video, a')]"
        ".filter(e => !e.hidden && !(e.textContent || e.ariaLabel || '').trim())"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []
    ids = page.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    for width in (320, 768, 1280):
        page.resize(width, 800)
        assert page.run("document.documentElement.scrollWidth") <= width


def test_bars_are_seen_in_high_contrast(live):
    live.resize(1280, 800, forced_colors="active")
    live.wait(f"{EMOTION}.startsWith('happiness')")
    color = "getComputedStyle(document.querySelector('#bars .likeliest .track{}')).backgroundColor"
    assert live.run(color.format(" span")) != live.run(color.format(""))


def test_without_scripts_the_page_says_so(chromium, program):
    page = chromium.page()
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(program.address)
    assert "needs JavaScript" in page.run("document.body.innerText")
    assert not page.run("document.querySelector('#start').checkVisibility()")
    chromium.call("Target.closeTarget", {"targetId": page.target})


def test_faces_are_counted_as_they_are_seen_and_can_be_chosen(tmp_path, program, open_page):
    from tools.browser import Chromium, drawn_pair, write_camera

    camera = write_camera(tmp_path / "pair.mjpeg", drawn_pair(("happiness", "surprise")))
    with Chromium(tmp_path, camera) as browser:
        page = browser.page(window=True)
        page.resize(1440, 900)
        page.open(f"{program.address}#mirror=off")
        page.wait("document.querySelector('#bars li')")
        page.click("#start")
        first = "document.querySelector('#faces button:first-child')"
        page.wait("document.querySelectorAll('#faces button').length === 2")
        page.click("#faces button:first-child")
        page.wait(f"{EMOTION}.startsWith('happiness') && {first}.ariaPressed === 'true'")
        page.click("#mirror")
        page.click("#faces button:first-child")
        page.wait(f"{EMOTION}.startsWith('surprise') && {first}.ariaPressed === 'true'")
        past = "document.querySelector('#timeline').ariaLabel"
        page.wait(f"{past}.includes('minute: surprise')")
        stage = box(page, "#stage")
        x, y = stage["left"] + 0.75 * stage["width"], stage["top"] + stage["height"] / 2
        page.click_at(x, y)  # on the picture, the happy face is now on the right
        page.wait(f"{EMOTION}.startsWith('happiness')")
        page.wait(f"{past}.includes('minute: happiness')", 2)
        assert page.text("#faces [aria-pressed=true]") == "Face 2"


def test_words_fit_another_device(tmp_path, program):
    from tools.browser import Chromium

    elsewhere = ("--host-resolver-rules=MAP 192.0.2.7 127.0.0.1",)
    with Chromium(tmp_path, None, options=elsewhere) as browser:
        page = browser.page()
        page.open(f"http://192.0.2.7:{program.port}/")
        page.wait("document.querySelector('#bars li')")
        assert "Pictures go to 192.0.2.7 and are not stored." in page.text("#welcome")
        page.click("#start")
        page.wait(
            "document.querySelector('#notice-text').textContent"
            f".includes('http://localhost:{program.port} ')"
        )


def test_words_fit_this_machine(page):
    assert "Pictures stay on this machine" in page.text("#welcome")
