"""Keeps other pages, other names and other hosts' scripts out."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class Guard:
    """Refuses requests under a foreign name or from a foreign page and sets the safety headers.

    A foreign name is how a page elsewhere would reach a server here through DNS rebinding: its
    own host name is made to point to this machine. An address, and the names given here, cannot
    be.

    Parameters
    ----------
    app : ASGI application
        What is kept.
    names : iterable of str
        Host names under which it may be reached, besides ``localhost`` and any address.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        problem = self._problem(Headers(scope=scope))
        if problem is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
        else:
            response = JSONResponse({"error": problem}, 403)
            await response(scope, receive, send_with_headers)

    def _problem(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if name not in self._names and not _is_address(name):
            return "host: not a name of this server; use its address or localhost"
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            return "origin: pages from elsewhere may not use this server; open its own page"
        # Following a link to the page is all that is left to others.
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if origin is None and elsewhere and headers.get("sec-fetch-mode") != "navigate":
            return "origin: pages from elsewhere may not use this server; open its own page"
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
