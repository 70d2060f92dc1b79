import numpy as np
import pytest

from landmark_emotion.networks.crop import crop_transform, warped, whole_transform

pytestmark = pytest.mark.usefixtures("keras")

SIZE = 24


@pytest.fixture
def images() -> np.ndarray:
    """Eight smooth pictures."""
    random = np.random.default_rng(0).normal(size=(8, 6, 6))
    smooth = np.kron(random, np.ones((8, 8)))
    for axis in (1, 2):
        smooth = sum(np.roll(smooth, shift, axis) for shift in range(-4, 5)) / 9
    return (128 + 60 * smooth).clip(0, 255).astype(np.uint8)


def augmented(images, how, seed=0, transforms=None):
    import jax

    from landmark_emotion.networks import augmentation

    if transforms is None:
        transforms = np.array([whole_transform(48, 48, SIZE)] * len(images), np.float32)
    key = jax.random.key(seed)
    return np.asarray(augmentation.augmented(key, images, transforms, SIZE, how))


def only(**how):
    """An augmentation that does nothing else."""
    from landmark_emotion.networks.augmentation import Augmentation

    names = ("degrees", "scale", "shift", "stretch", "gamma", "blur", "noise", "erase")
    return Augmentation(**dict.fromkeys(names, 0.0) | how)


def test_crops_are_those_of_recognition(images):
    from landmark_emotion.networks.augmentation import cropped

    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    face = 24 + 13 * np.stack([np.cos(turn + 0.3), np.sin(turn)], axis=-1)
    transform = crop_transform(face, SIZE)
    assert abs(np.linalg.det(transform[:, :2])) < 4  # else recognition averages first
    found = cropped(images, np.array([transform] * len(images), np.float32), SIZE)
    for image, crop in zip(images, np.asarray(found), strict=True):
        assert np.abs(255 * crop - warped(image, transform, SIZE)).max() < 1


def test_every_kind_of_variation_keeps_pictures_standardized(images):
    plain = augmented(images, only())
    for how in ({"degrees": 30.0}, {"scale": 0.5}, {"shift": 0.3}, {"gamma": 1.0}, {"blur": 0.9}):
        found = augmented(images, only(**how))
        assert np.allclose(found.mean(axis=(1, 2)), 0, atol=1e-4), how
        assert np.allclose(found.std(axis=(1, 2)), 1, atol=1e-2), how
        difference = np.minimum(
            np.abs(found - plain).max(axis=(1, 2)),
            np.abs(found[:, :, ::-1] - plain).max(axis=(1, 2)),
        )
        assert difference.max() > 0.02, how


def test_half_of_the_pictures_are_mirrored_and_nothing_else(images):
    many = np.repeat(images[:1], 64, axis=0)
    plain = augmented(many, only(), seed=1)
    same = np.isclose(plain, plain[0], atol=1e-4).all(axis=(1, 2))
    mirrored = np.isclose(plain[:, :, ::-1], plain[0], atol=1e-4).all(axis=(1, 2))
    assert np.all(same ^ mirrored)
    assert 16 < same.sum() < 48


def test_rotation_turns_around_the_middle(images):
    """A picture of rings does not change."""
    y, x = np.mgrid[:48, :48] - 23.5
    rings = (128 + 100 * np.cos(np.hypot(x, y) / 3)).astype(np.uint8)[None]
    plain = augmented(rings, only())
    for seed in range(3):
        turned = augmented(rings, only(degrees=90.0), seed)
        inside = np.hypot(*(np.mgrid[:SIZE, :SIZE] - 11.5)) < 11
        assert np.abs(turned - plain)[0][inside].max() < 0.4


def test_erased_rectangles_have_the_mean_gray(images):
    found = augmented(images, only(erase=1.0))
    erased = (found == 0).mean(axis=(1, 2))
    assert np.all((erased > 0.01) & (erased < 0.4))
    assert not np.any(augmented(images, only()) == 0)


def test_a_picture_of_one_color_stays_finite():
    flat = np.full((4, 48, 48), 90, np.uint8)
    from landmark_emotion.networks.augmentation import Augmentation

    assert np.isfinite(augmented(flat, Augmentation())).all()
