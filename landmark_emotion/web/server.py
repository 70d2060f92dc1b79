"""The server: the page, the WebSocket behind it, and the small HTTP API beside both."""

import asyncio
import contextlib
import errno
import json
import mimetypes
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any, TypeVar

import cv2

from landmark_emotion import __version__
from landmark_emotion.emotions import COLORS
from landmark_emotion.errors import (
    ImageError,
    LandmarkEmotionError,
    MessageError,
    MissingPackageError,
    ServerError,
    TooLargeError,
)
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show.emoji import draw_emoji
from landmark_emotion.show.rows import COLUMNS
from landmark_emotion.web import limits
from landmark_emotion.web.answers import Session, image_answer
from landmark_emotion.web.description import api_page, openapi

try:
    import uvicorn
    import websockets as _websockets  # noqa: F401  (uvicorn imports it with the first client)
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    from landmark_emotion.web.guard import Guard
except ModuleNotFoundError as error:
    raise MissingPackageError(
        f"{error.name}: not installed; run \"pip install 'landmark-emotion[web]'\""
    ) from error

IDLE_SECONDS = 600.0  # after which a client that sends nothing has to connect anew
BODY_SECONDS = 30.0  # in which a body must have come
MAX_WAITING = 4  # pictures of the HTTP API at once
_EMOJI_SIZE = 128
_PATIENCE = 4  # how many times the largest body is read before the connection is cut
_TRY_LATER = 1013

_T = TypeVar("_T")


def create_app(make_recognizer: Callable[[], Recognizer], names: tuple[str, ...] = ()) -> Starlette:
    """Make the application.

    Parameters
    ----------
    make_recognizer : callable
        Makes a recognizer for each client; all may share one `FaceDetector` and one model.
    names : tuple of str
        As for `guard.Guard`.

    Returns
    -------
    Starlette
        An ASGI application.
    """
    server = _Server(make_recognizer)
    routes = [
        Route("/api/recognize", server.recognize, methods=["POST"]),
        Route("/api/health", server.health, methods=["GET"]),
        Route("/api/model", server.model, methods=["GET"]),
        WebSocketRoute("/live", server.live),
        *(Route(path, _fixed(body, kind), methods=["GET"]) for path, (body, kind) in _files()),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, names=names)],
        exception_handlers={HTTPException: _explain_status},
        lifespan=server.lifespan,
    )


def listen(host: str, port: int) -> socket.socket:
    """Take a port.

    Parameters
    ----------
    host : str
        A name or an address of this machine.
    port : int
        0 for any that is free.

    Returns
    -------
    socket
        It queues connections from now on.

    Raises
    ------
    ServerError
        If the port is taken or the host is not this machine.
    """
    where = f"{host}:{port}"
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.create_server(address[4][:2], family=address[0])
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise ServerError(f"{where}: the port is in use; choose another with --port") from error
        if number == errno.EACCES:
            raise ServerError(
                f"{where}: the system does not allow this port; use one from 1024"
            ) from error
        raise ServerError(f"{where}: not an address of this machine; check --host") from error
    taken.setblocking(False)
    return taken


def serve(app: Starlette, taken: socket.socket) -> None:
    """Serve an application until Ctrl-C.

    Parameters
    ----------
    app : Starlette
        From `create_app`.
    taken : socket
        From `listen`.
    """
    with taken:
        uvicorn.Server(configuration(app)).run(sockets=[taken])


def configuration(app: Starlette) -> uvicorn.Config:
    """Decide how the server behaves.

    Parameters
    ----------
    app : Starlette
        From `create_app`.

    Returns
    -------
    uvicorn.Config
        With limits on what connections may cost.
    """
    return uvicorn.Config(
        app,
        ws="websockets-sansio",
        # Beyond it the connection ends; up to it there is an answer that says what is wrong.
        ws_max_size=2 * limits.MAX_MESSAGE,
        ws_per_message_deflate=False,  # JPEG does not get smaller
        limit_concurrency=64,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        server_header=False,
        access_log=False,
        log_config=None,
    )


class _Server:
    """What the clients share: threads, and how many of them there are."""

    def __init__(self, make_recognizer: Callable[[], Recognizer]) -> None:
        self._make = make_recognizer
        self._still = make_recognizer()
        self._clients = 0
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Keep the threads."""
        cv2.setNumThreads(1)
        # A dlib detector is not safe for threads, and dlib does not release the interpreter's lock:
        # a second thread would double the memory for nothing. Decoding does release it.
        with ThreadPoolExecutor(1, "judge") as self._judge, ThreadPoolExecutor(2, "decode") as pool:
            self._decode = pool
            yield

    async def _run(
        self, threads: ThreadPoolExecutor, task: Callable[..., _T], *arguments: Any
    ) -> _T:
        return await asyncio.get_running_loop().run_in_executor(threads, task, *arguments)

    async def health(self, request: Request) -> Response:
        """Answer ``GET /api/health``."""
        return JSONResponse({"status": "ok", "version": __version__, "clients": self._clients})

    async def model(self, request: Request) -> Response:
        """Answer ``GET /api/model``."""
        model = self._still.model
        return JSONResponse(
            {
                "emotions": model.emotions,
                "colors": COLORS,
                "columns": COLUMNS,
                "info": dict(model.info),
            }
        )

    async def recognize(self, request: Request) -> Response:
        """Answer ``POST /api/recognize``."""
        wanted = request.query_params.get("explain", "false")
        if wanted not in ("true", "false"):
            raise HTTPException(400, "explain: neither true nor false; use one of them")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("", "application/octet-stream") and not kind.startswith("image/"):
            raise HTTPException(415, "content type: not that of a picture; send image/jpeg")
        if self._waiting >= MAX_WAITING:
            raise HTTPException(503, "server: busy; try again in a second", {"Retry-After": "1"})
        self._waiting += 1
        try:
            body = await _body(request)
            image = await self._run(
                self._decode, limits.decode, body, "image", limits.MAX_IMAGE_PIXELS
            )
            predictions = await self._run(self._judge, self._still.recognize_still, image)
        except TooLargeError as error:
            raise HTTPException(413, str(error)) from error
        except ImageError as error:
            raise HTTPException(400, str(error)) from error
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._waiting -= 1
        model = self._still.model if wanted == "true" else None
        return JSONResponse(image_answer(image, predictions, model))

    async def live(self, client: WebSocket) -> None:
        """Serve one page from its first frame to its last."""
        await client.accept()
        if self._clients >= limits.MAX_CONNECTIONS:
            await client.send_json(_problem("server: too many pages are open; close one"))
            await client.close(_TRY_LATER, "too many pages are open")
            return
        self._clients += 1
        try:
            await self._converse(client, Session(self._make()))
        except (WebSocketDisconnect, RuntimeError):
            pass  # it went away while it was being answered
        except asyncio.TimeoutError:
            await client.close(_TRY_LATER, "nothing came for a while")
        finally:
            self._clients -= 1

    async def _converse(self, client: WebSocket, session: Session) -> None:
        pace = limits.Pace(limits.MAX_FRAMES_A_SECOND)
        await client.send_json(session.state())
        while True:
            message = await asyncio.wait_for(client.receive(), IDLE_SECONDS)
            if message["type"] == "websocket.disconnect":
                return
            # A client that is too fast waits; the network's own buffers hold it back.
            await asyncio.sleep(pace.wait())
            try:
                answer = await self._answer(session, message)
            except LandmarkEmotionError as error:
                answer = _problem(str(error))
            await client.send_json(answer)

    async def _answer(self, session: Session, message: Mapping[str, Any]) -> dict[str, Any]:
        text, data = message.get("text"), message.get("bytes")
        if len(text or data or "") > limits.MAX_MESSAGE:
            raise MessageError(
                f"message: larger than {limits.MAX_MESSAGE // 2**20} MB; send smaller frames"
            )
        if data is None:
            return session.control(text or "")
        image = await self._run(self._decode, limits.decode, data, "frame", limits.MAX_FRAME_PIXELS)
        return await self._run(self._judge, session.frame, image)


def _problem(text: str) -> dict[str, Any]:
    return {"type": "error", "error": text}


async def _body(request: Request) -> bytes:
    body = bytearray()
    size = 0

    async def collect() -> None:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size <= limits.MAX_BODY:
                body.extend(part)
            elif size > _PATIENCE * limits.MAX_BODY:
                return
            # Else it is read and dropped: who is cut off while sending does not see the answer.

    try:
        await asyncio.wait_for(collect(), BODY_SECONDS)
    except asyncio.TimeoutError as error:
        raise HTTPException(408, "body: did not come in time; send it again") from error
    if size > limits.MAX_BODY:
        raise HTTPException(413, f"body: larger than {limits.MAX_BODY // 2**20} MB; send less")
    return bytes(body)


async def _explain_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = error.detail
    if error.status_code == 404:
        text = "address: nothing is here; see /api"
    elif error.status_code == 405:
        text = "method: not for this address; see /api"
    return JSONResponse({"error": text}, error.status_code, error.headers)


def _files() -> list[tuple[str, tuple[bytes, str]]]:
    """Gather all that is served as it is; a request can name nothing else."""
    folder = resources.files("landmark_emotion.web") / "static"
    files = {
        "/api": (api_page().encode(), "text/html"),
        "/openapi.json": (json.dumps(openapi()).encode(), "application/json"),
    }
    for file in folder.iterdir():
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if file.name.endswith(".js"):
            kind = "text/javascript"  # what Windows makes of it depends on the registry
        path = "/" if file.name == "index.html" else f"/static/{file.name}"
        files[path] = (file.read_bytes(), kind)
    for name in COLORS:
        files[f"/emoji/{name}.png"] = (_emoji(name), "image/png")
    return list(files.items())


def _emoji(name: str) -> bytes:
    picture = draw_emoji(name, _EMOJI_SIZE).astype(float)
    opacity = picture[..., 3:]
    # PNG wants colors that are not multiplied by the opacity.
    picture[..., :3] = (255 * picture[..., :3] / opacity.clip(1)).clip(0, 255)
    return cv2.imencode(".png", picture.round().astype("uint8"))[1].tobytes()


def _fixed(body: bytes, kind: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return Response(body, media_type=kind)

    return answer
