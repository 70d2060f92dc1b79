"""Worker processes of joblib, and progress on what they do."""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import resource_tracker
from typing import Any

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iterable of known length in a progress bar."""


def run_parallel(
    function: Callable[..., Any],
    calls: list[tuple[Any, ...]],
    *,
    jobs: int,
    progress: Progress | None = None,
) -> Iterable[Any]:
    """Call a function with each tuple of arguments, in processes if `jobs` is not 1.

    The function must be importable, and -1 jobs are one per core. The results come in the order
    of the calls.
    """
    import joblib  # slow

    with kept_from_interrupts() if jobs != 1 else contextlib.nullcontext():
        results: Iterable[Any] = joblib.Parallel(n_jobs=jobs, return_as="generator")(
            joblib.delayed(function)(*call) for call in calls
        )
    return progress(results, len(calls)) if progress is not None and calls else results


@contextlib.contextmanager
def kept_from_interrupts() -> Iterator[None]:
    """Shield processes started in this context from Ctrl-C, which would fail their imports."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # It is started along with the first process and would unblock the signal.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
