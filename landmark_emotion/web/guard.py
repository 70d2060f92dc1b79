"""Refuses requests from other sites and without the token, and sets security headers."""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from landmark_emotion.web.uploads import Refusal

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]{1,5})?")
_PAGES = ("/", "/api")
_FOREIGN_HOST = "host: not a name of this server; use its address or localhost"
_FOREIGN_ORIGIN = "origin: pages of other sites cannot use this server; open its own page"
_NO_TOKEN = "token: missing or wrong; open the address that the server printed"


class Guard:
    """ASGI middleware that refuses unknown host names, pages of other sites and strangers.

    The check of host names stops DNS rebinding, in which another site points its own name to this
    machine. Addresses cannot be rebound.

    Parameters
    ----------
    app : ASGI application
        Receives what is not refused.
    names : iterable of str
        Host names to accept, besides ``localhost`` and all addresses.
    token : str, optional
        What every request must prove to know: in the query of the address, in a cookie, which a
        page gets that is opened with the former, or in the header ``Authorization: Bearer TOKEN``.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = (), token: str | None = None) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        status, problem = 403, self._foreign(headers, scope["scheme"] in ("https", "wss"))
        if problem is None and self._token is not None:
            if self._opens_with_token(scope):
                await self._let_in(scope, self._token)(scope, receive, send_with_headers)
                return
            if not self._knows_token(scope, headers):
                status, problem = 401, _NO_TOKEN
        if problem is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
        else:
            more = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            response = Refusal({"error": problem}, status, more)
            await response(scope, receive, send_with_headers)

    def _foreign(self, headers: Headers, encrypted: bool) -> str | None:
        host = headers.get("host", "").lower()
        if not self._is_known(host):
            return _FOREIGN_HOST
        origins = headers.getlist("origin")
        if origins:
            own = f"{'https' if encrypted else 'http'}://{host}"
            return None if [origin.lower() for origin in origins] == [own] else _FOREIGN_ORIGIN
        # Other sites may link to the page, but not load anything from it.
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and headers.get("sec-fetch-mode") != "navigate":
            return _FOREIGN_ORIGIN
        return None

    def _is_known(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1] or match[2]
        try:
            return name in self._names or ipaddress.ip_address(name).version == (
                6 if match[1] else 4
            )
        except ValueError:
            return False

    def _opens_with_token(self, scope: Scope) -> bool:
        """Whether a page is opened by an address that contains the token."""
        page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in _PAGES
        return page and self._is_right(_in_query(scope))

    def _let_in(self, scope: Scope, token: str) -> RedirectResponse:
        """Store the token in a cookie, and open the page again without it in the address."""
        response = RedirectResponse(scope["path"], 303)
        encrypted = scope["scheme"] == "https"
        response.set_cookie(
            _cookie_name(scope), token, secure=encrypted, httponly=True, samesite="lax"
        )
        return response

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        stored = cookie_parser(headers.get("cookie", "")).get(_cookie_name(scope), "")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return any(
            [
                self._is_right(_in_query(scope)),
                self._is_right(stored),
                scheme.lower() == "bearer" and self._is_right(given.strip()),
            ]
        )

    def _is_right(self, given: str) -> bool:
        # In constant time, so that the token cannot be guessed piece by piece.
        return hmac.compare_digest(given.encode(), (self._token or "").encode())


def _in_query(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return parse_qs(query).get("token", [""])[0] if len(query) < 4096 else ""


def _cookie_name(scope: Scope) -> str:
    """Name the cookie by the port, as browsers share cookies among all servers of a host."""
    server = scope.get("server")
    return f"landmark_emotion_{server[1] if server else ''}"
