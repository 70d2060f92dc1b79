"""Which command it is, and what becomes of errors."""

import argparse
import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from landmark_emotion import __version__
from landmark_emotion.errors import LandmarkEmotionError

_INTERRUPTED = 130
_TERMINATED = 143
_STDERR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command and its arguments; otherwise those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 an error that was explained on stderr, 2 wrong usage, 130 stopped
        by Ctrl-C.
    """
    # OpenCV reads these when it is imported; the complaints of libraries would stand between ours.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging.basicConfig(handlers=[logging.NullHandler()])
    _open_what_was_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # File names need not be valid text, and not every terminal can show all of Unicode.
            stream.reconfigure(errors="backslashreplace")
    if threading.current_thread() is threading.main_thread():
        # As Ctrl-C does, so that nothing half-written is left behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        args = _parser().parse_args(arguments)
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except LandmarkEmotionError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "landmark_emotion":
            raise
        return _fail(
            f"{error.name}: not installed; run 'python3 tasks.py install' or 'pip install .'"
        )
    except ImportError as error:
        # What a package says that misses a library of the system, such as libGL.so.1.
        if not any(words in str(error) for words in ("shared object", "DLL load", "dlopen")):
            raise
        return _fail(f"{error.name or 'package'}: cannot be loaded ({error}); see README.md")
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # Windows says EINVAL where the reader of a pipe has gone.
        if isinstance(error, BrokenPipeError) or (
            sys.platform == "win32" and error.errno == errno.EINVAL
        ):
            _abandon_stdout()
            return 0
        if error.errno == errno.ENOSPC:
            return _fail(f"{error.filename or 'output'}: the disk is full; make room")
        where = "system" if error.filename is None else os.fsdecode(error.filename)
        return _fail(f"{where[-200:]}: {error.strerror or error}; check that it can be used")


def _open_what_was_closed() -> None:
    """Give a stdout and stderr to programs that were started without."""
    # Else files get their numbers, and what libraries complain of goes into those.
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123


def _parser() -> argparse.ArgumentParser:
    # Not at the top, so that a missing package is told of and Ctrl-C is quiet from the start.
    from landmark_emotion.cli import (
        batch,
        compare,
        draw,
        evaluate,
        explain,
        extract,
        image,
        plot,
        train,
        video,
        web,
        webcam,
    )

    parser = argparse.ArgumentParser(
        prog="landmark-emotion",
        description="Recognize facial emotion from landmarks, in real time, with a linear model.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (
        train,
        webcam,
        web,
        video,
        image,
        batch,
        plot,
        explain,
        evaluate,
        compare,
        extract,
        draw,
    ):
        command.add_parser(commands)
    return parser


def _fail(message: str) -> int:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr)
    return 1


def _abandon_stdout() -> None:
    # Otherwise the interpreter tries to flush once more at its end and complains.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
