"""A server on a port of its own, and clients."""

import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import cv2
import numpy as np
from websockets.sync.client import connect

from landmark_emotion.model.classifier import load_model
from landmark_emotion.web import connections
from landmark_emotion.web.listening import listen
from landmark_emotion.web.server import configuration, create_app


def jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Server:
    """The application on a port of its own."""

    def __init__(self, model, token=None, certificate=None, **options) -> None:
        self.taken = listen("127.0.0.1", 0)
        self.port = self.taken.getsockname()[1]
        self.address = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        options = {"model": load_model(model), "smoothing": 0, **options}
        app = create_app(options, token=token, address=self.address)
        self.uvicorn = connections.Server(configuration(app, certificate))
        self.thread = threading.Thread(target=self.uvicorn.run, kwargs={"sockets": [self.taken]})
        self.thread.start()

    def request(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=body, headers=named)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def recognize(self, body: bytes, query: str = "", **headers: str) -> Answer:
        headers = {"Content_Type": "image/jpeg"} | headers
        return self.request(f"/api/recognize{query}", body, **headers)

    @contextlib.contextmanager
    def live(self, **options):
        address = f"ws://127.0.0.1:{self.port}/live"
        with connect(address, compression=None, **options) as client:
            assert options or receive(client)["type"] == "state"
            yield client

    def wait_until_nobody_is_left(self) -> None:
        end = time.monotonic() + 10
        while self.request("/api/health").json["clients"]:
            assert time.monotonic() < end

    def close(self) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(timeout=20)
        self.taken.close()


def receive(client) -> dict:
    return json.loads(client.recv(timeout=30))


def ask(client, message: bytes | dict) -> dict:
    client.send(message if isinstance(message, bytes) else json.dumps(message))
    return receive(client)
