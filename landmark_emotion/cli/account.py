"""The account of a run: how many inputs were used, and which were not and why."""

from pathlib import Path

from landmark_emotion.cli.options import say
from landmark_emotion.cli.output import Writer
from landmark_emotion.errors import LandmarkEmotionError


class Account:
    """Counts the inputs of a run, names those that fail, and sums up at the end.

    Use it as a context manager around `output.open_writer`. The summary follows once the results
    are in place, also after Ctrl-C. Increment `n_read` for each input that gave results. ``noun``
    is what one input is, such as "image".
    """

    def __init__(self, noun: str, total: int, output: Path | None) -> None:
        self._noun = noun
        self._total = total
        self._output = output
        self.n_read = 0
        self._n_unreadable = 0
        self._n_incomplete = 0

    def fail(
        self, writer: Writer, source: str, error: LandmarkEmotionError, *, incomplete: bool = False
    ) -> None:
        """Report an input that cannot be read, or, if it gave results before, not to its end."""
        self._n_incomplete += incomplete
        self._n_unreadable += not incomplete
        writer.notify(f"error: {error}")
        writer.write_error(source, str(error).removeprefix(f"{source}: "))

    def summary(self) -> str:
        """Return the numbers of inputs, unreadable and incomplete ones."""
        n_done = self.n_read + self._n_unreadable
        n_inputs = f"{n_done} of {self._total}" if n_done < self._total else f"{self._total}"
        text = f"{n_inputs} {self._noun}{'s' * (self._total > 1)}"
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
        if self._output is not None and not self.n_read:
            say(f"{self._output}: not written, as there is no result")
        elif self._output is not None:
            say(f"results: {self._output}, {self.summary()}")
        elif self._total > 1 and self._n_unreadable + self._n_incomplete:
            say(self.summary())
