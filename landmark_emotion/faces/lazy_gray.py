"""Gray levels of a frame, computed where they are needed."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Box
from landmark_emotion.sources.preparation import SMALL_SIDE, Prepared, prepare

# Widths of the box of a face around it in which the predictor may look at pixels; on frontal faces
# it looks at a quarter at most.
AROUND = 0.4


@dataclass
class LazyGray:
    """A frame of a video of which only the surroundings of the faces are converted to gray.

    Attributes
    ----------
    prepared : Prepared
        Its gray picture is valid where `around` or `whole` has converted it.
    source : ndarray of shape (height, width[, 3]), uint8
        The gray or BGR picture from which it comes.
    """

    prepared: Prepared
    source: NDArray[np.uint8]
    _own: bool = False  # whether the gray picture's memory is ours
    _pending: bool = False  # whether parts of it may not be valid

    @classmethod
    def of(cls, image: Any, before: "LazyGray | None") -> "LazyGray":
        """Take the next frame; the memory of the one before is used again if it fits.

        Parameters
        ----------
        image : ndarray or PIL image
            As for `preparation.prepare`.
        before : LazyGray or None
            The last frame, which is not valid any longer.
        """
        is_plain = (
            isinstance(image, np.ndarray)
            and image.dtype == np.uint8
            and image.shape[2:] == (3,)
            and min(image.shape) > 0
            and min(image.shape[:2]) >= SMALL_SIDE
            and image.flags.c_contiguous
        )
        if not is_plain:
            prepared = prepare(image)
            return cls(prepared, prepared.gray)
        if before is not None and before._own and before.prepared.gray.shape == image.shape[:2]:
            prepared = before.prepared
        else:
            prepared = Prepared(np.empty(image.shape[:2], dtype=np.uint8))
        return cls(prepared, image, True, True)

    def around(self, box: Box) -> NDArray[np.uint8]:
        """Return the gray picture, valid in and around a box."""
        edge = round(AROUND * box.width)
        self._convert(
            slice(max(0, box.top - edge), max(0, box.top + box.height + edge)),
            slice(max(0, box.left - edge), max(0, box.left + box.width + edge)),
        )
        return self.prepared.gray

    def whole(self) -> NDArray[np.uint8]:
        """Return the gray picture, valid everywhere."""
        self._convert(slice(None), slice(None))
        self._pending = False
        return self.prepared.gray

    def release(self) -> None:
        """Let go of the frame as it came."""
        self.source, self._pending = self.prepared.gray, False

    def _convert(self, rows: slice, columns: slice) -> None:
        if self._pending and self.source[rows, columns].size:
            self.prepared.gray[rows, columns] = cv2.cvtColor(
                self.source[rows, columns], cv2.COLOR_BGR2GRAY
            )
