"""Worker processes on this machine."""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool

import joblib

from landmark_emotion.batch.recognition import recognize_unit
from landmark_emotion.batch.recovery import Part, Work, WorkerDiedError
from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import Unit
from landmark_emotion.training.extraction import kept_from_interrupts


@contextlib.contextmanager
def processes(folder: str, settings: Settings, jobs: int) -> Iterator[Work]:
    """Do units in processes.

    Parameters
    ----------
    folder : str
        Where the files are.
    settings : Settings
        How to recognize.
    jobs : int
        How many at a time; -1 for one a core.

    Yields
    ------
    Work
        Makes the parts of units.
    """
    jobs = joblib.effective_n_jobs(jobs)

    def work(units: list[Unit]) -> Generator[Part, None, None]:
        # One process would be this one, and a file may be more than it survives.
        with joblib.parallel_config("loky", inner_max_num_threads=1, n_jobs=max(2, jobs)):
            run = joblib.Parallel(
                batch_size=1,
                pre_dispatch=2 * jobs if jobs > 1 else 1,
                return_as="generator_unordered",
            )
        try:
            with kept_from_interrupts():
                parts = run(
                    joblib.delayed(_recognize)(unit, folder, settings, os.getpid())
                    for unit in units
                )
            with contextlib.closing(parts):
                yield from parts
        except BrokenProcessPool as error:
            raise WorkerDiedError from error

    yield work


def _recognize(unit: Unit, folder: str, settings: Settings, parent: int) -> Part:
    _end_with(parent)
    return recognize_unit(unit, folder, settings)


@functools.lru_cache(maxsize=1)
def _end_with(parent: int) -> None:
    """End this process soon after its parent was killed; joblib's would work on or wait."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
