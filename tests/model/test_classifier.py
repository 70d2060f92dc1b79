import dataclasses
import io
import itertools
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from synthetic import table, template

from landmark_emotion.errors import ModelError, OutputError
from landmark_emotion.model.classifier import (
    FORMAT_VERSION,
    EmotionModel,
    default_model,
    load_model,
)
from landmark_emotion.model.explanation import explain
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import Head, soft_votes
from landmark_emotion.training.fit import TrainingSet, fit_model


@pytest.fixture(scope="module")
def model():
    return fit_model(
        TrainingSet.of(table()), temperatures=(0.5, 0.7), info={"counts": {"anger": 3}}
    )


@pytest.fixture
def saved(model, tmp_path):
    path = tmp_path / "model.npz"
    model.save(path)
    return path


def test_a_saved_model_gives_the_same_probabilities(model, saved):
    loaded = load_model(saved)
    faces = table(seed=1).landmarks
    neutral = landmark_features(template())
    assert loaded.emotions == model.emotions
    np.testing.assert_array_equal(loaded.probabilities(faces), model.probabilities(faces))
    np.testing.assert_array_equal(
        loaded.probabilities(faces, neutral), model.probabilities(faces, neutral)
    )
    assert loaded.info["counts"] == {"anger": 3}


def test_probabilities_sum_to_one_and_do_not_depend_on_the_batch(model):
    faces = table(seed=1).landmarks[:20]
    together = model.probabilities(faces)
    np.testing.assert_allclose(together.sum(axis=1), 1)
    alone = np.array([model.probabilities(face) for face in faces])
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_a_neutral_reference_changes_the_judgment(model):
    face = table(seed=3).landmarks[0]
    own = landmark_features(face)
    calibrated = model.probabilities(face, own)
    # A face that is the person's own neutral one can be nothing else.
    assert model.emotions[calibrated.argmax()] == "neutral"


def test_compared_with_an_estimate_a_face_is_called_neutral_less_readily(model):
    faces = table(seed=3).landmarks
    features, own = landmark_features(faces), landmark_features(template())
    change = model.votes(features, own, automatic=True) - model.votes(features, own)
    neutral = model.emotions.index("neutral")
    assert (change[:, neutral] < 0).all()
    assert not np.delete(change, neutral, axis=1).any()
    explained = explain(model, faces[0], own, automatic=True)
    np.testing.assert_allclose(explained.scores, model.votes(features[0], own, automatic=True))


def test_without_a_calibrated_head_the_static_one_judges_the_difference(model):
    static_only = EmotionModel(model.emotions, model.mean, model.static)
    face = table(seed=3).landmarks[0]
    np.testing.assert_allclose(
        static_only.probabilities(face, model.mean), static_only.probabilities(face)
    )


def test_a_model_can_choose_among_some_of_its_emotions(model):
    faces = table()
    some = model.only(("neutral", "anger", "fear"))
    assert some.emotions == ("anger", "fear", "neutral")
    features = landmark_features(faces.landmarks)
    pairs = list(itertools.combinations(model.emotions, 2))
    kept = [pairs.index(pair) for pair in itertools.combinations(some.emotions, 2)]
    for neutral in (None, features[0]):
        margins = model.head_for(neutral).margins(features)
        np.testing.assert_allclose(some.head_for(neutral).margins(features), margins[:, kept])
    shown = np.isin(faces.emotion, some.emotions)
    likeliest = np.array(some.emotions)[some.probabilities(faces.landmarks[shown]).argmax(axis=1)]
    assert (likeliest == faces.emotion[shown]).mean() > 0.9
    for wrong in (("anger",), ("anger", "bored"), ()):
        with pytest.raises(ValueError, match="emotions must be"):
            model.only(wrong)


def test_classes_may_have_any_names(model, tmp_path):
    names = ("bored", "drowsy", "eyes shut", "müde", "neutral", "pain", "smile")
    assert len(names) == len(model.emotions)
    dataclasses.replace(model, emotions=names).save(tmp_path / "own.npz")
    assert load_model(tmp_path / "own.npz").emotions == names


def test_every_pair_votes_for_its_winner():
    # Margins of (0, 1), (0, 2), (1, 2): 2 wins against both, 0 against 1.
    votes = soft_votes(np.array([3.0, -3.0, -3.0]), 3)
    assert votes.argsort().tolist() == [1, 0, 2]


def test_extreme_margins_stay_finite(model):
    huge = Head(model.static.weights * 1e90, model.static.biases, 1e-5)
    extreme = EmotionModel(model.emotions, model.mean, huge)
    probabilities = extreme.probabilities(table().landmarks[:5])
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def _rewrite(path, **changes):
    """Replace arrays, or fields of the header, of a model file."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    for name, value in changes.items():
        if name in arrays:
            if value is None:
                del arrays[name]
            else:
                arrays[name] = value
        elif value is None:
            header.pop(name, None)
        else:
            header[name] = value
    if "header" in arrays and "header" not in changes:
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(path, **arrays)


BROKEN = {
    "weights missing": {"static_weights": None},
    "header missing": {"header": None},
    "mean missing": {"mean": None},
    "too few weights": {"static_weights": np.zeros((20, 136))},
    "weights of another feature": {"static_weights": np.zeros((21, 204))},
    "weights flat": {"static_weights": np.zeros(21 * 136)},
    "biases of another length": {"static_biases": np.zeros(20)},
    "mean of another length": {"mean": np.zeros(135)},
    "nan": {"static_weights": np.full((21, 136), np.nan)},
    "infinite": {"static_biases": np.full(21, np.inf)},
    "so large that products overflow": {"mean": np.full(136, 1e200)},
    "integers": {"static_weights": np.zeros((21, 136), dtype=np.int64)},
    "texts": {"static_biases": np.full(21, "x")},
    "temperature zero": {"static_temperature": np.array(0.0)},
    "temperature not a number": {"static_temperature": np.array(np.nan)},
    "two temperatures": {"static_temperature": np.array([1.0, 2.0])},
    "calibrated head announced but missing": {"calibrated_weights": None},
    "header not JSON": {"header": np.frombuffer(b"{nonsense", dtype=np.uint8)},
    "header a list": {"header": np.frombuffer(b"[1]", dtype=np.uint8)},
    "header nested too deep": {"header": np.frombuffer(b"[" * 100_000, dtype=np.uint8)},
    "another program's": {"format": "something else"},
    "newer format": {"version": FORMAT_VERSION + 1},
    "other features": {"features": "raw pixels"},
    "a formula for a name": {"emotions": ["=joy", *"abcdef"]},
    "names with commas": {"emotions": ["a,b", *"abcdef"]},
    "untidy names": {"emotions": [" a", *"bcdefg"]},
    "an emotion twice": {"emotions": ["anger"] * 7},
    "one emotion": {"emotions": ["anger"]},
    "emotions missing": {"emotions": None},
    "emotions a number": {"emotions": 7},
    "prior a text": {"prior": "x"},
    "prior not a number": {"prior": float("nan")},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_model_gets_one_line(saved, changes):
    _rewrite(saved, **changes)
    with pytest.raises(ModelError, match=r"model\.npz: [^\n]+; [^\n]+$"):
        load_model(saved)


def test_a_newer_format_says_what_to_do(saved):
    _rewrite(saved, version=99)
    with pytest.raises(ModelError, match=r"99.*update landmark_emotion"):
        load_model(saved)


def test_other_features_are_not_called_another_format(saved):
    _rewrite(saved, features="raw pixels")
    with pytest.raises(ModelError, match=r"made for other features .*; train a model"):
        load_model(saved)


@pytest.mark.parametrize("keep", [0, 1, 10, 100, 0.5, 0.99])
def test_a_truncated_model_gets_one_line(saved, keep):
    data = saved.read_bytes()
    saved.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(ModelError, match=r"^[^\n]+$"):
        load_model(saved)


@pytest.mark.parametrize("content", [b"hello", b"\x80\x04K\x01.", b"PK\x05\x06" + b"\0" * 18])
def test_other_files_are_no_models(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.npz: "):
        load_model(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(ModelError, match="no such model"):
        load_model(tmp_path / "none.npz")
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path)


class _Bomb:
    ran = False

    def __reduce__(self):
        return setattr, (_Bomb, "ran", True)


def test_nothing_in_a_model_file_can_run_code(saved):
    with np.load(saved) as archive:
        arrays = dict(archive)
    bomb = np.empty(1, dtype=object)
    bomb[0] = _Bomb()
    np.savez(saved, **{**arrays, "mean": bomb})
    with pytest.raises(ModelError):
        load_model(saved)
    saved.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ModelError):
        load_model(saved)
    assert not _Bomb.ran


def test_a_forged_archive_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mean.npy", bytes(64 * 2**20))
    with pytest.raises(ModelError, match="unpacks to more than 16 MB"):
        load_model(path)


def test_an_array_that_claims_to_be_enormous_is_refused(saved):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    )
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, header.getvalue() if name == "mean.npy" else content)
    with pytest.raises(ModelError):
        load_model(saved)


def test_an_array_within_an_array_file_is_not_unpacked(saved):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, saved.read_bytes() if name == "mean.npy" else content)
    with pytest.raises(ModelError, match=r"^[^\n]+$"):
        load_model(saved)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "model.npz")
    for path in (tmp_path / "model.npz", "/dev/zero"):
        with pytest.raises(ModelError, match="cannot be read"):
            load_model(path)


def test_saving_replaces_the_old_model_or_leaves_it(model, saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        model.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_default_is_the_model_trained_here(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model.save("models/emotion.npz")
    assert default_model().as_posix() == "models/emotion.npz"
