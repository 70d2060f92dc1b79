"""Targets of messages, as the user names them."""

from typing import NamedTuple
from urllib.parse import urlsplit


class Target(NamedTuple):
    """Where to send: ``udp`` or ``osc`` with a host and a port, or ``lsl``."""

    kind: str
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.kind == "lsl":
            return self.kind
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Parse ``udp://HOST:PORT``, ``osc://HOST:PORT`` or ``lsl``.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        if text == "lsl":
            return cls(text)
        parts = urlsplit(text)
        rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if parts.scheme not in ("udp", "osc") or not parts.hostname or not parts.port or rest:
            raise ValueError(f"not a target: '{text}'")
        return cls(parts.scheme, parts.hostname, parts.port)
