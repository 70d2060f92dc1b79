"""The HTTP API and the WebSocket of the page."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.websockets import WebSocketDisconnect

from landmark_emotion import __version__
from landmark_emotion.emotions import COLORS
from landmark_emotion.errors import ImageError, MessageError
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show.rows import COLUMNS
from landmark_emotion.web import limits
from landmark_emotion.web.schemas import Health, ModelCard, Problem, RecognizedImage
from landmark_emotion.web.session import Session, image_answer

_TRY_LATER, _INTERNAL_ERROR = 1013, 1011  # close codes of WebSockets
_IMAGE = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_KINDS = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
_STATUSES: dict[int | str, str] = {
    400: "Not an image, or damaged; or a wrong parameter",
    403: "Sent by a page of another site, or to a foreign host name",
    408: "The body did not arrive in time",
    413: "Too many bytes or pixels",
    415: "The content type is not that of an image",
    500: "An internal error, which the server logs",
    503: "Busy; try again in a second",
    "default": "Any other error",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text} for status, text in _STATUSES.items()
}
_COMMON = {status: _PROBLEMS[status] for status in _PROBLEMS if status in (403, 500, "default")}

_log = logging.getLogger(__name__)
router = APIRouter()


class Shared:
    """The recognizer, threads and counts that all requests share."""

    def __init__(self, make_recognizer: Callable[[], Recognizer]) -> None:
        self.make_recognizer = make_recognizer
        self.still = make_recognizer()
        self.clients = self._photos = 0
        # A recognizer is used by one thread at a time. Photos have a thread of their own, so that
        # frames do not wait for them.
        self.photo = ThreadPoolExecutor(1, "photo")
        self.frame = ThreadPoolExecutor(2, "frame")

    def close(self) -> None:
        """End the threads."""
        for threads in (self.photo, self.frame):
            threads.shutdown(cancel_futures=True)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the few places for photos, or refuse with status 503."""
        if self._photos >= limits.MAX_PHOTOS:
            raise HTTPException(503, "server: busy; try again in a second", {"Retry-After": "1"})
        self._photos += 1
        try:
            yield
        finally:
            self._photos -= 1

    def recognize(self, body: bytes, explain: bool) -> dict[str, Any]:
        """Decode and recognize a photo."""
        image = limits.decode(body, "image", limits.MAX_IMAGE_PIXELS)
        predictions = self.still.recognize_still(image)
        return image_answer(image, predictions, self.still.model if explain else None)


async def _shared(connection: HTTPConnection) -> Shared:
    shared: Shared = connection.state.shared
    return shared


_Shared = Annotated[Shared, Depends(_shared)]


@router.post(
    "/api/recognize",
    description="Recognize the emotions of the faces in an image. The body is a JPEG, PNG or WebP "
    f"file of at most {limits.MAX_BODY // 2**20} MB and {limits.MAX_IMAGE_PIXELS // 10**6} million "
    "pixels.",
    response_model=RecognizedImage,
    response_model_exclude_unset=True,
    response_description="The faces, from left to right",
    responses=_PROBLEMS,
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(_KINDS, _IMAGE)}},
)
async def recognize(
    request: Request,
    shared: _Shared,
    explain: Annotated[
        bool, Query(description="Add what speaks for and against each emotion found")
    ] = False,
) -> dict[str, Any]:
    """Recognize a photo."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/octet-stream") and not kind.startswith("image/"):
        raise HTTPException(
            415,
            "content type: not that of an image; send the file itself as the body, with "
            "'Content-Type: image/jpeg'",
        )
    with shared.place():
        body = await _body(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(shared.photo, shared.recognize, body, explain)


@router.head("/api/health", include_in_schema=False)
@router.get(
    "/api/health",
    response_model=Health,
    responses=_COMMON,
    response_description="The state of the server",
)
async def health(shared: _Shared) -> dict[str, Any]:
    """Return whether the server works, and how many pages are open."""
    return {"status": "ok", "version": __version__, "clients": shared.clients}


@router.head("/api/model", include_in_schema=False)
@router.get(
    "/api/model", response_model=ModelCard, responses=_COMMON, response_description="The model"
)
async def model(shared: _Shared) -> dict[str, Any]:
    """Return the emotions of the model and how it was trained."""
    model = shared.still.model
    info = dict(model.info)
    return {"emotions": model.emotions, "colors": COLORS, "columns": COLUMNS, "info": info}


@router.websocket("/live")
async def live(client: WebSocket, shared: _Shared) -> None:
    """Serve a page until it closes."""
    await client.accept()
    try:
        if shared.clients >= limits.MAX_CONNECTIONS:
            await _send(client, _problem("server: too many pages are open; close one"))
            await client.close(_TRY_LATER, "too many pages are open")
            return
        shared.clients += 1
        try:
            await _converse(client, shared)
        finally:
            shared.clients -= 1
    except WebSocketDisconnect:
        pass  # the page was closed during an answer
    except Exception:
        _log.exception("/live: internal error; the connection is closed")
        with contextlib.suppress(WebSocketDisconnect):
            await _send(client, _problem("server: internal error; see its log"))
            await client.close(_INTERNAL_ERROR, "internal error")


async def _converse(client: WebSocket, shared: Shared) -> None:
    session = Session(shared.make_recognizer())
    clock = asyncio.get_running_loop().time
    due = clock()
    await _send(client, session.state())
    while True:
        try:
            message = await asyncio.wait_for(client.receive(), limits.IDLE_SECONDS)
        except asyncio.TimeoutError:
            await client.close(_TRY_LATER, "nothing was received for a while")
            return
        if message["type"] == "websocket.disconnect":
            return
        # A client that is too fast waits, and full network buffers slow it down.
        await asyncio.sleep(due - clock())
        due = max(due, clock()) + 1 / limits.MAX_FRAMES_PER_SECOND
        try:
            answer = await _answer(shared, session, message)
        except (ImageError, MessageError) as error:
            answer = _problem(str(error))
        await _send(client, answer)


async def _answer(shared: Shared, session: Session, message: Mapping[str, Any]) -> dict[str, Any]:
    text, data = message.get("text"), message.get("bytes")
    if len(text or data or "") > limits.MAX_MESSAGE:
        raise MessageError(
            f"message: larger than {limits.MAX_MESSAGE // 2**20} MB; send smaller frames"
        )
    if data is None:
        return session.control(text or "")
    return await asyncio.get_running_loop().run_in_executor(shared.frame, session.frame, data)


async def _send(client: WebSocket, answer: dict[str, Any]) -> None:
    try:
        await client.send_json(answer)
    except RuntimeError as error:
        # uvicorn itself closed the connection, for example after a message that was too large.
        raise WebSocketDisconnect(1006) from error


def _problem(text: str) -> dict[str, Any]:
    return {"type": "error", "error": text}


async def _body(request: Request) -> bytes:
    body = bytearray()
    size = 0

    async def read() -> None:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size <= limits.MAX_BODY:
                body.extend(part)
            elif size > 4 * limits.MAX_BODY:
                return
            # Otherwise discard it: a client that is cut off while sending never sees the answer.

    try:
        await asyncio.wait_for(read(), limits.BODY_SECONDS)
    except asyncio.TimeoutError as error:
        raise HTTPException(408, "body: did not arrive in time; send it again") from error
    if size > limits.MAX_BODY:
        text = f"body: larger than {limits.MAX_BODY // 2**20} MB; send a smaller image"
        raise HTTPException(413, text)
    return bytes(body)
