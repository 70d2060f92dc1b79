"""What holds for any array: hypothesis looks for the smallest one for which it does not."""

import numpy as np
import pytest
import synthetic

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as arrays  # noqa: E402

from landmark_emotion.emotions import DEFAULT_EMOTIONS, EMOTIONS  # noqa: E402
from landmark_emotion.errors import TrainingError  # noqa: E402
from landmark_emotion.faces.numbers import FaceNumbers  # noqa: E402
from landmark_emotion.live.smoothing import Smoother  # noqa: E402
from landmark_emotion.model.classifier import default_model, load_model  # noqa: E402
from landmark_emotion.model.explanation import explain  # noqa: E402
from landmark_emotion.model.face import Box, mirror_landmarks  # noqa: E402
from landmark_emotion.model.features import (  # noqa: E402
    landmark_features,
    mirror_features,
    normalize_landmarks,
)
from landmark_emotion.model.head import soft_votes, softmax  # noqa: E402
from landmark_emotion.model.neutral import reference_from  # noqa: E402
from landmark_emotion.sources.preparation import prepare, to_gray  # noqa: E402
from landmark_emotion.training.evaluation import cross_validate, shuffled_splits  # noqa: E402
from landmark_emotion.training.fit import fit_model  # noqa: E402
from landmark_emotion.training.landmark_table import LandmarkTable  # noqa: E402
from landmark_emotion.training.metrics import calibration_error, log_loss, reliability, score  # noqa: E402
from landmark_emotion.training.training_set import TrainingSet, usable  # noqa: E402

# Always the same examples, so that a failure is nobody's bad luck.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("fixed")

finite = st.floats(-1e4, 1e4, allow_nan=False, width=32)
any_float = st.floats(allow_nan=True, allow_infinity=True)
dtypes = st.sampled_from([np.float64, np.float32, np.int32, np.int16])


@st.composite
def faces(draw, most=3):
    """Any number of faces as any dtype and memory order, the landmarks not all in one place."""
    shape = draw(st.sampled_from([(), (1,), (most,), (2, most), (0,)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    moves = rng.normal(0, draw(st.floats(0, 30)), (*shape, 68, 2))
    landmarks = (synthetic.template() + moves) * draw(st.floats(0.05, 20))
    landmarks = landmarks.astype(draw(dtypes))
    how = draw(st.sampled_from(["C", "F", "strided", "reversed"]))
    if how == "strided":
        wide = np.zeros((*shape, 68, 4), landmarks.dtype)
        wide[..., ::2] = landmarks
        return wide[..., ::2]
    if how == "reversed":
        return landmarks[..., ::-1, :][..., ::-1, :]
    return np.asarray(landmarks, order=how)


@pytest.fixture(scope="module")
def model():
    return load_model(default_model())


@given(faces(), finite, finite, st.floats(0.1, 10))
def test_features_do_not_depend_on_place_and_size(landmarks, x, y, size):
    features = landmark_features(landmarks)
    assert features.shape == (*landmarks.shape[:-2], 136)
    assert features.dtype == np.float64
    moved = landmarks.astype(float) * size + (x, y)
    assert np.allclose(landmark_features(moved), features, atol=1e-5)


@given(faces())
def test_normalizing_twice_is_normalizing_once(landmarks):
    once = normalize_landmarks(landmarks)
    assert np.allclose(normalize_landmarks(once), once, atol=1e-9)
    assert np.allclose(once.mean(axis=-2), 0, atol=1e-9)


@given(faces())
def test_mirroring_twice_changes_nothing_and_features_follow(landmarks):
    landmarks = landmarks.astype(float)
    assert np.array_equal(mirror_landmarks(mirror_landmarks(landmarks)), landmarks)
    mirrored = landmark_features(mirror_landmarks(landmarks))
    assert np.allclose(mirrored, mirror_features(landmark_features(landmarks)), atol=1e-6)


@given(arrays.arrays(np.float64, st.sampled_from([(68, 2), (2, 68, 2)]), elements=any_float))
def test_any_numbers_give_finite_features_or_a_value_error(landmarks):
    try:
        features = landmark_features(landmarks)
    except ValueError as error:
        if "landmarks" not in str(error):
            raise
    else:
        assert np.isfinite(features).all()


@given(arrays.array_shapes(min_dims=0, max_dims=4, max_side=70), dtypes)
def test_wrong_shapes_are_a_value_error(shape, dtype):
    if shape[-2:] != (68, 2):
        with pytest.raises(ValueError, match="landmarks"):
            landmark_features(np.ones(shape, dtype))


@given(faces())
def test_probabilities_are_finite_and_sum_to_one(model, landmarks):
    probabilities = model.probabilities(landmarks)
    assert probabilities.shape == (*landmarks.shape[:-2], len(model.emotions))
    assert np.isfinite(probabilities).all()
    assert np.allclose(probabilities.sum(axis=-1), 1)
    if landmarks.size:
        own = reference_from(landmarks.reshape(-1, 68, 2)[:1])
        compared = model.probabilities(landmarks, own.features)
        assert np.allclose(compared.sum(axis=-1), 1)


@settings(max_examples=20)
@given(faces().filter(lambda landmarks: landmarks.ndim == 2))
def test_explanations_add_up(model, landmarks):
    for emotion in model.emotions:
        said = explain(model, landmarks.astype(float), None, emotion)
        assert np.isclose(said.by_landmark.sum(), sum(said.by_region.values()))
        assert np.allclose(said.probabilities, model.probabilities(landmarks))
        assert said.sentence.endswith(".")


@given(st.integers(2, 8), st.data())
def test_votes_of_any_margins_give_probabilities(k, data):
    margins = data.draw(
        arrays.arrays(np.float64, k * (k - 1) // 2, elements=st.floats(-1e300, 1e300))
    )
    probabilities = softmax(soft_votes(margins, k))
    assert np.isfinite(probabilities).all()
    assert np.isclose(probabilities.sum(), 1)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.integers(2, 8), st.floats(0, 5))
def test_smoothed_probabilities_stay_probabilities(times, k, seconds):
    rng = np.random.default_rng(k)
    smoother = Smoother(seconds)
    for time in times:
        smooth, likeliest = smoother.update("face", rng.dirichlet(np.ones(k)), time)
        assert np.isclose(smooth.sum(), 1)
        assert (smooth >= 0).all()
        assert 0 <= likeliest < k


FACE = np.random.default_rng(0).uniform(0, 100, (68, 2))
boxes = st.builds(Box, *[st.integers(-500, 2000)] * 2, *[st.integers(1, 600)] * 2)


@given(st.lists(st.lists(boxes, max_size=5), max_size=12))
def test_faces_of_one_frame_never_share_a_number(frames):
    numbers = FaceNumbers()
    for index, places in enumerate(frames):
        given_ = numbers.update(places, [FACE] * len(places), index / 25, [None] * len(places))
        assert len(set(given_)) == len(places)
        assert all(number >= 1 for number in given_)


@given(boxes, boxes)
def test_overlap_is_a_share_in_either_order(one, other):
    assert 0 <= one.overlap(other) <= 1
    assert one.overlap(other) == other.overlap(one)
    assert one.overlap(one) == 1


pictures = arrays.arrays(
    np.uint8,
    st.one_of(
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=40),
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])),
    ),
    fill=st.integers(0, 255),
)


@given(pictures, st.booleans())
def test_any_picture_becomes_gray_and_keeps_its_points(picture, flip):
    picture = picture[::-1, ::-1] if flip else picture
    gray = to_gray(picture)
    assert gray.shape == picture.shape[:2]
    assert gray.dtype == np.uint8
    prepared = prepare(picture)
    assert prepared.gray.ndim == 2
    assert prepared.landmarks_to_original(np.zeros((68, 2))).shape == (68, 2)


labels = st.lists(st.sampled_from(EMOTIONS), min_size=1, max_size=30)


@given(labels, st.randoms(use_true_random=False))
def test_scores_are_shares(truth, random):
    predicted = [random.choice(EMOTIONS) for _ in truth]
    scored = score(np.array(truth), np.array(predicted))
    assert scored["n"] == len(truth)
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "majority_baseline"):
        assert 0 <= scored[name] <= 1


@given(arrays.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)), st.data())
def test_errors_of_probabilities_are_finite(confidence, data):
    right = data.draw(arrays.arrays(np.bool_, len(confidence)))
    assert 0 <= calibration_error(confidence, right) <= 1
    assert log_loss(confidence) >= 0
    assert np.isfinite(log_loss(confidence))
    reliability(confidence, right)


@st.composite
def tables(draw):
    """Small data sets with every kind of shortage."""
    emotions = tuple(draw(st.sets(st.sampled_from(DEFAULT_EMOTIONS), min_size=1, max_size=4)))
    table = synthetic.table(draw(st.integers(1, 5)), emotions, frames=draw(st.integers(1, 2)))
    keep = draw(st.lists(st.integers(0, len(table) - 1), min_size=1, max_size=25))
    table = table.take(np.array(keep))  # duplicates among them
    what = draw(st.sampled_from(["as it is", "nobody known", "one subject", "one place"]))
    changed = dict(vars(table))
    if what == "nobody known":
        changed["subject"] = np.full(len(table), "")
    elif what == "one subject":
        changed["subject"] = np.full(len(table), "S001")
    elif what == "one place":
        changed["landmarks"] = np.broadcast_to(table.landmarks[:1], table.landmarks.shape)
    return LandmarkTable(**changed)


@settings(max_examples=40)
@given(tables())
def test_training_works_or_says_what_is_missing(table):
    try:
        kept, left_out = usable(table, DEFAULT_EMOTIONS)
        assert len(kept) + sum(left_out.values()) == len(table)
        model = fit_model(TrainingSet.of(kept))
        list(shuffled_splits(kept, runs=2))
        cross_validate(kept, jobs=1)
    except TrainingError as error:
        where, _, rest = str(error).partition(": ")
        assert where == "data set"
        assert "; " in rest
        assert "\n" not in rest
    else:
        probabilities = model.probabilities(kept.landmarks)
        assert np.isfinite(probabilities).all()
        assert np.allclose(probabilities.sum(axis=1), 1)
