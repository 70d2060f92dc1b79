"""Rules of Windows that Linux does not have, for what the package does: ``tasks.py windows``.

Python loads this at its start where this folder is on ``PYTHONPATH``, so it also reaches the
programs and workers that tests start. What Windows would refuse is refused here:

- replacing or removing a file that somebody has open, or a folder with such a file in it,
- names such as ``aux.jpg``, ``a:b`` or ``a.``,
- ``fork``,
- flushing a file to the disk that is open for reading only.

Only what happens below a function of the package counts; tests may do what they like.
"""

import errno
import fcntl
import os
import re
import sys
from pathlib import Path

PACKAGE = "landmark_emotion"

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')


def refuse(event, arguments):
    """Stand in the way of what Windows does not do."""
    if event in _RULES and _is_ours():
        _RULES[event](*arguments)


def _is_ours():
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
            return True
        frame = frame.f_back
    return False


def _open(path, mode, flags):
    if isinstance(path, (str, bytes)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        _check_name(path)


def _rename(source, target, *_):
    _check_name(target)
    _check_free(source)
    _check_free(target)


def _remove(path, *_):
    _check_free(path)


def _mkdir(path, *_):
    _check_name(path)


def _fork(*_):
    raise OSError(errno.ENOSYS, "Windows has no fork")


def _check_name(path):
    name = Path(os.fsdecode(path)).name
    if _RESERVED.fullmatch(name) or _FORBIDDEN.search(name):
        raise OSError(errno.EINVAL, "Windows has no such names", name)


def _check_free(path):
    wanted = os.path.realpath(os.fsdecode(path))
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            numbers = os.listdir(f"/proc/{process}/fd")
        except OSError:  # it has ended
            continue
        for number in numbers:
            try:
                held = str(Path(f"/proc/{process}/fd/{number}").readlink())
            except OSError:
                continue
            if held == wanted or held.startswith(wanted + "/"):
                raise PermissionError(errno.EACCES, f"it is open in process {process}", wanted)


_RULES = {
    "open": _open,
    "os.rename": _rename,
    "os.remove": _remove,
    "os.rmdir": _remove,
    "os.mkdir": _mkdir,
    "os.fork": _fork,
}


def _fsync(file):
    number = file if isinstance(file, int) else file.fileno()
    if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY and _is_ours():
        raise OSError(errno.EBADF, "it is open for reading only")
    _plain_fsync(file)


_plain_fsync, os.fsync = os.fsync, _fsync
sys.addaudithook(refuse)
