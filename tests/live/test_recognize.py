import doctest
import importlib
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import cv2
import numpy as np
import pytest

import landmark_emotion as le
from landmark_emotion.errors import ImageError


@pytest.mark.parametrize("module", ["live.recognizer", "training.estimators"])
def test_the_examples_in_docstrings_run(module):
    failed, tried = doctest.testmod(importlib.import_module(f"landmark_emotion.{module}"))
    assert tried > 3
    assert not failed


def test_every_way_to_pass_an_image_gives_the_same_result(face, tmp_path, model):
    path = tmp_path / "ü.png"
    data = cv2.imencode(".png", face)[1].tobytes()
    path.write_bytes(data)
    pil = pytest.importorskip("PIL.Image")
    recognizer = le.Recognizer(model)
    (expected,) = le.recognize(face, recognizer=recognizer)
    assert expected.emotion == "happiness"
    for image in (path, str(path), data, io.BytesIO(data), pil.open(path)):
        (found,) = le.recognize(image, recognizer=recognizer)
        assert np.array_equal(found.probabilities, expected.probabilities)


def test_images_are_independent_of_each_other(face, nobody, model):
    recognizer = le.Recognizer(model)
    first = le.recognize(face, recognizer=recognizer)
    assert le.recognize(nobody, recognizer=recognizer) == []
    again = le.recognize(face, recognizer=recognizer)
    assert np.array_equal(first[0].probabilities, again[0].probabilities)


def test_the_default_recognizer_is_created_once_however_many_threads_ask(
    face, here, monkeypatch, model
):
    module = importlib.import_module("landmark_emotion.live.recognizer")
    recognizer, created = le.Recognizer(model), []

    def create():
        sleep(0.05)
        created.append(recognizer)
        return recognizer

    monkeypatch.setattr(module, "Recognizer", create)
    module._create_recognizer.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(le.recognize, [face] * 8))
    module._create_recognizer.cache_clear()
    assert len(created) == 1
    assert all(np.array_equal(p.probabilities, found[0][0].probabilities) for (p,) in found)


def test_a_missing_file_raises_an_error(here):
    with pytest.raises(ImageError, match=r"none\.png: no such file"):
        le.recognize("none.png")


def test_every_public_name_can_be_imported():
    for name in le.__all__:
        assert getattr(le, name) is not None
    assert set(le.__all__) <= set(dir(le))
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        le.no_such_name  # noqa: B018


def test_importing_the_package_loads_no_heavy_module():
    program = "import sys, landmark_emotion; print({'numpy', 'cv2', 'dlib'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    assert out == "set()\n"
