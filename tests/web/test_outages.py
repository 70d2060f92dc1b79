"""The page while the server is gone, silent or faulty, in headless Chromium."""

import sys

import pytest

pytestmark = pytest.mark.slow

RUNNING = "document.querySelector('#figures').textContent.includes('frames/s')"
OUTAGE = "document.querySelector('#outage').textContent"
COMPARED = "document.querySelector('#compared').textContent"
NOTHING_OLD = """
    document.querySelector('#emotion').textContent === 'no connection'
    && [...document.querySelectorAll('#bars output')].every(one => !/\\d/.test(one.textContent))
    && document.querySelector('#result').classList.contains('absent')
    && document.querySelector('#emoji img').src.endsWith('/uncertain.png')
    && document.querySelector('#emoji img').naturalWidth > 0
    && !document.querySelector('#overlay').getContext('2d')
        .getImageData(0, 0, 400, 300).data.some(x => x)
"""


def test_a_server_that_is_gone_and_back_keeps_the_calibration(open_page, model):
    from tools.browser import Server

    server = Server("--model", model)
    try:
        page = open_page(server.address)
        page.click("#start")
        page.wait("document.querySelector('#emotion').textContent.startsWith('neutral')")
        page.click("#calibrate")
        page.wait("document.querySelector('#guide-text').textContent.startsWith('Done')")
        page.click("#why-switch")
        server.stop()
        page.wait(f"{OUTAGE}.includes('gone') && {NOTHING_OLD}", 3)
        assert page.text("#connection") == "no connection"
        assert page.run("document.querySelector('#calibrate').disabled")
        server = Server("--model", model, port=server.port)
        page.wait(RUNNING)
        assert page.text("#connection") == "connected"
        assert page.run("document.querySelector('#outage').hidden")
        page.wait("document.querySelectorAll('#regions li').length === 5")
        page.wait(f"{COMPARED}.includes('your own neutral face')")
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be stopped on Windows")
def test_a_silent_server_leaves_nothing_old_on_the_page(live, program):
    program.freeze()
    try:
        live.wait(f"{OUTAGE}.includes('does not answer') && {NOTHING_OLD}", 4)
    finally:
        program.thaw()
    live.wait(RUNNING)
    assert live.run("document.querySelector('#outage').hidden")


def test_a_server_with_another_token_is_told_from_one_that_is_gone(open_page, model):
    from tools.browser import Server

    server = Server("--model", model, "--token", "secret-of-yesterday")
    try:
        page = open_page(server.address)
        server.stop()
        page.wait(f"{OUTAGE}.includes('gone')")
        server = Server("--model", model, "--token", "secret-of-today", port=server.port)
        page.wait(f"{OUTAGE}.includes('new token')")
    finally:
        server.stop()


def test_the_page_goes_on_after_a_failed_request_for_the_model(open_page, program):
    failing = """
        const real = fetch;
        window.asked = 0;
        window.fetch = (...all) => {
            const mine = String(all[0]).includes('/api/model') && !window.asked++;
            return mine ? Promise.resolve(new Response('oops', {status: 500})) : real(...all);
        };
    """
    page = open_page(program.address, before=failing)
    assert page.run("window.asked") == 2
    page.click("#start")
    page.wait(RUNNING)


def test_a_model_of_any_classes_is_shown(open_page, program):
    renamed = """
        const real = fetch;
        window.fetch = async (...all) => {
            const response = await real(...all);
            if (!String(all[0]).includes('/api/model')) return response;
            const model = await response.json();
            const renamed = name => name === 'happiness' ? 'Glück & <b>' : name;
            model.emotions = model.emotions.map(renamed);
            return new Response(JSON.stringify(model));
        };
        window.WebSocket = class extends WebSocket {
            set onmessage(handler) {
                super.onmessage = ({data}) =>
                    handler({data: data.replaceAll('"happiness"', '"Glück & <b>"')});
            }
        };
    """
    page = open_page(program.address, before=renamed)
    page.click("#start")
    page.wait("document.querySelector('#emotion').textContent.startsWith('Glück & <b>')")
    page.wait("document.querySelector('#emoji img').naturalWidth > 0")
    assert page.text("#bars .likeliest span") == "Glück & <b>"
