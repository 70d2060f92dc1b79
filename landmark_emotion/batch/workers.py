"""Recognize units in worker processes, on this machine or on a Dask cluster."""

import contextlib
import itertools
import multiprocessing
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any, NamedTuple

import joblib
from threadpoolctl import threadpool_limits

from landmark_emotion.batch.recognition import Part, failed_part, recognize_unit
from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import Unit
from landmark_emotion.errors import LandmarkEmotionError, MissingPackageError, SourceError, reason
from landmark_emotion.training.parallel import kept_from_interrupts

WAIT_SECONDS = 15.0  # for the scheduler to answer and for a first worker
DIED = "the worker process died; leave the file out or free some memory"


class WorkerDiedError(Exception):
    """A worker process ended while it recognized a unit."""


class Workers(NamedTuple):
    """Processes that recognize units.

    `submit` queues a unit and returns a future. `collect` returns the parts of a completed future
    and raises `WorkerDiedError` if the unit may have killed its worker. `check`, called every
    second without a result, raises an error if none is to be expected.
    """

    submit: Callable[[Unit], Any]
    collect: Callable[[Any], list[Part]]
    check: Callable[[], None] = lambda: None


def recognize_units(
    units: Iterable[Unit], workers: Workers, *, landmarks: bool
) -> Generator[Part, None, None]:
    """Recognize units, even if some files kill the processes that read them.

    A unit that killed its worker is divided into its files, which are tried again after all others.

    Yields
    ------
    Part
        In the order of completion. A file that killed its worker twice has a row that says so.
    """
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    pending: dict[Any, Unit] = {}
    suspects: set[Unit] = set()

    def start(unit: Unit) -> None:
        future = workers.submit(unit)
        pending[future] = unit
        future.add_done_callback(done.put)

    for unit in units:
        start(unit)
    while pending:
        try:
            future = done.get(timeout=1.0)
        except queue.Empty:
            workers.check()
            continue
        unit = pending.pop(future)
        try:
            yield from workers.collect(future)
        except WorkerDiedError:
            if unit in suspects:
                yield failed_part(unit.files[0], DIED, landmarks=landmarks)
                continue
            for single in (Unit((file,)) for file in unit.files):
                suspects.add(single)
                start(single)


@contextlib.contextmanager
def local_workers(folder: str, settings: Settings, jobs: int) -> Iterator[Workers]:
    """Use worker processes on this machine, -1 for one per core.

    They end with the block, and with this process even if it is killed.
    """
    context = multiprocessing.get_context("spawn")
    lifeline, held = context.Pipe(duplex=False)
    own = threading.local()

    # Each thread has a process of its own, so that one that dies affects its own unit only.
    def recognize(unit: Unit) -> list[Part]:
        if not hasattr(own, "process"):
            process = ProcessPoolExecutor(1, context, _begin, (lifeline,))
            with kept_from_interrupts():
                started = process.submit(os.getpid)
            try:
                started.result()
            except BrokenExecutor as error:
                raise SourceError(
                    "worker process: ended while starting; free some memory, and in a script call "
                    "run_batch below 'if __name__ == \"__main__\":'"
                ) from error
            own.process = process
        try:
            return own.process.submit(recognize_unit, unit, folder, settings).result()  # type: ignore[no-any-return]
        except BrokenExecutor as error:
            del own.process
            raise WorkerDiedError from error

    threads = ThreadPoolExecutor(joblib.effective_n_jobs(jobs))
    try:
        yield Workers(lambda unit: threads.submit(recognize, unit), lambda future: future.result())
    finally:
        held.close()
        threads.shutdown(cancel_futures=True)
        lifeline.close()


def _begin(lifeline: Any) -> None:
    """Prepare a worker process; it ends when the other end of its lifeline is closed."""

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            lifeline.recv()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    threadpool_limits(1)


@contextlib.contextmanager
def dask_workers(folder: str, settings: Settings, address: str) -> Iterator[Workers]:
    """Use the workers of a Dask cluster, which must see the folder under the same path.

    Raises
    ------
    MissingPackageError
        If distributed is not installed.
    SourceError
        If there is no scheduler or no worker, a worker cannot run this program, or the scheduler
        goes away; some of these only while units are recognized.
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingPackageError(
            "distributed: not installed; run 'pip install distributed' or leave out --dask"
        ) from error
    client = _connect(distributed.Client, address)
    names = (f"landmark-emotion-{uuid.uuid4().hex}-{number}" for number in itertools.count())
    last_seen = time.monotonic()

    def submit(unit: Unit) -> Any:
        name = next(names)
        return client.submit(_recognize_once, name, unit, folder, settings, key=name)

    def collect(future: Any) -> list[Part]:
        try:
            return future.result()  # type: ignore[no-any-return]
        except (LandmarkEmotionError, WorkerDiedError):
            raise
        except distributed.KilledWorker as error:
            raise WorkerDiedError from error
        except CancelledError as error:
            raise SourceError(
                f"{address}: the scheduler is gone; start it and run the same command again"
            ) from error
        except Exception as error:
            raise SourceError(
                f"{address}: its workers fail ({reason(error)}); install the same versions there"
            ) from error

    def check() -> None:
        nonlocal last_seen
        if client.nthreads():
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > WAIT_SECONDS:
            raise SourceError(
                f"{address}: has no worker; start some with 'dask worker {address} --nthreads 1'"
            )

    with client:
        try:
            # A task that a worker cannot unpickle would end the worker.
            client.run(exec, "import landmark_emotion.batch")
        except Exception as error:
            raise SourceError(
                f"{address}: a worker cannot run this program ({reason(error)}); install it there"
            ) from error
        yield Workers(submit, collect, check)


def _connect(client: Any, address: str) -> Any:
    """Make a client of a Dask scheduler, an untyped object."""
    try:
        return client(address, timeout=WAIT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{address}: no Dask scheduler answers ({reason(error)}); check the address"
        ) from error


def _recognize_once(name: str, unit: Unit, folder: str, settings: Settings) -> list[Part]:
    """Recognize a unit unless a worker died of it; Dask would let it kill several workers."""
    from distributed import Event

    begun: Any = Event(name)  # type: ignore[no-untyped-call]
    if begun.is_set():
        raise WorkerDiedError
    begun.set()
    try:
        return recognize_unit(unit, folder, settings)
    finally:
        begun.clear()
