"""Damaged rows of a table are counted and told once, with their line numbers."""

from pathlib import Path

from landmark_emotion.errors import Notify

_LISTED = 5  # line numbers that are named


class Damage:
    """The damaged rows of a table."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._first = ""

    def add(self, line: int, what: object) -> None:
        """Count the row that begins at a line."""
        self._first = self._first or str(what)
        self._lines.append(line)

    def report(self, path: Path, notify: Notify) -> None:
        """Call `notify` with one line if there are any."""
        n = len(self._lines)
        if n:
            lines = ", ".join(map(str, self._lines[:_LISTED])) + ", ..." * (n > _LISTED)
            s = "s" * (n > 1)
            notify(
                f"note: {path}:{self._lines[0]}: {self._first}; {n} damaged row{s} left out "
                f"(line{s} {lines}), download or export the file again to have all"
            )
