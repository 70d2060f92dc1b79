"""The WebSocket of the page: frames and control messages in, answers out."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, WebSocket
from fastapi.websockets import WebSocketDisconnect

from landmark_emotion.errors import ImageError, MessageError, PredictorError
from landmark_emotion.web import limits
from landmark_emotion.web.session import Session
from landmark_emotion.web.shared import AnyShared, Shared

_TRY_LATER, _INTERNAL_ERROR = 1013, 1011  # close codes of WebSockets

_log = logging.getLogger(__name__)
router = APIRouter()


@router.websocket("/live")
async def live(client: WebSocket, shared: AnyShared) -> None:
    """Serve a page until it closes."""
    await client.accept()
    try:
        if shared.clients >= limits.MAX_PAGES:
            await _send(client, _problem("server: too many pages are open; close one"))
            await client.close(_TRY_LATER, "too many pages are open")
            return
        shared.clients += 1
        try:
            await _Conversation(client, shared).hold()
        finally:
            shared.clients -= 1
    except WebSocketDisconnect:
        pass  # the page was closed during an answer
    except PredictorError as error:  # the server is about to end and to say so
        with contextlib.suppress(WebSocketDisconnect):
            await _send(client, _problem(str(error)))
    except Exception:
        _log.exception("/live: internal error; the connection is closed")
        with contextlib.suppress(WebSocketDisconnect):
            await _send(client, _problem("server: internal error; see its log"))
            await client.close(_INTERNAL_ERROR, "internal error")


class _Conversation:
    """Reads messages and answers them in order, one at a time.

    At most one frame waits while another is recognized. A newer one replaces it, so that answers
    are about what the camera sees now however slow the server is.
    """

    def __init__(self, client: WebSocket, shared: Shared) -> None:
        self._client = client
        self._shared = shared
        # Messages with the number of the frame; None for control messages.
        self._waiting: deque[tuple[int | None, Mapping[str, Any]]] = deque()
        self._changed = asyncio.Condition()

    async def hold(self) -> None:
        """Converse until the page closes or was silent for too long."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer_all())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        n_frames = 0
        while True:
            try:
                message = await asyncio.wait_for(self._client.receive(), limits.IDLE_SECONDS)
            except asyncio.TimeoutError:
                await self._client.close(_TRY_LATER, "nothing was received for a while")
                return
            if message["type"] == "websocket.disconnect":
                return
            number = None
            if message.get("bytes") is None:
                # What is cut off is not valid. Many of these may wait, unlike frames.
                message = {"text": (message.get("text") or "")[: limits.MAX_CONTROL]}
            else:
                number = n_frames
                n_frames += 1
            await self._put(number, message)

    async def _put(self, number: int | None, message: Mapping[str, Any]) -> None:
        stale = None
        async with self._changed:
            if number is not None:
                stale = next((item for item in self._waiting if item[0] is not None), None)
                if stale is not None:
                    self._waiting.remove(stale)
            # Whoever sends too many control messages waits, and full network buffers slow it down.
            await self._changed.wait_for(lambda: len(self._waiting) < limits.MAX_WAITING)
            self._waiting.append((number, message))
            self._changed.notify_all()
        if stale is not None:
            await _send(self._client, {"type": "dropped", "id": stale[0]})

    async def _answer_all(self) -> None:
        session = await self._shared.session()
        clock = asyncio.get_running_loop().time
        due = clock()
        await _send(self._client, session.state())
        while True:
            await asyncio.sleep(due - clock())
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._waiting))
                number, message = self._waiting.popleft()
                self._changed.notify_all()
            due = max(due, clock()) + 1 / limits.MAX_FRAMES_PER_SECOND
            about = {} if number is None else {"id": number}
            try:
                answers = await self._answer(session, message)
            except (ImageError, MessageError) as error:
                answers = [_problem(str(error))]
            for answer in answers:
                await _send(self._client, answer | about)
                about = {}

    async def _answer(self, session: Session, message: Mapping[str, Any]) -> list[dict[str, Any]]:
        data = message.get("bytes")
        if data is None:
            return session.control(message["text"])
        if len(data) > limits.MAX_MESSAGE:
            raise MessageError(
                f"message: larger than {limits.MAX_MESSAGE // 2**20} MB; send smaller frames"
            )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._shared.frames, session.frame, data)


async def _send(client: WebSocket, answer: dict[str, Any]) -> None:
    try:
        await client.send_json(answer)
    except RuntimeError as error:
        # uvicorn itself closed the connection, for example after a message that was too large.
        raise WebSocketDisconnect(1006) from error


def _problem(text: str) -> dict[str, Any]:
    return {"type": "error", "error": text}
