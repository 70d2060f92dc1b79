"""The account of a run: how many inputs were used, and which were not and why."""

from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.cli.options import say
from landmark_emotion.cli.output import Writer
from landmark_emotion.errors import LandmarkEmotionError
from landmark_emotion.formatting import plural
from landmark_emotion.sources.frame import Frame


@dataclass
class Account:
    """Counts the inputs of a run, names those that fail, and sums up at the end.

    Use it as a context manager around `output.open_writer`. The summary follows once the results
    are in place, also after Ctrl-C.
    """

    noun: str  # what one input is, such as "image"
    total: int
    output: Path | None
    n_read: int = 0  # inputs that gave results, counted by the user of this class
    n_faces: int = 0  # found in images, and the images without one; counted likewise
    n_without: int = 0
    _n_unreadable: int = 0
    _n_incomplete: int = 0

    def fail(
        self,
        writer: Writer,
        source: str,
        error: LandmarkEmotionError,
        *,
        last: Frame | None = None,
    ) -> None:
        """Report an input that cannot be read, or not beyond its last frame."""
        self._n_incomplete += last is not None
        self._n_unreadable += last is None
        writer.notify(f"error: {error}")
        where = (0, 0.0) if last is None else (last.index + 1, last.time)
        writer.write_error(source, str(error).removeprefix(f"{source}: "), *where)

    def summary(self) -> str:
        """Return the numbers of inputs, unreadable and incomplete ones."""
        n_done = self.n_read + self._n_unreadable
        n_inputs = f"{n_done} of {self.total}" if n_done < self.total else f"{self.total}"
        text = f"{n_inputs} {self.noun}{'s' * (self.total > 1)}"
        if self.n_faces or self.n_without:
            text += f": {plural(self.n_faces, 'face')}, {self.n_without} without a face"
        if self._n_unreadable:
            text += f", {self._n_unreadable} could not be read"
        if self._n_incomplete:
            text += f", {self._n_incomplete} incomplete"
        return text

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            return
        if self.output is not None and not self.n_read:
            say(f"{self.output}: not written, as there is no result")
        elif self.output is not None:
            say(f"results: {self.output}, {self.summary()}")
        elif self.total > 1 and (
            self.n_faces + self.n_without + self._n_unreadable + self._n_incomplete
        ):
            say(self.summary())
