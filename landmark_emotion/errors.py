"""Errors that are raised on purpose, and how they are worded.

Each message reads ``<where>: <what is wrong>; <what to do>`` and is meant for the user. Mistakes of
a programmer who calls the package raise `ValueError` or `TypeError` instead.
"""

import errno
from collections.abc import Callable

Notify = Callable[[str], None]
"""Takes a line that the user should read, such as a warning or a note on progress."""


def reason(error: BaseException) -> str:
    """Return why an operation failed, in one line without the path that `OSError` repeats.

    Parameters
    ----------
    error : BaseException
        Raised by Python or a library.

    Returns
    -------
    str
        At most 200 characters; the name of the error's class if it has no text.
    """
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(text.split())[:200] or type(error).__name__


def read_remedy(error: BaseException) -> str:
    """Return what a user can do about a file or folder that cannot be read.

    Parameters
    ----------
    error : BaseException
        Usually an `OSError`; the cause decides.

    Returns
    -------
    str
        To follow the semicolon of a message.
    """
    if isinstance(error, PermissionError):
        return "check its permissions"
    path_is_wrong = isinstance(
        error, FileNotFoundError | NotADirectoryError | IsADirectoryError | ValueError
    ) or getattr(error, "errno", None) in (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP)
    return "check the path" if path_is_wrong else "check the disk or network, then try again"


def unreadable(where: object, error: BaseException) -> str:
    """Return the message for a file or folder that cannot be read."""
    return f"{where}: cannot be read ({reason(error)}); {read_remedy(error)}"


def is_system_fault(error: BaseException) -> bool:
    """Return whether the system is why a file could not be read, rather than its content.

    Parameters
    ----------
    error : BaseException
        An error or a translation of it (``raise ... from``).

    Returns
    -------
    bool
        True for a missing permission, a failing disk or network, too many open files or a lack of
        memory: faults that may have passed the next time, so results must not be cached.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError | MemoryError):
        cause = cause.__cause__
    return cause is not None


class LandmarkEmotionError(Exception):
    """Base class of the errors below."""


class MissingPackageError(LandmarkEmotionError):
    """A package that the job needs is not installed."""


class PredictorError(LandmarkEmotionError):
    """The shape predictor's file is missing or unusable."""


class ImageError(LandmarkEmotionError):
    """An image cannot be read."""


class TooLargeError(ImageError):
    """An image exceeds a limit on memory or time."""


class SourceError(LandmarkEmotionError):
    """A camera, video or stream cannot be opened or read to its end."""


class DatasetError(LandmarkEmotionError):
    """A folder, manifest or landmark table cannot be used as a data set."""


class TrainingError(LandmarkEmotionError):
    """There are too few samples, or of too few kinds, to train on."""


class ProfileError(LandmarkEmotionError):
    """A file is not the profile of a neutral face."""


class ModelError(LandmarkEmotionError):
    """A file is not a model of a format that this version reads."""


class NetworkError(LandmarkEmotionError):
    """A file is not a network that this version reads or can import."""


class ReportError(LandmarkEmotionError):
    """A file is not the report of a training or an evaluation."""


class DisplayError(LandmarkEmotionError):
    """A window cannot be shown."""


class ServerError(LandmarkEmotionError):
    """The server cannot listen at the address it was given."""


class MessageError(LandmarkEmotionError):
    """A client sent a message that the server does not understand."""


class OutputError(LandmarkEmotionError):
    """A result cannot be written."""
