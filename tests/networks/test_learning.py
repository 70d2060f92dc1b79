import numpy as np
import pytest

from landmark_emotion.networks.crop import whole_transform

pytestmark = pytest.mark.usefixtures("keras")

SIZE = 16


def stripes(n: int, seed: int = 0):
    """Noisy pictures of horizontal or vertical stripes."""
    from landmark_emotion.networks.learning import Pictures

    random = np.random.default_rng(seed)
    vertical = random.integers(0, 2, n)
    at = np.arange(SIZE) // 3 % 2
    waves = np.where(vertical[:, None, None], at[None, None, :], at[None, :, None])
    images = 90 + 70 * waves + random.normal(0, 15, (n, SIZE, SIZE))
    transforms = np.array([whole_transform(SIZE, SIZE, SIZE)] * n, np.float32)
    targets = np.eye(2, dtype=np.float32)[vertical]
    return Pictures(images.clip(0, 255).astype(np.uint8), transforms, (targets,))


@pytest.fixture(scope="module")
def model():
    from landmark_emotion.networks.architecture import Architecture, build

    return build(Architecture(stem=4, halve=False, blocks=((8, True),)), [2])


@pytest.fixture(scope="module")
def schedule():
    from landmark_emotion.networks.learning import Augmentation, Schedule

    small = Augmentation(degrees=5, scale=0.05, shift=0.05, noise=0.1, erase=0.2)
    return Schedule(epochs=4, sizes=(SIZE,), batch=16, rate=0.1, average=0.9, augmentation=small)


@pytest.fixture(scope="module")
def states(model, schedule):
    from landmark_emotion.networks.learning import learn

    found = []
    for state in learn(model, stripes(96), schedule, seed=3):
        found.append(copied(state))
    return found


def copied(state):
    """Copy a state, as the next step overwrites its arrays."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(jnp.array, state)


def accuracy(scores, pictures) -> float:
    return float((scores.argmax(axis=1) == pictures.targets[0].argmax(axis=1)).mean())


def test_it_learns_and_the_finished_model_is_what_was_evaluated(model, states):
    from landmark_emotion.networks.augmentation import cropped, standardized
    from landmark_emotion.networks.learning import evaluator, finished

    unseen = stripes(80, seed=1)
    features, scores = evaluator(model, SIZE, mirrored=False, batch=32)(states[-1], unseen)
    assert features.shape == (80, 8)
    assert accuracy(scores, unseen) > 0.95
    finished(model, states[-1])
    pictures = standardized(cropped(unseen.images, unseen.transforms, SIZE))[..., None]
    _, wanted = model(pictures, training=False)
    assert np.allclose(scores, np.asarray(wanted), atol=1e-4)


def test_the_mirror_image_counts_as_much(model, states):
    from landmark_emotion.networks.learning import Pictures, evaluator

    unseen = stripes(10, seed=1)
    mirror = Pictures(unseen.images[:, :, ::-1], unseen.transforms, unseen.targets)
    one, both = (evaluator(model, SIZE, mirrored=m, batch=16) for m in (False, True))
    straight, turned = one(states[-1], unseen)[1], one(states[-1], mirror)[1]
    assert not np.allclose(straight, turned, atol=1e-4)
    assert np.allclose(both(states[-1], unseen)[1], (straight + turned) / 2, atol=1e-4)


def test_a_resumed_run_ends_as_an_uninterrupted_one(model, schedule, states):
    from landmark_emotion.networks.learning import learn

    *_, last = learn(model, stripes(96), schedule, seed=3, state=copied(states[1]))
    assert int(last.step) == int(states[-1].step) == 24
    for name in ("weights", "averaged", "averaged_statistics"):
        for a, b in zip(getattr(last, name), getattr(states[-1], name), strict=True):
            assert np.array_equal(a, b), name
    *_, other = learn(model, stripes(96), schedule, seed=4)
    assert not np.allclose(other.weights[0], last.weights[0])


def test_progress_rises_to_one_and_grows_with_the_area(model, schedule):
    from dataclasses import replace

    from landmark_emotion.networks.learning import learn, work_share

    shares: list[float] = []
    for _ in learn(model, stripes(32), replace(schedule, epochs=2), on_step=shares.append):
        pass
    assert np.allclose(shares, [0.25, 0.5, 0.75, 1])
    two = replace(schedule, sizes=(10, 20))
    assert np.allclose([work_share(two, n) for n in (0, 2, 3, 4)], [0, 0.2, 0.6, 1])


def test_targets_of_zeros_teach_nothing(model, schedule, states):
    """The weights of a head that knows no answer only decay."""
    from dataclasses import replace

    from landmark_emotion.networks.learning import Pictures, learn

    known = stripes(32)
    nothing = Pictures(known.images, known.transforms, (np.zeros_like(known.targets[0]),))
    (state,) = learn(model, nothing, replace(schedule, epochs=1, decay=0.0), state=None, seed=0)
    from landmark_emotion.networks.learning import begin

    for before, after in zip(begin(model, 0).weights, state.weights, strict=True):
        assert np.allclose(before, after, atol=1e-6)


def test_a_teacher_replaces_the_labels(model, schedule):
    """A teacher that says the opposite of the labels is believed."""
    import jax.numpy as jnp

    from landmark_emotion.networks.learning import Teacher, evaluator, learn

    def opposite(weights, x):
        across = jnp.abs(jnp.diff(x, axis=2)).mean(axis=(1, 2))
        along = jnp.abs(jnp.diff(x, axis=1)).mean(axis=(1, 2))
        vertical = (across > along).astype(jnp.float32)
        return [jnp.stack([vertical, weights - vertical], axis=1)]

    teacher = Teacher(jnp.ones(()), opposite)
    *_, state = learn(model, stripes(96), schedule, teacher=teacher)
    unseen = stripes(64, seed=1)
    _, scores = evaluator(model, SIZE, batch=64)(state, unseen)
    assert accuracy(scores, unseen) < 0.1
