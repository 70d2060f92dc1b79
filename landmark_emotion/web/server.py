"""The server: creates the application, listens and serves."""

import contextlib
import logging
import mimetypes
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import cv2

from landmark_emotion import __version__
from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.show.canvas import OTHER_EMOJI
from landmark_emotion.web.listening import missing_package

try:
    import uvicorn
    import websockets as _websockets  # noqa: F401  (uvicorn imports it with the first client)
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import FileResponse, JSONResponse, Response
    from starlette.staticfiles import StaticFiles

    from landmark_emotion.web import api, limits, live
    from landmark_emotion.web.connections import Connection, Server
    from landmark_emotion.web.guard import Guard
    from landmark_emotion.web.schemas import complaint
    from landmark_emotion.web.shared import Shared
    from landmark_emotion.web.uploads import Refusal, UnreadBodyError
except ModuleNotFoundError as error:
    raise missing_package(error.name) from error

_NOT_HERE = {
    404: "address: nothing is here; see /api",
    405: "method: not supported by this address; see /api",
}


class _Emoji(StaticFiles):
    """Serves the emoji of any class: a plain face for those that are not emotions."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        found, status = super().lookup_path(path)
        return (found, status) if status else super().lookup_path(f"{OTHER_EMOJI}.png")


def create_app(
    options: Mapping[str, Any],
    names: Iterable[str] = (),
    token: str | None = None,
    address: str = "",
) -> Guard:
    """Create the ASGI application.

    Parameters
    ----------
    options : mapping
        Arguments of `Recognizer`, with a model and the path of the predictor.
    names, token
        As for `guard.Guard`.
    address : str
        Where the server is reached, for the description of the API.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        with contextlib.closing(Shared(options)) as shared:
            yield {"shared": shared}

    errors = (HTTPException, RequestValidationError, ImageError, ClientDisconnect, Exception)
    app = FastAPI(
        title="landmark_emotion",
        version=__version__,
        description=_description(address, token),
        servers=[{"url": address}] if address else None,
        docs_url=None,  # FastAPI's own pages load scripts from another site
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
        exception_handlers=dict.fromkeys(errors, _answer_error),
    )
    app.include_router(api.router)
    app.include_router(live.router)
    static = resources.files("landmark_emotion.web") / "static"
    app.add_route("/", _page(str(static / "index.html")), include_in_schema=False)
    app.add_route("/api", _page(str(static / "api.html")), include_in_schema=False)
    app.mount("/static", StaticFiles(packages=[("landmark_emotion.web", "static")]))
    app.mount("/emoji", _Emoji(packages=[("landmark_emotion.show", "emoji")]))
    return Guard(app, names, token)


def serve(app: Guard, taken: socket.socket, certificate: tuple[Path, Path] | None = None) -> None:
    """Serve an application on a socket from `listen`, until Ctrl-C; log its errors to stderr.

    With a certificate and its private key, it speaks https.

    Raises
    ------
    LandmarkEmotionError
        If the recognizer cannot be loaded.
    """
    cv2.setNumThreads(1)
    mimetypes.add_type("text/javascript", ".js")  # Windows takes it from the registry
    log = logging.getLogger()
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    log.addHandler(handler)
    try:
        with taken:
            Server(configuration(app, certificate)).run(sockets=[taken])
    finally:
        log.removeHandler(handler)


def configuration(app: Guard, certificate: tuple[Path, Path] | None = None) -> uvicorn.Config:
    """Return a configuration of uvicorn that limits what connections may cost."""
    files = (None, None) if certificate is None else certificate
    return uvicorn.Config(
        app,
        ssl_certfile=files[0],
        ssl_keyfile=files[1],
        http=Connection,
        ws="websockets-sansio",
        # Larger messages end the connection; messages up to here get an answer.
        ws_max_size=2 * limits.MAX_MESSAGE,
        ws_per_message_deflate=False,  # JPEG does not compress further
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        server_header=False,
        access_log=False,
        log_config=None,
    )


async def _answer_error(request: Request, error: Exception) -> Response:
    """Answer every error in one shape; Starlette raises unexpected ones again, to be logged."""
    status, text, headers = 500, "server: internal error; see its log", None
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
        text = _NOT_HERE.get(status, error.detail)
    elif isinstance(error, RequestValidationError):
        status, text = 400, f"{complaint(error.errors())}; see /api"
    elif isinstance(error, ImageError):
        status, text = 413 if isinstance(error, TooLargeError) else 400, str(error)
    elif isinstance(error, ClientDisconnect):
        status, text = 400, "body: the connection was closed; send it again"
    kind = Refusal if isinstance(error, UnreadBodyError) else JSONResponse
    return kind({"error": text}, status, headers)


def _description(address: str, token: str | None) -> str:
    with_token = "-H 'Authorization: Bearer TOKEN' " if token else ""
    return (
        "Facial emotion from landmarks. Images are processed in memory, by the machine that runs "
        "this server, and never stored. Requests from pages of other sites are refused. For "
        "example: curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' "
        f"{with_token}{address}/api/recognize"
    )


def _page(path: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return FileResponse(path)

    return answer
