"""Addresses of streams, as they may be shown."""

import re

_PARTS = re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r"[^:]*|\[.*\]|.*:\d*")  # what the host part of a valid address looks like
_SECRETS = re.compile(
    r"(?<=[?&;/_])(?:x-amz-)?(?:user(?:name)?|usr|login(?:use|pas)?|pass(?:word|wd)?|pwd|pw|auth|"
    r"(?:access_)?token|(?:api_?)?key|secret|credential|sig(?:nature)?)=[^&;/?#]*[&;]?",
    re.IGNORECASE,
)


def without_password(address: str) -> str:
    """Remove user name, password and tokens from a URL, for screens, logs and tables.

    What precedes ``@`` in the host part goes, and so do parameters such as ``user=`` and
    ``password=``, which some cameras expect in the query or in the path. Anything else, such as a
    path, is returned as it is.
    """
    parts = _PARTS.fullmatch(address)
    if parts is None:
        return address
    scheme, host, rest = parts.groups()
    if "@" not in host and "@" in rest and not _PORT.fullmatch(host):
        # An unescaped "/", "?" or "#" in the password ended the host part too early.
        host, rest = rest.rpartition("@")[2], ""
    shown = _SECRETS.sub("", rest)
    if shown != rest:
        shown = shown.rstrip("?&;")
    return scheme + host.rpartition("@")[2] + shown
