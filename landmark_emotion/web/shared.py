"""What all requests and pages share: the recognizer, threads and counts."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi.requests import HTTPConnection

from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.web import limits
from landmark_emotion.web.session import Session, image_answer


class Shared:
    """The recognizer, threads and counts that all requests share."""

    def __init__(self, make_recognizer: Callable[[], Recognizer]) -> None:
        self._make_recognizer = make_recognizer
        self.still = make_recognizer()
        self.clients = self._photos = 0
        # A recognizer is used by one thread at a time. Photos have a thread of their own, so that
        # frames do not wait for them.
        self.photo = ThreadPoolExecutor(1, "photo")
        self.frames = ThreadPoolExecutor(2, "frame")

    async def session(self) -> Session:
        """Begin the session of a page."""
        return Session(self._make_recognizer())

    def close(self) -> None:
        """End the threads."""
        for threads in (self.photo, self.frames):
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


AnyShared = Annotated[Shared, Depends(_shared)]
"""The parameter of a request handler that receives what is shared."""
