"""Shared fixtures: drawn faces and what is made from them, once per session."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

# As the command line does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest

from landmark_emotion.cli import main
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.faces import detector as detection
from landmark_emotion.networks.keras import keras as keras_on_jax

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Result:
    """The outcome of a command."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict]:
        """Rows printed as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> dict:
        """JSON printed."""
        return json.loads(self.out)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """Keep away from the user's files and screen."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(folder))
        for name in ("XDG_CONFIG_HOME", "APPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp("settings")))
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR"):
            patch.delenv(name, raising=False)
        # Unpacking the predictor takes seconds, so it is kept between runs.
        kept = Path(__file__).parents[1] / ".pytest_cache" / "predictors"
        kept.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # Windows may not allow links
            (folder / "landmark_emotion").mkdir()
            (folder / "landmark_emotion" / "predictors").symlink_to(kept)
        yield folder


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys) -> Callable[..., Result]:
    """Run a command in this process."""

    def run_command(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as leaving:
            status = leaving.code
        return Result(status, *capsys.readouterr())

    return run_command


@pytest.fixture
def spawn(tmp_path):
    """Start Python in another process: ``spawn("-m", "landmark_emotion", ...)``."""
    started = []

    def start(*arguments: object, **options: object) -> subprocess.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, *map(str, arguments)]
        started.append(subprocess.Popen(command, **({"cwd": tmp_path} | pipes | options)))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Imitate a full disk: files cannot grow beyond some bytes."""
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")

    @contextlib.contextmanager
    def limit(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.fixture(scope="session")
def keras():
    # Not imported here, since Keras would choose another backend.
    if not (find_spec("keras") and find_spec("jax")):
        pytest.skip("needs Keras and JAX")
    return keras_on_jax()


@pytest.fixture(scope="session")
def detector() -> detection.FaceDetector:
    return detection.FaceDetector()


@pytest.fixture(scope="session")
def face() -> np.ndarray:
    """A drawn happy face, (480, 640, 3)."""
    return draw_face(Subject(), "happiness")


@pytest.fixture(scope="session")
def nobody() -> np.ndarray:
    """An image without a face, (480, 640, 3)."""
    return np.full((480, 640, 3), 128, dtype=np.uint8)


@pytest.fixture(scope="session")
def png(face) -> bytes:
    """The drawn face as a gray PNG, (240, 320)."""
    return cv2.imencode(".png", cv2.cvtColor(face[::2, ::2], cv2.COLOR_BGR2GRAY))[1].tobytes()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> Path:
    """Five drawn people in the layout of CK+, with three frames per sequence."""
    folder = tmp_path_factory.mktemp("data") / "drawn"
    draw_dataset(folder, subjects=5, seed=3, frames=3)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory, drawn) -> SimpleNamespace:
    """Result, model and report of ``train`` on them."""
    folder = tmp_path_factory.mktemp("trained")
    model, report = folder / "model.npz", folder / "report.json"
    arguments = ["train", drawn, "--output", model, "--report", report, "--jobs", "1"]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    assert status == 0, err.getvalue()
    return SimpleNamespace(
        result=Result(status, out.getvalue(), err.getvalue()),
        model=model,
        report=json.loads(report.read_text()),
    )


@pytest.fixture(scope="session")
def model(trained) -> Path:
    """A model of seven emotions, trained on drawn faces."""
    return trained.model


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> Path:
    """A drawn video of 40 frames at 10 per second, without a face in the last ten."""
    path = tmp_path_factory.mktemp("video") / "drawn.avi"
    draw_video(path, emotions=("happiness", "surprise"), seconds_each=1.5, fps=10, size=(400, 300))
    return path


@pytest.fixture
def photos() -> Path:
    """Real photos, in folders happiness/ and neutral/."""
    if not (REAL_DATA / "london").is_dir():
        pytest.skip(f"there are no real photos in {REAL_DATA}")
    return REAL_DATA / "london"


@pytest.fixture
def real_video() -> Path:
    """Two seconds of a real face."""
    path = REAL_DATA / "video" / "single_face.mp4"
    if not path.is_file():
        pytest.skip(f"there is no real video in {REAL_DATA}")
    return path


@pytest.fixture
def batch_in_process(monkeypatch):
    """Let `run_batch` do without worker processes, which take seconds to start."""
    from concurrent.futures import ThreadPoolExecutor

    from landmark_emotion.batch import run
    from landmark_emotion.batch.recognition import recognize_unit
    from landmark_emotion.batch.workers import Workers

    @contextlib.contextmanager
    def one_thread(folder, settings, jobs):
        with ThreadPoolExecutor(1) as thread:
            yield Workers(
                lambda unit: thread.submit(recognize_unit, unit, folder, settings),
                lambda future: future.result(),
            )

    monkeypatch.setattr(run, "local_workers", one_thread)
