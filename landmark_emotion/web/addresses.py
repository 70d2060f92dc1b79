"""The names and addresses under which this machine is reached."""

import contextlib
import ipaddress
import socket

# Reserved for documentation, so nothing is there; connecting by UDP sends nothing.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an address."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def network_addresses(listening: str) -> list[str]:
    """Return the addresses at which other machines reach a server.

    Parameters
    ----------
    listening : str
        The address on which it listens; 0.0.0.0 and :: stand for all.
    """
    if not ipaddress.ip_address(listening.partition("%")[0]).is_unspecified:
        return [] if is_loopback(listening) else [listening]
    found: list[str] = []
    for family, address in _ELSEWHERE:
        if family == socket.AF_INET6 and ":" not in listening:
            continue
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None)]
    usable = [each for each in found if "%" not in each and (":" in listening or ":" not in each)]
    return list(dict.fromkeys(each for each in usable if not is_loopback(each)))


def url(scheme: str, host: str, port: int) -> str:
    """Return the address of a server, without a slash at its end."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
