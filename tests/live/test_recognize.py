import doctest
import importlib
import subprocess
import sys

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


def test_a_file_and_an_array_give_the_same(face, tmp_path, model):
    path = tmp_path / "ü.png"
    path.write_bytes(cv2.imencode(".png", face)[1].tobytes())
    recognizer = le.Recognizer(model)
    (one,), (other,) = (le.recognize(image, recognizer=recognizer) for image in (path, face))
    assert one.emotion == other.emotion == "happiness"
    assert np.array_equal(one.probabilities, other.probabilities)


def test_gray_will_do(face, model):
    gray = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    assert len(le.recognize(gray, recognizer=le.Recognizer(model))) == 1


def test_pictures_do_not_know_of_each_other(face, nobody, model):
    recognizer = le.Recognizer(model)
    first = le.recognize(face, recognizer=recognizer)
    assert le.recognize(nobody, recognizer=recognizer) == []
    again = le.recognize(face, recognizer=recognizer)
    assert np.array_equal(first[0].probabilities, again[0].probabilities)


def test_the_default_recognizer_is_made_once(face, here):
    assert len(le.recognize(face)) == 1
    assert len(le.recognize(face)) == 1
    info = importlib.import_module("landmark_emotion.live.recognizer")._recognizer.cache_info()
    assert info.misses == 1


def test_a_file_that_is_missing_is_told(here):
    with pytest.raises(ImageError, match=r"none\.png: no such file"):
        le.recognize("none.png")


def test_all_that_is_promised_is_there():
    for name in le.__all__:
        assert getattr(le, name) is not None
    assert set(le.__all__) <= set(dir(le))
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        le.no_such_name  # noqa: B018


def test_importing_loads_nothing():
    program = "import sys, landmark_emotion; print({'numpy', 'cv2', 'dlib'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    assert out == "set()\n"
