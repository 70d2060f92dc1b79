from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model() -> Path:
    """The shipped model, which recognizes drawn faces too and needs no training."""
    return Path(__file__).parents[2] / "models" / "default.npz"


@pytest.fixture(scope="session")
def program(model):
    """``landmark-emotion web`` in its own process."""
    browser = _browser()
    with browser.Server("--model", model) as server:
        yield server


@pytest.fixture(scope="session")
def camera(tmp_path_factory) -> Path:
    """A fake camera that shows a drawn face, happy and neutral in turn, longer than calibration."""
    browser = _browser()
    return browser.write_camera(
        tmp_path_factory.mktemp("camera") / "drawn.mjpeg", browser.drawn_film(8.0)
    )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory, camera):
    """Chromium, which allows the use of the camera."""
    with _browser().Chromium(tmp_path_factory.mktemp("chromium"), camera) as browser:
        yield browser


@pytest.fixture
def open_page(chromium):
    """Open an address in a window: ``open_page(address, before="a script that runs first")``."""
    opened = []

    def open_at(address: str, browser=chromium, before: str = ""):
        page = browser.page(window=True)
        opened.append((browser, page))
        page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        page.open(address)
        page.wait("document.querySelectorAll('#bars li').length > 6")
        return page

    yield open_at
    for browser, page in opened:
        browser.call("Target.closeTarget", {"targetId": page.target})


@pytest.fixture
def page(open_page, program):
    """The page as it opens."""
    return open_page(program.address)


@pytest.fixture
def live(page):
    """The page with the camera on."""
    page.click("#start")
    page.wait("document.querySelector('#figures').textContent.includes('frames/s')")
    return page


def _browser():
    for package in ("fastapi", "uvicorn", "websockets"):
        pytest.importorskip(package, reason="the extra 'web' is not installed")
    from tools import browser

    if browser.find_chromium() is None:
        pytest.skip("Chromium is not installed")
    return browser
