"""What all requests and pages share: the recognizer, threads and counts."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.requests import HTTPConnection
from starlette.requests import ClientDisconnect

from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.web import limits
from landmark_emotion.web.photos import Photos
from landmark_emotion.web.session import Session
from landmark_emotion.web.uploads import BUSY, Uploads


class Shared:
    """The detector, threads and counts that all requests share.

    The detector is loaded in the background, and pages that open before wait for it.

    Parameters
    ----------
    options : mapping
        Arguments of `Recognizer`, with a model and the path of the predictor.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.model: EmotionModel = options["model"]
        self.clients = 0
        self.uploads = Uploads()
        # A recognizer is used by one thread at a time.
        self.frames = ThreadPoolExecutor(2, "frame")
        self._options = {"max_faces": limits.MAX_FRAME_FACES, **options}
        self._photos = Photos(options)
        self._n_photos = 0
        self._turn = asyncio.Lock()
        self.detector: Future[FaceDetector] = Future()
        # A daemon, so that Ctrl-C does not wait for it.
        threading.Thread(target=self._load, daemon=True).start()

    async def session(self) -> Session:
        """Begin the session of a page."""
        detector = await asyncio.wrap_future(self.detector)
        return Session(Recognizer(**{**self._options, "predictor": detector}))

    async def recognize(self, request: Request, explain: bool) -> tuple[int, bytes]:
        """Receive and recognize a photo, as `photos.Photos.recognize` does.

        Only photos that have come take one of the few places, so slow senders keep out nobody.
        """
        body = await self.uploads.receive(request)
        if self._n_photos >= limits.MAX_PHOTOS:
            raise BUSY
        self._n_photos += 1
        try:
            async with self._turn:
                if await request.is_disconnected():
                    raise ClientDisconnect
                return await self._photos.recognize(body, explain)
        finally:
            self._n_photos -= 1

    def stop(self) -> None:
        """Give up the photo that is being recognized, and take no more."""
        self._photos.stop()

    def close(self) -> None:
        """End the threads and the process."""
        self.stop()
        self.frames.shutdown(cancel_futures=True)

    def _load(self) -> None:
        try:
            self.detector.set_result(FaceDetector(self._options.get("predictor")))
        except Exception as error:
            self.detector.set_exception(error)


async def _shared(connection: HTTPConnection) -> Shared:
    shared: Shared = connection.state.shared
    return shared


AnyShared = Annotated[Shared, Depends(_shared)]
"""The parameter of a request handler that receives what is shared."""
