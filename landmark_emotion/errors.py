"""Everything that is raised on purpose because of what a user gave or what a machine lacks.

::

    LandmarkEmotionError
    ├── MissingPackageError   a package the job needs is not installed
    ├── PredictorError        the shape predictor's file is missing or unusable
    ├── ImageError            an image cannot be read
    │   └── TooLargeError     a picture would take more memory or time than is allowed
    ├── SourceError           a camera, video or stream cannot be opened or broke off
    ├── DatasetError          a folder, manifest or landmark table cannot be used as a data set
    ├── TrainingError         the samples are too few or too uniform to learn from
    ├── ProfileError          a file is not the profile of a neutral face
    ├── ModelError            a file is not a model this version can use
    ├── ReportError           a file is not the report of a training or an evaluation
    ├── DisplayError          a window cannot be shown
    ├── ServerError           the server cannot listen where it was told to
    ├── MessageError          a client's message is none of those that are understood
    └── OutputError           a result cannot be written

Each message reads ``<where>: <what is wrong>; <what to do>``. A caller's programming mistakes are
plain ``ValueError`` and ``TypeError`` instead.
"""

import errno
from collections.abc import Callable

Notify = Callable[[str], None]
"""Given a line that the user should read: a warning, or a note on progress."""


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
        To be put after the semicolon of a message.
    """
    if isinstance(error, PermissionError):
        return "check its permissions"
    path_is_wrong = isinstance(
        error, FileNotFoundError | NotADirectoryError | IsADirectoryError | ValueError
    ) or getattr(error, "errno", None) in (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP)
    return "check the path" if path_is_wrong else "check the disk or network, then try again"


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
    """The root of the errors above; its text is meant to be shown to the user."""


class MissingPackageError(LandmarkEmotionError):
    """A package the job needs is not installed."""


class PredictorError(LandmarkEmotionError):
    """The shape predictor's file is missing or unusable."""


class ImageError(LandmarkEmotionError):
    """An image cannot be read."""


class TooLargeError(ImageError):
    """A picture would take more memory or time than is allowed."""


class SourceError(LandmarkEmotionError):
    """A camera, video or stream cannot be opened or broke off."""


class DatasetError(LandmarkEmotionError):
    """A folder, manifest or landmark table cannot be used as a data set."""


class TrainingError(LandmarkEmotionError):
    """The samples are too few or too uniform to learn from."""


class ProfileError(LandmarkEmotionError):
    """A file is not the profile of a neutral face."""


class ModelError(LandmarkEmotionError):
    """A file is not a model that this version can use."""


class ReportError(LandmarkEmotionError):
    """A file is not the report of a training or an evaluation."""


class DisplayError(LandmarkEmotionError):
    """A window cannot be shown."""


class ServerError(LandmarkEmotionError):
    """The server cannot listen where it was told to."""


class MessageError(LandmarkEmotionError):
    """A client's message is none of those that are understood."""


class OutputError(LandmarkEmotionError):
    """A result cannot be written."""
