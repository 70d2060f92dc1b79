import dataclasses
import errno
import pickle

import numpy as np
import pytest
from synthetic import table

from landmark_emotion.training import evaluation, experiment
from landmark_emotion.training.experiment import Settings, run_cached

FACES = table(n_subjects=5, emotions=("anger", "neutral"), noise=3)
SETTINGS = Settings(runs=2, folds=2)


@pytest.fixture
def train(tmp_path):
    """Train with a cache; return the result and whether it was cached."""

    def run(faces=FACES, settings=SETTINGS):
        return run_cached(faces, settings, cache=tmp_path / "cache", jobs=1)

    return run


def test_the_second_result_is_cached(train):
    first, known = train()
    assert not known
    again, known = train()
    assert known
    assert again.accuracies == first.accuracies
    assert again.static.scores == first.static.scores
    np.testing.assert_array_equal(again.model.static.weights, first.model.static.weights)


def test_moved_images_have_the_same_scores(train):
    train()
    moved = dataclasses.replace(FACES, source=np.full(len(FACES), "elsewhere"))
    assert train(moved)[1]


def test_other_faces_and_labels_have_other_scores(train):
    train()
    changed = FACES.landmarks.copy()
    changed[0, 0, 0] += 1
    assert not train(dataclasses.replace(FACES, landmarks=changed))[1]
    assert not train(dataclasses.replace(FACES, subject=FACES.subject[::-1]))[1]
    assert train()[1]


def test_another_version_is_computed_again(train, monkeypatch):
    train()
    monkeypatch.setattr(experiment, "VERSION", 1000)
    assert not train(settings=Settings(runs=2, folds=2))[1]


def test_a_damaged_cache_is_computed_again(train, tmp_path):
    first, _ = train()
    (damaged,) = (tmp_path / "cache").rglob("output.pkl")
    damaged.write_bytes(damaged.read_bytes()[:-100])
    again, known = train()
    assert not known
    assert again.accuracies == first.accuracies


def test_an_error_of_the_system_does_not_start_it_again(train, monkeypatch):
    calls = []

    def fail(*_, **__):
        calls.append(1)
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(evaluation, "cross_validate", fail)
    with pytest.raises(OSError, match="Cannot allocate"):
        train()
    assert calls == [1]


def test_a_cached_result_is_loaded_without_scikit_learn(train, tmp_path, spawn):
    (tmp_path / "result.pkl").write_bytes(pickle.dumps(train()[0]))
    code = (
        "import pickle, sys; import landmark_emotion.cli.train; from pathlib import Path; "
        "result = pickle.loads(Path('result.pkl').read_bytes()); "
        "print(len(result.static.predicted), 'sklearn' in sys.modules)"
    )
    assert spawn("-c", code).communicate(timeout=60)[0] == f"{len(FACES)} False\n"
