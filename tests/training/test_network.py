"""Training networks: state, resuming, the file that comes out."""

import numpy as np
import pytest

from landmark_emotion.networks.crop import whole_transform
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.spec import normalize
from landmark_emotion.training.parts import divide
from landmark_emotion.training.pictures import SIZE, VOTED, FacePictures

pytestmark = pytest.mark.usefixtures("keras")

CLASSES = ("happiness", "stripes")


@pytest.fixture(scope="module")
def parts():
    """Horizontal and vertical stripes, with votes for half of them."""
    random = np.random.default_rng(0)
    n = 120
    which = np.arange(n) % 2
    at = np.arange(SIZE) // 6 % 2
    waves = np.where(which[:, None, None], at[None, None, :], at[None, :, None])
    images = (90 + 70 * waves + random.normal(0, 10, (n, SIZE, SIZE))).clip(0, 255)
    votes = np.zeros((n, len(VOTED)), np.float32)
    votes[::4, 1] = 1
    return divide(
        FacePictures(
            images.astype(np.uint8),
            np.array([whole_transform(SIZE, SIZE, SIZE)] * n, np.float32),
            np.array(CLASSES)[which],
            np.full(n, ""),
            np.array([f"{i}.png" for i in range(n)]),
            np.array(["training"] * 64 + ["validation"] * 28 + ["test"] * 28),
            votes,
        )
    )


@pytest.fixture(scope="module")
def settings():
    from landmark_emotion.networks.architecture import Architecture
    from landmark_emotion.networks.learning import Augmentation, Schedule
    from landmark_emotion.training.network import Settings

    small = Augmentation(degrees=5, scale=0.05, shift=0.02, noise=0.1, erase=0.2)
    schedule = Schedule(epochs=3, sizes=(16,), batch=8, average=0.8, augmentation=small)
    return Settings(Architecture(stem=4, blocks=((8, True),)), schedule)


@pytest.fixture
def begin(parts, settings, tmp_path):
    """Return a function that begins or resumes a training, and the notes of the last one."""
    from landmark_emotion.training.network import Training

    notes: list[str] = []

    def training(settings=settings, parts=parts):
        notes.clear()
        return Training(parts, settings, tmp_path / "a.state.npz", notes.append)

    return training, notes


@pytest.fixture(scope="module")
def finished(parts, settings, tmp_path_factory):
    from landmark_emotion.training.network import Training

    training = Training(parts, settings, tmp_path_factory.mktemp("state") / "a.state.npz")
    list(training.epochs())
    return training


def test_the_file_says_the_same_as_keras_and_is_right(finished, parts):
    from landmark_emotion.training.network import predictions

    result = finished.result()
    network = Network(result.onnx({"a": 1}))
    assert network.spec.emotions == CLASSES
    assert network.spec.info == {"a": 1}
    assert network.spec.temperature == result.temperature != 1
    crops = parts.test.crops
    features, scores = network.evaluate(crops)
    wanted = result.model(normalize(crops, "standardize")[..., None], training=False)
    assert np.abs(features - np.asarray(wanted[0])).max() < 1e-4
    assert np.abs(scores * result.temperature - np.asarray(wanted[1])).max() < 1e-4
    tested = predictions(network, parts.test, "test")
    assert tested.scores["accuracy"] > 0.9
    both = predictions(network, parts.test, "test", mirrored=True)
    assert both.scores["accuracy"] > 0.9
    assert not np.array_equal(both.probabilities, tested.probabilities)


def test_the_epoch_that_is_kept_is_the_most_accurate(finished):
    accuracies = [epoch.accuracy for epoch in finished.history]
    assert [epoch.number for epoch in finished.history] == [1, 2, 3]
    assert accuracies[finished.best - 1] == max(accuracies)
    assert finished.done == 1


def test_interrupted_anywhere_it_ends_as_without(begin, finished):
    training, notes = begin
    first = training()

    def interrupt(done):
        if done > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(first.epochs(interrupt))
    resumed = training()
    assert [e.number for e in resumed.history] == [1]
    assert 0 < resumed.done < 0.5
    shares: list[float] = []
    assert [epoch.number for epoch in resumed.epochs(shares.append)] == [2, 3]
    assert min(shares) > 1 / 3
    assert notes == []
    assert resumed.history == finished.history
    assert resumed.result().onnx({}) == finished.result().onnx({})
    # What is finished stays finished.
    again = training()
    assert list(again.epochs()) == []
    assert again.result().onnx({}) == finished.result().onnx({})


def test_other_settings_or_pictures_start_anew_and_say_so(begin, settings, parts):
    from dataclasses import replace

    training, notes = begin
    next(training().epochs())
    assert len(training().history) == 1
    assert training(replace(settings, seed=1)).history == []
    assert "is of other settings; starting anew" in notes[0]
    fewer = replace(parts, learn=parts.learn.take(np.arange(len(parts.learn)) > 0))
    assert training(parts=fewer).history == []
    assert "is of other pictures; starting anew" in notes[0]


def test_a_damaged_state_starts_anew_and_says_so(begin, tmp_path):
    training, notes = begin
    next(training().epochs())
    file = tmp_path / "a.state.npz"
    whole = file.read_bytes()
    for data in (b"", whole[: len(whole) // 2], b"no archive"):
        file.write_bytes(data)
        assert training().history == []
        assert "cannot be resumed from" in notes[0]


def test_small_data_sets_are_learned_in_more_and_smaller_steps():
    from landmark_emotion.training.network import usual_schedule

    fer2013, folder = usual_schedule(28_500), usual_schedule(120)
    assert (fer2013.epochs, fer2013.batch) == (20, 128)
    assert (folder.epochs, folder.batch) == (500, 16)
    assert folder.rate < fer2013.rate
    assert usual_schedule(120, 7).epochs == 7


def test_votes_teach_a_second_head(finished):
    assert [output.shape[-1] for output in finished._model.outputs[1:]] == [2, len(VOTED)]
