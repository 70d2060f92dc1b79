"""Learning the weights of a network from pictures, by JAX."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from landmark_emotion.networks.augmentation import Augmentation, augmented, cropped, standardized


@dataclass(frozen=True)
class Pictures:
    """Pictures of faces and what is to be learned of them.

    Attributes
    ----------
    images : ndarray of shape (n, height, width), uint8
        Gray.
    transforms : ndarray of shape (n, 2, 3), float32
        From crops to images, as from `crop.crop_transform`, of the largest size learned from.
    targets : tuple of ndarray of shape (n, classes), float32
        For each head the probabilities of the classes; a row of zeros says nothing.
    """

    images: NDArray[np.uint8]
    transforms: NDArray[np.float32]
    targets: tuple[NDArray[np.float32], ...]

    def take(self, which: NDArray[Any]) -> "Pictures":
        """Return the pictures at the given indices or where a mask is true."""
        return Pictures(
            self.images[which], self.transforms[which], tuple(t[which] for t in self.targets)
        )


@dataclass(frozen=True)
class Schedule:
    """How a network learns.

    Attributes
    ----------
    epochs : int
        How often each picture is seen.
    sizes : tuple of int
        Widths of the crops, in pixels, each for an equal part of the epochs.
    batch : int
        Pictures per step.
    rate : float
        Largest learning rate, reached after `warmup` of all steps, then falling as a cosine.
    momentum, decay : float
        Of Nesterov's method (Sutskever et al. 2013); L2 penalty of the weights.
    average : float
        Decay per step of the running average of the weights, which is the result.
    smoothing : float
        Share of the targets that is spread over all classes.
    mixup : float
        Share of the batches whose pictures are mixed in pairs (Zhang et al. 2018).
    """

    epochs: int = 60
    sizes: tuple[int, ...] = (32, 40, 48)
    batch: int = 128
    rate: float = 0.12
    warmup: float = 0.05
    momentum: float = 0.9
    decay: float = 5e-4
    average: float = 0.998
    smoothing: float = 0.08
    mixup: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)


class State(NamedTuple):
    """Everything that changes while a network learns."""

    step: Array
    weights: list[Array]
    statistics: list[Array]
    velocity: list[Array]
    averaged: list[Array]
    averaged_statistics: list[Array]


class Teacher(NamedTuple):
    """What gives the targets in place of labels.

    Attributes
    ----------
    weights : any
        Arrays, in any nesting of tuples and lists.
    targets : callable
        Takes `weights` and standardized pictures (n, h, w); returns the targets of every head.
    """

    weights: Any
    targets: Callable[[Any, Array], Sequence[Array]]


def begin(model: Any, seed: int = 0) -> State:
    """Return the state of a Keras model that has learned nothing yet.

    Its kernels are random numbers, which depend on `seed` alone (Glorot and Bengio 2010,
    "Understanding the difficulty of training deep feedforward neural networks").
    """
    draw = jax.nn.initializers.glorot_uniform()
    key = jax.random.key(seed)
    weights = [
        draw(jax.random.fold_in(key, i), v.shape) if len(v.shape) > 1 else jnp.array(v.value)
        for i, v in enumerate(model.trainable_variables)
    ]
    statistics = [jnp.array(v.value) for v in model.non_trainable_variables]
    velocity = [jnp.zeros_like(w) for w in weights]
    return State(
        jnp.array(0),
        weights,
        statistics,
        velocity,
        [jnp.array(w) for w in weights],
        [jnp.array(s) for s in statistics],
    )


def learn(
    model: Any,
    pictures: Pictures,
    schedule: Schedule,
    *,
    state: State | None = None,
    seed: int = 0,
    teacher: Teacher | None = None,
    on_step: Callable[[float], None] | None = None,
) -> Iterator[State]:
    """Learn, epoch by epoch.

    Parameters
    ----------
    model : keras.Model
        From `architecture.build`.
    pictures : Pictures
        To learn from.
    schedule : Schedule
        How.
    state : State, optional
        Where to resume, at the end of an epoch.
    seed : int
        Of all random choices; an epoch's depend on its number alone, so a resumed run ends as an
        uninterrupted one.
    teacher : Teacher, optional
        Replaces the targets by those of another network, for the same variants of the pictures.
    on_step : callable, optional
        Called after every step with the share of all work that is done, from 0 to 1.

    Yields
    ------
    State
        After each epoch.
    """
    state = begin(model, seed) if state is None else state
    n, batch = len(pictures.images), min(schedule.batch, len(pictures.images))
    steps = n // batch
    largest = max(schedule.sizes)
    images, transforms = jnp.asarray(pictures.images), jnp.asarray(pictures.transforms)
    targets = tuple(jnp.asarray(t) for t in pictures.targets)
    weights = None if teacher is None else teacher.weights
    step = partial(_step(model, schedule, teacher), images, transforms, targets, weights)
    for epoch in range(int(state.step) // steps, schedule.epochs):
        size = schedule.sizes[epoch * len(schedule.sizes) // schedule.epochs]
        order = np.random.default_rng((seed, epoch)).permutation(n)
        key = jax.random.key(seed * 100_003 + epoch)
        for i in range(steps):
            progress = (epoch * steps + i) / (schedule.epochs * steps)
            chosen = jnp.asarray(order[i * batch : (i + 1) * batch])
            state = step(
                state,
                jax.random.fold_in(key, i),
                chosen,
                _rate(progress, schedule),
                size=size,
                zoom=largest / size,
            )
            if on_step is not None:
                state.step.block_until_ready()  # else all steps would be queued at once
                on_step(work_share(schedule, epoch + (i + 1) / steps))
        yield state


def work_share(schedule: Schedule, epochs: float) -> float:
    """Return the share of the work that some epochs are; it grows with the area of pictures."""
    sizes, each = schedule.sizes, schedule.epochs / len(schedule.sizes)
    done = [min(max(epochs - i * each, 0), each) * size**2 for i, size in enumerate(sizes)]
    return sum(done) / (each * sum(size**2 for size in sizes))


def _rate(progress: float, schedule: Schedule) -> float:
    if progress < schedule.warmup:
        return schedule.rate * progress / schedule.warmup
    rest = (progress - schedule.warmup) / (1 - schedule.warmup)
    return schedule.rate * (1 + float(np.cos(np.pi * rest))) / 2


def _step(model: Any, schedule: Schedule, teacher: Teacher | None) -> Any:
    """Compile one step: a batch of random variants, the loss, its gradient, the new state."""

    @partial(jax.jit, static_argnames=("size", "zoom"), donate_argnums=(4,))
    def step(
        images: Array,
        transforms: Array,
        targets: tuple[Array, ...],
        teaching: Any,
        state: State,
        key: Array,
        chosen: Array,
        rate: float,
        *,
        size: int,
        zoom: float,
    ) -> State:
        vary, drop, mix = jax.random.split(key, 3)
        here = resized(transforms[chosen], zoom)
        x = augmented(vary, images[chosen], here, size, schedule.augmentation)
        wanted = [t[chosen] for t in targets]
        if teacher is not None:
            wanted = list(teacher.targets(teaching, x))
        if schedule.mixup:
            x, wanted = _mixed(mix, x, wanted, schedule.mixup)
        loss = partial(_loss, model, schedule, x[..., None], wanted, drop)
        gradient, statistics = jax.grad(loss, has_aux=True)(state.weights, state.statistics)
        velocity, weights = [], []
        for w, v, g in zip(state.weights, state.velocity, gradient, strict=True):
            g = g + (schedule.decay * w if w.ndim > 1 else 0)
            v = schedule.momentum * v + g
            velocity.append(v)
            weights.append(w - rate * (g + schedule.momentum * v))
        # Early on, the average would remember the random start.
        keep = jnp.minimum(schedule.average, (1 + state.step) / (10 + state.step))

        def averaged(old: list[Array], new: list[Array]) -> list[Array]:
            return [
                keep * a + (1 - keep) * b if jnp.issubdtype(b.dtype, jnp.floating) else b
                for a, b in zip(old, new, strict=True)
            ]

        return State(
            state.step + 1,
            weights,
            statistics,
            velocity,
            averaged(state.averaged, weights),
            averaged(state.averaged_statistics, statistics),
        )

    return step


def _loss(
    model: Any,
    schedule: Schedule,
    x: Array,
    wanted: Sequence[Array],
    key: Array,
    weights: list[Array],
    statistics: list[Array],
) -> tuple[Array, list[Array]]:
    # Layers with random numbers, here dropout, keep their seed among the statistics.
    seeded = [
        jax.random.key_data(key)[:2].astype(s.dtype) if s.dtype == jnp.uint32 else s
        for s in statistics
    ]
    (_, *scores), changed = model.stateless_call(weights, seeded, x, training=True)
    loss = jnp.zeros(())
    for score, target in zip(scores, wanted, strict=True):
        known = target.sum(axis=1, keepdims=True)
        spread = schedule.smoothing * known / target.shape[1]
        target = (1 - schedule.smoothing) * target + spread
        loss += -(target * jax.nn.log_softmax(score)).sum() / jnp.maximum(known.sum(), 1)
    return loss, changed


def _mixed(
    key: Array, x: Array, wanted: Sequence[Array], share: float
) -> tuple[Array, list[Array]]:
    first, second = jax.random.split(key)
    weight = jax.random.uniform(first, (len(x),)) * 0.5
    weight = jnp.where(jax.random.bernoulli(second, share), weight, 0.0)
    x = x * (1 - weight[:, None, None]) + x[::-1] * weight[:, None, None]
    return x, [t * (1 - weight[:, None]) + t[::-1] * weight[:, None] for t in wanted]


def resized(transforms: Array, zoom: float) -> Array:
    """Turn transforms of crops of one size into those of crops smaller by the factor `zoom`."""
    linear = transforms[..., :2] * zoom
    half = (zoom - 1) / 2
    return jnp.concatenate(
        [linear, transforms[..., 2:] + half * transforms[..., :2].sum(-1, keepdims=True)], axis=-1
    )


def finished(model: Any, state: State) -> None:
    """Put the averaged weights into the Keras model."""
    for variable, value in zip(model.trainable_variables, state.averaged, strict=True):
        variable.assign(value)
    for variable, value in zip(
        model.non_trainable_variables, state.averaged_statistics, strict=True
    ):
        variable.assign(value)


def evaluator(
    model: Any, size: int, *, mirrored: bool = True, batch: int = 512
) -> Callable[[State, Pictures], list[NDArray[np.float32]]]:
    """Compile the evaluation of the averaged network on pictures as they are.

    Returns
    -------
    callable
        Takes a state and pictures; returns features (n, f) and the scores (n, classes) of each
        head, averaged over each picture and its mirror image if `mirrored`.
    """

    @jax.jit
    def evaluate(state: State, images: Array, transforms: Array) -> list[Array]:
        x = standardized(cropped(images, transforms, size))[..., None]
        each = [x, x[:, :, ::-1]] if mirrored else [x]
        results = [
            model.stateless_call(state.averaged, state.averaged_statistics, e, training=False)[0]
            for e in each
        ]
        return [sum(parts) / len(parts) for parts in zip(*results, strict=True)]

    def outputs(state: State, pictures: Pictures) -> list[NDArray[np.float32]]:
        found = []
        for start in range(0, len(pictures.images), batch):
            part = slice(start, start + batch)
            images, transforms = pictures.images[part], pictures.transforms[part]
            missing = batch - len(images)  # one shape is compiled once
            padded = [np.pad(a, ((0, missing), (0, 0), (0, 0))) for a in (images, transforms)]
            values = evaluate(state, *map(jnp.asarray, padded))
            found.append([np.asarray(v, dtype=np.float32)[: len(images)] for v in values])
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    return outputs
