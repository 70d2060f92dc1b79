"""Refuses requests from other sites and sets security headers."""

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
_FOREIGN_HOST = "host: not a name of this server; use its address or localhost"
_FOREIGN_ORIGIN = "origin: pages of other sites cannot use this server; open its own page"


class Guard:
    """ASGI middleware that refuses unknown host names and pages of other sites.

    The check of host names stops DNS rebinding, in which another site points its own name to this
    machine. Addresses cannot be rebound. All addresses, ``localhost`` and ``names`` are accepted.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
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
            known = "@" not in host and (name in self._names or bool(ipaddress.ip_address(name)))
        except ValueError:
            known = False
        if not known:
            return _FOREIGN_HOST
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            return _FOREIGN_ORIGIN
        # Other sites may link to the page, but not load anything from it.
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if origin is None and elsewhere and headers.get("sec-fetch-mode") != "navigate":
            return _FOREIGN_ORIGIN
        return None
