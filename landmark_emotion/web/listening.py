"""The address that the server listens on; loads nothing that takes time."""

import errno
import socket
from importlib.util import find_spec

from landmark_emotion.errors import MissingPackageError, ServerError

_CANNOT_LISTEN = {
    errno.EADDRINUSE: "the port is in use; choose another with --port",
    errno.EACCES: "the system does not allow this port; use one from 1024",
}


def check_packages() -> None:
    """Check that the packages of the extra ``web`` are installed, without loading them.

    Raises
    ------
    MissingPackageError
        If one is not.
    """
    for name in ("fastapi", "uvicorn", "websockets"):
        try:
            found = find_spec(name)
        except ValueError:  # it was made impossible to import
            found = None
        if not found:
            raise missing_package(name)


def missing_package(name: object) -> MissingPackageError:
    """Return the error about a package of the extra ``web``."""
    return MissingPackageError(
        f"{name}: not installed; run \"pip install 'landmark-emotion[web]'\""
    )


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that queues connections from now on; port 0 stands for any free port.

    Raises
    ------
    ServerError
        If the port is taken or the host is not this machine.
    """
    if "/" in host or "@" in host:  # not repeated in the message, as it may hold a password
        raise ServerError("host: not a name or an address; use one, such as 127.0.0.1")
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.create_server(address[4][:2], family=address[0])
    except (OSError, UnicodeError) as error:
        unknown = "not an address of this machine; check --host"
        problem = _CANNOT_LISTEN.get(getattr(error, "errno", None) or 0, unknown)
        raise ServerError(f"{host}:{port}: {problem}") from error
    taken.setblocking(False)
    return taken
