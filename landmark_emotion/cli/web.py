"""``landmark-emotion web``: the browser page."""

import argparse
import ipaddress
import os
import socket
import sys
import threading
import webbrowser

from landmark_emotion.cli.options import add_following, add_recognition, say, whole_number


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "web",
        help="recognize emotions on a page in the browser",
        description="Serve a page that shows the camera's picture with the emotions of its faces, "
        "and a small HTTP API. Images stay on this machine and are never stored. Press Ctrl-C to "
        "stop.",
    )
    add = parser.add_argument
    text = "address to listen on; any other lets other machines in (default: 127.0.0.1)"
    add("--host", default="127.0.0.1", metavar="ADDRESS", help=text)
    text = "port to listen on; 0 for any free port (default: 8000)"
    add("--port", type=_port, default=8000, metavar="N", help=text)
    add("--no-open", action="store_true", help="do not open the browser")
    add_recognition(parser)
    add_following(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from landmark_emotion.cli.recognition import recognizer_options
    from landmark_emotion.web.listening import check_packages, listen

    check_packages()
    taken = listen(args.host, args.port)
    host, port = taken.getsockname()[:2]
    with taken:
        names = (args.host,) if _is_loopback(host) else (args.host, socket.gethostname())
        options = recognizer_options(args)
        if not _is_loopback(host):
            say(
                f"warning: everyone who can reach {args.host} can use this server, unencrypted; "
                "browsers allow the camera only on https and localhost pages"
            )
        shown = "localhost" if host in ("0.0.0.0", "::") else host
        address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
        say(f"page: {address} (press Ctrl-C to stop)")
        if not args.no_open:
            _open(address)
        # It takes a while to load, while the system queues connections.
        from landmark_emotion.web.server import create_app, serve

        try:
            serve(create_app(options, names), taken)
        except KeyboardInterrupt:
            say("stopped")
            raise
    return 0


def _port(text: str) -> int:
    """Read ``--port``."""
    port = whole_number(text)
    if port > 65535:
        raise argparse.ArgumentTypeError(f"must be at most 65535, got '{text}'")
    return port


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _open(address: str) -> None:
    """Open the browser if there is a screen."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform in ("win32", "darwin") or screen:
        # Some browsers return only when they are closed.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
