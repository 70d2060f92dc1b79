"""Parse the arguments, run a command, and translate errors."""

import argparse
import contextlib
import errno
import importlib
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec

from landmark_emotion import __version__
from landmark_emotion.errors import LandmarkEmotionError, read_remedy, reason

_INTERRUPTED = 130
_TERMINATED = 143
_STDERR = 2

_COMMANDS = (
    *("train", "webcam", "web", "video", "image", "batch"),
    *("events", "plot", "explain", "evaluate", "compare", "extract", "draw"),
    *("train-network", "import-network"),
)

_PIP_NAMES = {
    "cv2": "opencv-python",
    "dlib": "dlib-bin",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "face_recognition_models": "face-recognition-models",
}
_DEBIAN = {"libGL.so": "libgl1", "libgthread": "libglib2.0-0", "libSM": "libsm6"}

_EPILOG = """\
examples:
  landmark-emotion webcam --show
  landmark-emotion image photo.jpg
  landmark-emotion train path/to/CK+ --report report

exit status:
  0    success; of several inputs, at least one could be read
  1    error, explained on stderr; or no input could be read
  2    wrong usage
  130  interrupted by Ctrl-C; results so far are kept
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, by default with the arguments of the process; return the exit status.

    Raises
    ------
    SystemExit
        With status 2 for wrong usage, 0 after ``--help``, and 143 after SIGTERM.
    """
    # OpenCV reads these when it is imported. Its log would mix with our messages.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging.basicConfig(handlers=[logging.NullHandler()])
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # File names need not be valid text, and some terminals lack parts of Unicode.
            stream.reconfigure(errors="backslashreplace")
    if threading.current_thread() is threading.main_thread():
        # Unwind the stack as Ctrl-C does, so that nothing half-written remains.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        given = sys.argv[1:] if arguments is None else list(arguments)
        if not given:
            _parser().print_help()
            return 0
        # Importing the other commands would take longer than parsing does.
        args = _parser(given[0] if given[0] in _COMMANDS else None).parse_args(given)
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except LandmarkEmotionError as error:
        return _fail(str(error))
    except ImportError as error:
        return _fail(_missing_package(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        if _is_reader_gone(error):
            _abandon_stdout()
            return 0
        return _fail(_system_error(error))


def _open_closed_streams() -> None:
    """Open stdout and stderr on the null device if the process was started without them."""
    # Otherwise files would get their numbers and receive what libraries print to stderr.
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123


def _parser(command: str | None = None) -> argparse.ArgumentParser:
    """Make the parser for one command, or for all."""
    # Imported here, so that main handles missing packages and Ctrl-C from the start.
    from landmark_emotion.cli.help import CommandParser, HelpFormatter
    from landmark_emotion.files.folders import user_folder

    parser = argparse.ArgumentParser(
        prog="landmark-emotion",
        description="Recognize facial emotion from landmarks, in real time. For the options of a "
        "command see 'landmark-emotion COMMAND --help'.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {__version__}\ncache: {user_folder('cache') or 'none'}\n"
        f"landmarks: computed with {'Numba' if find_spec('numba') else 'NumPy'}",
        help="show version, cache folder and array library, then exit",
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for name in _COMMANDS if command is None else (command,):
        module = f"landmark_emotion.cli.{name.replace('-', '_')}"
        importlib.import_module(module).add_parser(commands)
    return parser


def _missing_package(error: ImportError) -> str:
    """Describe a package that is missing or cannot be loaded; raise any other error again."""
    name = error.name or "package"
    if isinstance(error, ModuleNotFoundError):
        if name.partition(".")[0] == "landmark_emotion":
            raise error
        return f"{name}: not installed; run 'pip install {_PIP_NAMES.get(name, name)}'"
    # Raised for a missing library of the system, such as libGL.so.1.
    if not any(words in str(error) for words in ("shared object", "DLL load", "dlopen")):
        raise error
    remedy = f"install the missing system library{_on_debian(error)}"
    return f"{name}: cannot be loaded ({reason(error)}); {remedy}"


def _on_debian(error: ImportError) -> str:
    """Return how to install a missing library on Debian and Ubuntu, if it is known."""
    known = next((package for file, package in _DEBIAN.items() if file in str(error)), None)
    return "" if known is None else f" (Debian, Ubuntu: sudo apt install {known})"


def _system_error(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"{error.filename or 'output'}: the disk is full; free some space"
    where = "system" if error.filename is None else os.fsdecode(error.filename)
    return f"{where[-200:]}: {reason(error)}; {read_remedy(error)}"


def _fail(message: str) -> int:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr)
    return 1


def _is_reader_gone(error: OSError) -> bool:
    """Return whether an error means that nobody reads the output any more, as after ``| head``."""
    if sys.platform == "win32":
        return isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL
    if not isinstance(error, BrokenPipeError):
        return False
    # Other pipes break too, such as that of a worker process.
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # an object in memory
            poll.register(stream.fileno(), 0)
    return bool(poll.poll(0))


def _abandon_stdout() -> None:
    # Otherwise the interpreter complains when it flushes stdout at exit.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
