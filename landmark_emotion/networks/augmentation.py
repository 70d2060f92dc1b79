"""Random variants of pictures, made by JAX while a network learns."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are varied.

    Attributes
    ----------
    degrees, scale, shift : float
        Largest rotation, logarithm of the scale, and shift in sides of the picture.
    stretch : float
        Largest logarithm of the ratio of width to height.
    gamma : float
        Largest logarithm of the exponent of the gray levels.
    blur : float
        Largest share of a 3x3 binomial filter; as negative share, the picture is sharpened.
    noise : float
        Largest standard deviation of noise, in those of the picture.
    erase : float
        Share of the pictures of which a rectangle is erased.
    """

    degrees: float = 15.0
    scale: float = 0.2
    shift: float = 0.08
    stretch: float = 0.1
    gamma: float = 0.5
    blur: float = 0.8
    noise: float = 0.2
    erase: float = 0.5


def standardized(pictures: Array) -> Array:
    """Subtract the mean of each picture (n, h, w) and divide by its standard deviation."""
    mean = pictures.mean(axis=(1, 2), keepdims=True)
    deviation = pictures.std(axis=(1, 2), keepdims=True)
    return (pictures - mean) / jnp.maximum(deviation, 1e-3)


def cropped(images: Array, transforms: Array, size: int) -> Array:
    """Cut crops out of images with bilinear interpolation, repeating the border.

    Parameters
    ----------
    images : Array of shape (n, height, width), uint8
        Gray.
    transforms : Array of shape (n, 2, 3)
        As from `crop.crop_transform`.
    size : int
        Width and height of the crops in pixels.

    Returns
    -------
    Array of shape (n, size, size)
        Gray levels from 0 to 1.
    """
    n, height, width = images.shape
    grid = jnp.stack(jnp.meshgrid(jnp.arange(size), jnp.arange(size)), axis=-1)
    points = jnp.einsum("nij,yxj->nyxi", transforms[:, :, :2], grid.astype(jnp.float32))
    points = points + transforms[:, None, None, :, 2]
    points = jnp.clip(points, 0, jnp.array([width - 1, height - 1], dtype=jnp.float32))
    corner = jnp.minimum(jnp.floor(points), jnp.array([width - 2, height - 2], dtype=jnp.float32))
    share = points - corner
    place = (corner[..., 1] * width + corner[..., 0]).astype(jnp.int32).reshape(n, -1)
    flat = images.reshape(n, -1)

    def level(offset: int) -> Array:
        taken = jnp.take_along_axis(flat, place + offset, axis=1)
        return taken.reshape(n, size, size).astype(jnp.float32) / 255

    x, y = share[..., 0], share[..., 1]
    above = level(0) * (1 - x) + level(1) * x
    below = level(width) * (1 - x) + level(width + 1) * x
    return above * (1 - y) + below * y


def augmented(key: Array, images: Array, transforms: Array, size: int, how: Augmentation) -> Array:
    """Crop, vary and standardize pictures.

    Parameters
    ----------
    key : Array
        JAX's random key.
    images, transforms, size
        As for `cropped`.
    how : Augmentation
        How far.

    Returns
    -------
    Array of shape (n, size, size)
        Standardized.
    """
    n = len(images)
    keys = iter(jax.random.split(key, 16))

    def uniform(largest: float, *shape: int) -> Array:
        return jax.random.uniform(next(keys), (n, *shape), minval=-largest, maxval=largest)

    moved = jnp.einsum("nij,njk->nik", transforms[:, :, :2], _linear(uniform, how))
    center = (size - 1) / 2
    middle = transforms[:, :, :2].sum(axis=2) * center + transforms[:, :, 2]
    shift = jnp.einsum("nij,nj->ni", transforms[:, :, :2], uniform(how.shift * size, 2))
    start = middle + shift - moved.sum(axis=2) * center
    pictures = cropped(images, jnp.concatenate([moved, start[..., None]], axis=2), size)
    flip = jax.random.bernoulli(next(keys), 0.5, (n, 1, 1))
    pictures = jnp.where(flip, pictures[:, :, ::-1], pictures)
    pictures = jnp.power(pictures + 0.01, jnp.exp(uniform(how.gamma, 1, 1)))
    pictures = pictures + uniform(how.blur, 1, 1) * (_blurred(pictures) - pictures)
    pictures = standardized(pictures)
    noise = jax.random.normal(next(keys), pictures.shape) * jnp.abs(uniform(how.noise, 1, 1))
    return _erased(next(keys), pictures + noise, how.erase)


def _linear(uniform: Any, how: Augmentation) -> Array:
    angle = uniform(jnp.pi / 180 * how.degrees)
    scale, stretch = uniform(how.scale), uniform(how.stretch)
    x, y = jnp.exp(scale + stretch / 2), jnp.exp(scale - stretch / 2)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    rows = [jnp.stack([cosine * x, -sine * y], axis=1), jnp.stack([sine * x, cosine * y], axis=1)]
    return jnp.stack(rows, axis=1)


def _blurred(pictures: Array) -> Array:
    padded = jnp.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4


def _erased(key: Array, pictures: Array, share: float) -> Array:
    """Set a random rectangle of some pictures to 0, the mean."""
    n, size, _ = pictures.shape
    first, second, third = jax.random.split(key, 3)
    sides = jax.random.uniform(first, (n, 2), minval=0.15, maxval=0.5) * size
    corner = jax.random.uniform(second, (n, 2)) * (size - sides)
    erase = jax.random.bernoulli(third, share, (n, 1, 1))
    at = jnp.arange(size)
    inside = (at >= corner[..., None]) & (at < (corner + sides)[..., None])
    return jnp.where(erase & inside[:, 1, :, None] & inside[:, 0, None, :], 0.0, pictures)
