"""``landmark-emotion web``: the browser page."""

import argparse
import os
import re
import secrets
import socket
import sys
import threading
import webbrowser
from pathlib import Path

from landmark_emotion.cli.help import INPUT, examples, group
from landmark_emotion.cli.options import add_following, add_recognition, say, whole_number


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "web",
        help="recognize emotions on a page in the browser",
        description="Serve a page that shows the camera's picture with the emotions of its faces, "
        "and a small HTTP API. Images are processed on this machine and never stored. Press Ctrl-C "
        "to stop.",
        epilog=examples(
            "web",
            "web --port 8080 --no-open",
            "web --host 0.0.0.0 --tls auto",
        ),
    )
    add = group(parser, INPUT).add_argument
    text = "address to listen on; 0.0.0.0 lets other machines in (default: 127.0.0.1)"
    add("--host", default="127.0.0.1", metavar="ADDRESS", help=text)
    text = "port to listen on; 0 for any free port (default: 8000)"
    add("--port", type=_port, default=8000, metavar="N", help=text)
    add("--no-open", action="store_true", help="do not open the browser")
    text = (
        "serve https with a certificate and its private key in PEM files; 'auto' makes a "
        "self-signed certificate. Browsers allow the camera on pages of other machines only with "
        "https"
    )
    add("--tls", nargs="+", metavar=("CERT", "KEY"), help=text)
    text = (
        "require this token, which the printed address contains; 'none' for none (default: a "
        "random one with --host other than 127.0.0.1)"
    )
    add("--token", type=_token, metavar="TOKEN", help=text)
    add_recognition(parser)
    add_following(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from landmark_emotion.cli.recognition import recognizer_options
    from landmark_emotion.web.addresses import is_loopback, network_addresses, url
    from landmark_emotion.web.listening import check_packages, listen

    check_packages()
    if args.tls is not None and len(args.tls) != (1 if args.tls[0] == "auto" else 2):
        args.usage_error("argument --tls: expected 'auto', or a certificate and its private key")
    taken = listen(args.host, args.port)
    host, port = taken.getsockname()[:2]
    with taken:
        private = is_loopback(host)
        others = network_addresses(host)
        here = host if private or host not in ("0.0.0.0", "::") else "localhost"
        names = (args.host,) if private else (args.host, socket.gethostname())
        options = recognizer_options(args)
        certificate = _certificate(args.tls, {here, "localhost", "127.0.0.1", *others, *names})
        token = args.token or ("none" if private else secrets.token_urlsafe(16))
        scheme = "http" if certificate is None else "https"
        address = url(scheme, here, port)
        opening = "/" if token == "none" else f"/?token={token}"
        say(f"page: {address}{opening} (press Ctrl-C to stop)")
        for other in others:
            if other != here:
                say(f"from other machines: {url(scheme, other, port)}{opening}")
        if not private:
            _warn(args.host, token == "none", certificate is None)
        if not args.no_open:
            _open(f"{address}{opening}")
        # It takes a while to load, while the system queues connections.
        from landmark_emotion.web.server import create_app, serve

        app = create_app(options, names, None if token == "none" else token, address)
        try:
            serve(app, taken, certificate)
        except KeyboardInterrupt:
            say("stopped")
            raise
    return 0


def _certificate(tls: list[str] | None, names: set[str]) -> tuple[Path, Path] | None:
    """Return the files for ``--tls``; say what browsers will think of a certificate made here."""
    if tls is None:
        return None
    from landmark_emotion.web.certificate import check_certificate, fingerprint, own_certificate

    if tls[0] != "auto":
        certificate, key = map(Path, tls)
        check_certificate(certificate, key)
        return certificate, key
    addresses = {name for name in names if name not in ("0.0.0.0", "::")}
    made = own_certificate(addresses)
    say(
        "note: browsers will warn that the connection is not private, because the certificate is "
        "self-signed. On your own network choose 'Advanced' and 'Proceed' (iPhone: 'Show Details' "
        "and 'visit this website'). To be sure, compare the SHA-256 fingerprint: "
        f"{fingerprint(made)}"
    )
    return made, made


def _warn(host: str, open_to_all: bool, unencrypted: bool) -> None:
    """Warn of what other machines can do."""
    if open_to_all:
        say(f"warning: everyone who can reach {host} can use this server")
    if unencrypted:
        say(
            "warning: the connection is not encrypted, and browsers allow the camera only on https "
            "and localhost pages; add '--tls auto'"
        )


def _token(text: str) -> str:
    """Read ``--token``."""
    if text == "none" or re.fullmatch(r"[A-Za-z0-9_-]{8,128}", text):
        return text
    raise argparse.ArgumentTypeError(
        "must be 'none' or 8 to 128 letters, digits, hyphens and underscores"
    )


def _port(text: str) -> int:
    """Read ``--port``."""
    port = whole_number(text)
    if port > 65535:
        raise argparse.ArgumentTypeError(f"must be at most 65535, got '{text}'")
    return port


def _open(address: str) -> None:
    """Open the browser if there is a screen."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform in ("win32", "darwin") or screen:
        # Some browsers return only when they are closed.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
