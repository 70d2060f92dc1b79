"""The bodies of requests, while they are being received."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from landmark_emotion.web import limits

_TOO_LARGE = f"body: larger than {limits.MAX_BODY // 2**20} MB; send a smaller image"
BUSY = HTTPException(503, "server: busy; try again in a second", {"Retry-After": "1"})


class UnreadBodyError(HTTPException):
    """A request is refused before its body has been read."""


class Refusal(JSONResponse):
    """An answer that is sent at once, while the client is still sending a body.

    The body is read and discarded for a while, as most clients look for an answer only after they
    have sent it, and a connection that is closed before would lose the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, then discard the body."""

        async def send_all_but_the_end(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        async def discard() -> None:
            size = 0
            while size < 4 * limits.MAX_BODY:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return

        await super().__call__(scope, receive, send_all_but_the_end)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(discard(), limits.DISCARD_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@dataclass(eq=False)
class _Upload:
    body: bytearray = field(default_factory=bytearray)
    task: "asyncio.Task[int] | None" = None
    dropped: bool = False


class Uploads:
    """Receives bodies within limits on the size of each, their number and their memory.

    Of too many uploads the oldest is dropped, as it is the slowest.
    """

    def __init__(self) -> None:
        self._open: list[_Upload] = []  # the oldest first

    async def receive(self, request: Request) -> bytes:
        """Return the body of a request.

        Raises
        ------
        HTTPException
            With status 413 if it is too large, 408 if it does not arrive in time, 503 if it was
            dropped.
        """
        if int(request.headers.get("content-length", 0)) > limits.MAX_BODY:
            raise UnreadBodyError(413, _TOO_LARGE)
        upload = _Upload()
        upload.task = asyncio.create_task(self._read(upload, request))
        self._open.append(upload)
        self._make_room(upload)
        try:
            size = await asyncio.wait_for(upload.task, limits.BODY_SECONDS)
        except asyncio.TimeoutError as error:
            raise HTTPException(408, "body: did not arrive in time; send it again") from error
        except asyncio.CancelledError:
            if upload.dropped:
                raise BUSY from None
            raise
        finally:
            self._open.remove(upload)
        if size > limits.MAX_BODY:
            raise HTTPException(413, _TOO_LARGE)
        return bytes(upload.body)

    async def _read(self, upload: _Upload, request: Request) -> int:
        size = 0
        async for part in request.stream():
            size += len(part)
            if size <= limits.MAX_BODY:
                upload.body += part
                self._make_room(upload)
            elif size > 4 * limits.MAX_BODY:
                break
            else:
                # Discard it: a client that is cut off while sending never sees the answer.
                upload.body.clear()
        return size

    def _make_room(self, newest: _Upload) -> None:
        for upload in self._open:
            n_bytes = sum(len(each.body) for each in self._open if not each.dropped)
            n_open = sum(not each.dropped for each in self._open)
            if n_open <= limits.MAX_UPLOADS and n_bytes <= limits.MAX_UPLOAD_BYTES:
                return
            if upload is not newest and not upload.dropped and upload.task is not None:
                upload.dropped = True
                upload.body = bytearray()
                upload.task.cancel()
