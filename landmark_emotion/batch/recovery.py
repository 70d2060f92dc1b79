"""What is left over of the work when a worker dies is done, all but what it died of."""

import contextlib
from collections.abc import Callable, Generator

from landmark_emotion.batch.units import Unit

SUSPECTS = 64  # about as many units as are under way at a time

Part = tuple[Unit, bytes]
"""A unit and its rows."""

Work = Callable[[list[Unit]], Generator[Part, None, None]]
"""Makes the parts of units, in any order; raises WorkerDiedError where a unit is too much."""


class WorkerDiedError(Exception):
    """A worker was killed, perhaps for want of memory, perhaps by a file no library survives."""


def do_all(units: list[Unit], work: Work) -> Generator[tuple[Unit, bytes | None], None, None]:
    """Make the parts of units, whatever becomes of workers.

    Parameters
    ----------
    units : list of Unit
        To be done, the first ones first.
    work : callable
        Has them done.

    Yields
    ------
    unit : Unit
        One of those given; but if no worker survives a unit of several files, each of these as a
        unit of its own.
    part : bytes or None
        Its rows; None where no worker survives it.
    """
    waiting = [units]
    while waiting:
        group = waiting.pop()
        left = dict.fromkeys(group)
        try:
            with contextlib.closing(work(group)) as parts:
                for unit, part in parts:
                    del left[unit]
                    yield unit, part
        except WorkerDiedError:
            suspects, others = list(left)[:SUSPECTS], list(left)[SUSPECTS:]
            if len(group) == len(left) == 1:
                suspects = [Unit((file,)) for file in group[0].files]
                if suspects == group:
                    yield group[0], None
                    continue
            # By halves, so that most of them are still done in parallel.
            middle = len(suspects) // 2
            waiting += [some for some in (others, suspects[middle:], suspects[:middle]) if some]
