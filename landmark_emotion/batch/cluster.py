"""Workers of a Dask cluster, through joblib's backend for it."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import CancelledError
from typing import Any

import joblib

from landmark_emotion.batch.recognition import recognize_unit
from landmark_emotion.batch.recovery import Part, Work, WorkerDiedError
from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import Unit
from landmark_emotion.errors import MissingPackageError, SourceError

WAIT_SECONDS = 15.0  # for the scheduler to answer and for the first worker to come


@contextlib.contextmanager
def dask_workers(folder: str, settings: Settings, address: str) -> Iterator[Work]:
    """Do units on a cluster.

    Parameters
    ----------
    folder : str
        Where the files are; workers must see it under the same path.
    settings : Settings
        How to recognize.
    address : str
        Of the Dask scheduler, such as ``tcp://host:8786``.

    Yields
    ------
    Work
        Makes the parts of units.

    Raises
    ------
    MissingPackageError
        If distributed is not installed.
    SourceError
        If there is no scheduler or no worker, a worker cannot run this program, or the scheduler
        goes away.
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingPackageError(
            "distributed: not installed; run 'pip install distributed' or leave out --dask"
        ) from error
    connect: Any = distributed.Client  # untyped where it is installed
    try:
        client = connect(address, timeout=WAIT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{address}: no Dask scheduler answers ({_first_line(error)}); check the address"
        ) from error
    with client:
        make_backend = _backends(client)
        try:
            # A task that cannot be unpacked would end the worker itself.
            client.run(exec, "import landmark_emotion.batch")
        except Exception as error:
            raise SourceError(
                f"{address}: a worker cannot run this program ({_first_line(error)}); install the "
                "same there"
            ) from error

        def work(units: list[Unit]) -> Generator[Part, None, None]:
            run = joblib.Parallel(
                backend=make_backend(),
                n_jobs=-1,
                batch_size=1,
                return_as="generator_unordered",
            )
            parts = run(joblib.delayed(recognize_unit)(unit, folder, settings) for unit in units)
            with contextlib.closing(parts):
                yield from parts

        try:
            yield work
        except TimeoutError as error:
            raise SourceError(
                f"{address}: has no worker; start some with 'dask worker {address} --nthreads 1'"
            ) from error
        except CancelledError as error:
            raise SourceError(
                f"{address}: the scheduler is gone; start it and the same command again"
            ) from error
        except _TaskError as error:
            raise SourceError(
                f"{address}: its workers fail ({_first_line(error)}); install the same there"
            ) from error


class _TaskError(Exception):
    """A task failed outside of its function."""


def _backends(client: Any) -> Callable[[], Any]:
    from distributed import KilledWorker
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """Tells of a task that failed outside of its function; joblib's waits for it for ever."""

        def effective_n_jobs(self, n_jobs: int = 1) -> int:
            # For one worker joblib would do the work itself, for more later on too little.
            n_workers: int = super().effective_n_jobs(n_jobs)
            return max(2, n_workers)

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)
            future.add_done_callback(lambda done: done.exception() and callback(done.exception()))
            return future

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, KilledWorker):
                raise WorkerDiedError from out
            if isinstance(out, CancelledError):
                raise out
            if isinstance(out, BaseException):
                raise _TaskError(_first_line(out)) from out
            return super().retrieve_result_callback(out)

    return lambda: Backend(client=client, wait_for_workers_timeout=WAIT_SECONDS)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
