"""The picture of a face that a network sees: level eyes, the same place and scale in every picture.

Training and live recognition crop by the same function of the landmarks.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.model.face import REGIONS, Box, check_landmarks

# Those of the median face of FER-2013, so that its pictures keep their resolution.
SIDE = 3.2  # of the crop, in RMS distances of the landmarks to their centroid
CENTROID = (0.5, 0.6)  # of the landmarks, in sides of the crop

MARGIN = 0.1  # on each side of a box, in its sides


def crop_transform(landmarks: ArrayLike, size: int) -> NDArray[np.float64]:
    """Compute the similarity transforms from crops to images.

    Parameters
    ----------
    landmarks : array_like of shape (..., 68, 2)
        Pixels of the image, as (x, y).
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    ndarray of shape (..., 2, 3)
        The product with (x, y, 1) in the crop is (x, y) in the image; pixel centers are whole
        numbers in both.

    Raises
    ------
    ValueError
        As in `face.check_landmarks`.
    """
    points = check_landmarks(landmarks)
    centroid = points.mean(axis=-2)
    centered = points - centroid[..., np.newaxis, :]
    rms = np.sqrt(np.square(centered).sum(axis=-1).mean(axis=-1))
    eyes = points[..., REGIONS["left_eye"], :].mean(axis=-2)
    eyes = eyes - points[..., REGIONS["right_eye"], :].mean(axis=-2)
    length = np.hypot(eyes[..., 0], eyes[..., 1])
    # Coinciding eyes have no direction; such a face is not rotated.
    known = length > 1e-9 * rms
    cosine = np.where(known, eyes[..., 0] / np.where(known, length, 1), 1.0)
    sine = np.where(known, eyes[..., 1] / np.where(known, length, 1), 0.0)
    scale = rms * SIDE / size
    linear = np.stack(
        [np.stack([cosine, -sine], axis=-1), np.stack([sine, cosine], axis=-1)], axis=-2
    )
    linear *= scale[..., np.newaxis, np.newaxis]
    center = np.array(CENTROID) * size - 0.5
    shift = centroid - linear @ center
    return np.concatenate([linear, shift[..., np.newaxis]], axis=-1)


def whole_transform(width: int, height: int, size: int) -> NDArray[np.float64]:
    """Compute the transform, as `crop_transform` does, of a picture taken as it is."""
    x, y = width / size, height / size
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]])


def box_transform(box: Box, size: int) -> NDArray[np.float64]:
    """Compute the transform, as `crop_transform` does, of a face cut out by its box."""
    x, y = box.width * (1 + 2 * MARGIN) / size, box.height * (1 + 2 * MARGIN) / size
    left, top = box.left - MARGIN * box.width, box.top - MARGIN * box.height
    return np.array([[x, 0, left + (x - 1) / 2], [0, y, top + (y - 1) / 2]])


def face_crop(image: NDArray[np.uint8], landmarks: ArrayLike, size: int) -> NDArray[np.uint8]:
    """Cut out a face.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels), uint8
        What lies outside it repeats its border.
    landmarks : array_like of shape (68, 2)
        Pixels, as (x, y).
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    ndarray of shape (size, size) or (size, size, channels), uint8
        The crop; large faces are averaged down, not sampled.

    Raises
    ------
    ValueError
        As in `face.check_landmarks`.
    """
    return warped(image, crop_transform(landmarks, size), size)


def warped(
    image: NDArray[np.uint8], transform: NDArray[np.float64], size: int
) -> NDArray[np.uint8]:
    """Cut the crop with the given transform, of shape (2, 3), out of an image; see `face_crop`."""
    corners = np.array([[-0.5, size - 0.5, -0.5, size - 0.5], [-0.5, -0.5, size - 0.5, size - 0.5]])
    outline = transform[:, :2] @ corners + transform[:, 2:]
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(outline.min(axis=1)) - 1, 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(outline.max(axis=1)) + 2, 1, (width, height)).astype(int)
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    transform = transform - np.array([[0, 0, left], [0, 0, top]])
    factor = int(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    if factor > 1:
        small = (max(1, part.shape[1] // factor), max(1, part.shape[0] // factor))
        ratio = np.array([part.shape[1] / small[0], part.shape[0] / small[1]])
        part = np.asarray(cv2.resize(part, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        transform = transform.copy()
        transform[:, 2] = (transform[:, 2] + 0.5) / ratio - 0.5
        transform[:, :2] /= ratio[:, np.newaxis]
    crop = cv2.warpAffine(
        np.ascontiguousarray(part),
        transform,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, dtype=np.uint8)
