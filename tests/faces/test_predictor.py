import errno
import hashlib
import sys
import threading
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.errors import PredictorError
from landmark_emotion.faces import predictor as module
from landmark_emotion.faces.predictor import (
    PREDICTOR_NAME,
    LandmarkPredictor,
    VectorizedTrees,
    find_predictor,
    predictor_digest,
)
from landmark_emotion.faces.trees import read_trees


@pytest.fixture(scope="module")
def trees():
    return read_trees(find_predictor())[0]


@pytest.fixture(scope="module")
def rounded():
    """dlib's own predictor: (gray, box) -> landmarks (68, 2) in whole pixels."""
    predictor = dlib.shape_predictor(str(find_predictor()))

    def predict(gray, box):
        left, top, width, height = box
        rectangle = dlib.rectangle(left, top, left + width - 1, top + height - 1)
        return np.array([(part.x, part.y) for part in predictor(gray, rectangle).parts()])

    return predict


@pytest.fixture(scope="module", params=["numpy", "numba"])
def evaluate(request, trees):
    if request.param == "numpy":
        return VectorizedTrees(trees).evaluate
    pytest.importorskip("numba", reason="the extra fast is not installed")
    from landmark_emotion.faces.compiled import CompiledTrees

    return CompiledTrees(trees).evaluate


def cases(image, box):
    """The face at 30 to 900 pixels, whole and partly outside the image."""
    for width in (30, 80, 200, 900):
        factor = width / box[2]
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        gray = cv2.resize(image, None, fx=factor, fy=factor, interpolation=way)
        left, top, *_ = (round(value * factor) for value in box)
        for right, down in ((0, 0), (-width, 0), (width // 2, width)):
            yield gray, (left + right, top + down, width, width)


def assert_rounds_to(evaluate, rounded, image, box):
    for gray, place in cases(image, box):
        (landmarks,) = evaluate(gray, np.array([place], dtype=np.float64))
        expected = rounded(gray, place)
        off = np.abs(landmarks - expected)
        assert (np.floor(landmarks + 0.5) == expected).mean() > 0.99
        assert off.max() < 0.51  # where it rounds otherwise, it lies within 0.01 of a half pixel


@pytest.mark.parametrize("emotion", ["neutral", "surprise"])
def test_landmarks_are_those_of_dlib_before_rounding(evaluate, rounded, emotion):
    image = cv2.cvtColor(draw_face(Subject(), emotion), cv2.COLOR_BGR2GRAY)
    assert_rounds_to(evaluate, rounded, image, (210, 130, 220, 220))


def test_landmarks_of_real_faces_are_those_of_dlib(evaluate, rounded, photos):
    for name in ("happiness/003_08.jpg", "neutral/009_03.jpg"):
        image = cv2.imread(str(photos / name), cv2.IMREAD_GRAYSCALE)
        assert_rounds_to(evaluate, rounded, image, (209, 257, 216, 216))


def test_a_box_between_pixels_moves_landmarks_little(evaluate, face):
    gray = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    boxes = np.array([(210, 130, 220, 220), (210.5, 130.25, 220, 220)])
    one, other = evaluate(gray, boxes)
    assert 0 < np.abs(one - other).mean() < 2


def loaded():
    """A predictor that has loaded machine code, or failed to."""
    predictor = LandmarkPredictor()
    predictor.load_compiled()
    return predictor


def test_machine_code_gives_the_same_landmarks_to_the_last_bit(trees, photos):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    from landmark_emotion.faces.compiled import CompiledTrees

    image = cv2.imread(str(photos / "happiness/003_08.jpg"), cv2.IMREAD_GRAYSCALE)
    boxes = np.array([(209 + 3 * i, 257 - 2 * i, 216 + i, 216 + i) for i in range(12)], dtype=float)
    one, other = (kind(trees).evaluate(image, boxes) for kind in (VectorizedTrees, CompiledTrees))
    assert np.array_equal(one, other)


def test_machine_code_is_loaded_once_there_is_more_than_an_image(face, monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.delitem(sys.modules, "landmark_emotion.faces.compiled", raising=False)
    predictor, gray, box = LandmarkPredictor(), face[..., 1].copy(), (210, 130, 220, 220)
    first = predictor.landmarks(gray, [box] * 20)
    assert isinstance(predictor._evaluate.__self__, VectorizedTrees)
    predictor.landmarks(gray, [box] * 40)
    for thread in threading.enumerate():
        if thread.name == "loads Numba":
            thread.join()
    assert not isinstance(predictor._evaluate.__self__, VectorizedTrees)
    assert np.array_equal(predictor.landmarks(gray, [box]), first[:1])


def test_later_starts_read_the_cache(monkeypatch, face):
    box = (210, 130, 220, 220)
    before = LandmarkPredictor().landmarks(face[..., 1], [box])
    monkeypatch.setattr(module, "read_trees", None)
    again = LandmarkPredictor()
    assert np.array_equal(again.landmarks(face[..., 1], [box]), before)
    assert again.digest == predictor_digest()


def test_a_damaged_cache_is_written_again(tmp_path, monkeypatch, face, trees):
    monkeypatch.setattr(module, "user_folder", lambda kind: tmp_path)
    monkeypatch.setattr(module, "read_trees", lambda path: (trees, "0" * 64))
    box = [(210, 130, 220, 220)]
    before = LandmarkPredictor().landmarks(face[..., 1], box)
    (folder,) = (tmp_path / "predictors").iterdir()
    for name in ("leaves.npy", "pixels.npy"):
        (folder / name).write_bytes((folder / name).read_bytes()[:1000])
        assert np.array_equal(LandmarkPredictor().landmarks(face[..., 1], box), before)


def test_the_digest_is_that_of_the_content():
    assert predictor_digest() == hashlib.sha256(find_predictor().read_bytes()).hexdigest()


@pytest.mark.parametrize("place", [1, 2000, 50_000_000])
def test_a_damaged_predictor_is_refused_or_read(tmp_path, place):
    data = bytearray(find_predictor().read_bytes())
    data[place] ^= 0x57
    (tmp_path / "damaged.dat").write_bytes(data)
    try:
        read_trees(tmp_path / "damaged.dat")
    except PredictorError as error:
        assert "damaged.dat" in str(error)  # noqa: PT017


def test_a_missing_predictor_is_named(tmp_path):
    with pytest.raises(PredictorError, match=r"none\.dat: no shape predictor; check the path"):
        LandmarkPredictor(tmp_path / "none.dat")
    with pytest.raises(PredictorError, match="no shape predictor"):
        LandmarkPredictor(tmp_path)  # a folder


@pytest.mark.parametrize(
    "content",
    [b"", b"not a predictor", b"\0" * 1000, b"\x01\x01\x81\x88\x81\x01" * 200_000],
)
def test_what_is_no_predictor_is_refused(tmp_path, content):
    (tmp_path / "bad.dat").write_bytes(content)
    with pytest.raises(PredictorError, match=r"bad\.dat: not a shape predictor"):
        LandmarkPredictor(tmp_path / "bad.dat")


def test_a_truncated_predictor_is_refused(tmp_path):
    with find_predictor().open("rb") as whole:
        (tmp_path / "half.dat").write_bytes(whole.read(5_000_000))
    with pytest.raises(PredictorError, match=r"half\.dat: not a shape predictor"):
        LandmarkPredictor(tmp_path / "half.dat")


def test_a_predictor_of_other_landmarks_is_refused():
    five = find_predictor().with_name("shape_predictor_5_face_landmarks.dat")
    with pytest.raises(PredictorError, match="predicts 5 landmarks instead of 68"):
        LandmarkPredictor(five)


def test_the_file_in_models_comes_before_the_one_that_was_installed(here):
    installed = find_predictor()
    assert installed.is_absolute()
    own = Path("models") / PREDICTOR_NAME
    own.parent.mkdir()
    own.touch()
    assert find_predictor() == own
    assert find_predictor(installed) == installed  # a named one comes before both


def test_without_any_predictor_the_remedy_is_told(here, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PredictorError, match="pip install face_recognition_models"):
        find_predictor()


def test_numpy_takes_over_if_numba_cannot_cache_its_code(monkeypatch):
    caching = pytest.importorskip("numba.core.caching", reason="the extra fast is not installed")
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])  # as without a home
    monkeypatch.delitem(sys.modules, "landmark_emotion.faces.compiled", raising=False)
    gray = np.zeros((50, 50), dtype=np.uint8)
    assert loaded().landmarks(gray, (0, 0, 40, 40)).shape == (1, 68, 2)


def test_numpy_takes_over_if_the_disk_is_full(monkeypatch):
    compiled = pytest.importorskip("landmark_emotion.faces.compiled", exc_type=ImportError)

    def evaluate(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compiled, "_evaluate", evaluate)
    gray = np.zeros((50, 50), dtype=np.uint8)
    assert loaded().landmarks(gray, (0, 0, 40, 40)).shape == (1, 68, 2)


def test_numpy_evaluates_if_numba_cannot_be_imported(monkeypatch, face):
    box = [(210, 130, 220, 220)]
    expected = LandmarkPredictor().landmarks(face[..., 1], box)
    monkeypatch.setitem(sys.modules, "landmark_emotion.faces.compiled", None)
    assert np.array_equal(LandmarkPredictor().landmarks(face[..., 1], box), expected)
