# ruff: noqa: E402  (without the extra there is nothing to import)
import contextlib
import http.client
import urllib.parse

import pytest

for package in ("fastapi", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

from serving import Server, jpeg, receive
from websockets.exceptions import InvalidStatus

TOKEN = "correct-horse_battery"


@pytest.fixture(scope="module")
def server(model):
    with contextlib.closing(Server(model, TOKEN)) as server:
        yield server


def test_a_page_opened_with_the_token_gets_a_cookie_and_an_address_without_it(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", f"/?token={TOKEN}")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    cookie = cookie.partition(";")[0]
    assert b"<title>" in server.request("/", Cookie=cookie).body
    assert server.request("/static/app.js", Cookie=f'x="y; {cookie}').status == 200
    with server.live(additional_headers={"Cookie": cookie}) as client:
        assert receive(client)["type"] == "state"


@pytest.mark.parametrize("path", ["/", "/api", "/api/model", "/static/app.js", "/openapi.json"])
def test_without_the_token_nothing_is_served(server, path):
    for query in ("", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", "?" + 5000 * "x"):
        answer = server.request(path + query)
        assert answer.status == 401
        assert answer.json["error"].startswith("token: missing or wrong; ")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "set-cookie" not in answer.headers


def test_programs_send_the_token_in_a_header_or_the_address(server, face):
    assert server.recognize(jpeg(face)).status == 401
    assert server.recognize(jpeg(face), Authorization=f"Basic {TOKEN}").status == 401
    assert server.recognize(jpeg(face), Authorization="Bearer \xe9").status == 401
    assert server.recognize(jpeg(face), Authorization=f"Bearer {TOKEN}").json["faces"]
    query = urllib.parse.urlencode({"token": TOKEN})
    assert server.request(f"/api/health?{query}").status == 200


def test_a_socket_without_the_token_is_refused(server):
    for headers in ({}, {"Cookie": f"landmark_emotion_{server.port}=wrong"}):
        with pytest.raises(InvalidStatus) as refused, server.live(additional_headers=headers):
            pass
        assert refused.value.response.status_code == 403
