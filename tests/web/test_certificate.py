# ruff: noqa: E402  (without the extra there is nothing to import)
import contextlib
import datetime
import socket
import ssl
import sys
import threading
import urllib.request

import pytest

x509 = pytest.importorskip("cryptography.x509", reason="the extra 'tls' is not installed")

from cryptography.hazmat.primitives import serialization

from landmark_emotion.errors import ServerError
from landmark_emotion.web import certificate
from landmark_emotion.web.certificate import check_certificate, fingerprint, own_certificate

NAMES = ("localhost", "127.0.0.1", "::1", "192.0.2.7")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))


def greeted(path, name: str) -> str:
    """The protocol that a client which trusts the certificate agrees on with a server."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cafile=str(path))
    here, there = socket.socketpair()
    with contextlib.ExitStack() as stack:

        def serve() -> None:
            with contextlib.suppress(OSError), server.wrap_socket(there, server_side=True) as end:
                end.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        stack.callback(thread.join)
        stack.enter_context(contextlib.closing(there))
        with contextlib.closing(here), client.wrap_socket(here, server_hostname=name) as encrypted:
            encrypted.send(b"x")
            return str(encrypted.version())


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_it_connects_by_every_name(name):
    assert greeted(own_certificate(NAMES), name).startswith("TLS")


def test_other_names_are_refused():
    with pytest.raises(ssl.SSLCertVerificationError):
        greeted(own_certificate(NAMES), "evil.example")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_user_may_read_the_key():
    assert own_certificate(NAMES).stat().st_mode & 0o777 == 0o600


def test_it_is_kept_until_it_expires_or_a_name_is_new(monkeypatch):
    path = own_certificate(NAMES)
    first = path.read_bytes()
    assert own_certificate(NAMES[:2]).read_bytes() == first
    second = own_certificate((*NAMES, "new")).read_bytes()
    assert second != first
    monkeypatch.setattr(certificate, "DAYS", 6)
    assert own_certificate((*NAMES, "newer")).read_bytes() != second
    short = path.read_bytes()
    monkeypatch.undo()
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(path.parents[2]))
    assert own_certificate((*NAMES, "newer")).read_bytes() != short


def test_a_damaged_one_is_made_anew():
    path = own_certificate(NAMES)
    for damaged in (b"", b"nonsense", path.read_bytes()[:400]):
        path.write_bytes(damaged)
        check_certificate(own_certificate(NAMES), path)


def test_it_is_no_authority_and_its_fingerprint_is_that_of_browsers():
    path = own_certificate(NAMES)
    made = x509.load_pem_x509_certificate(path.read_bytes())
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    now = datetime.datetime.now(datetime.timezone.utc)
    assert made.not_valid_after_utc - now < datetime.timedelta(days=398)
    assert len(fingerprint(path).split(":")) == 32


def test_pages_and_sockets_are_served_over_https(model):
    for package in ("fastapi", "uvicorn", "websockets"):
        pytest.importorskip(package, reason="the extra 'web' is not installed")
    from serving import Server, receive
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    path = own_certificate(NAMES)
    trusting = ssl.create_default_context(cafile=str(path))
    with contextlib.closing(Server(model, certificate=(path, path))) as server:
        with urllib.request.urlopen(f"{server.address}/", timeout=30, context=trusting) as answer:
            assert b"<title>" in answer.read()
        live = f"wss://127.0.0.1:{server.port}/live"
        with connect(live, ssl=trusting, origin=server.address) as client:
            assert receive(client)["type"] == "state"
        foreign = server.address.replace("https", "http")
        with pytest.raises(InvalidStatus), connect(live, ssl=trusting, origin=foreign):
            pass


def test_certificates_that_cannot_be_used_are_refused(tmp_path):
    path = own_certificate(NAMES)
    first = tmp_path / "first.pem"
    first.write_bytes(path.read_bytes())
    other = own_certificate((*NAMES, "new"))
    check_certificate(first, first)
    with pytest.raises(ServerError, match="is not its private key"):
        check_certificate(first, other)
    with pytest.raises(ServerError, match="cannot be read"):
        check_certificate(tmp_path / "none", first)
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(first.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked.write_bytes(key.private_bytes(*kinds, encryption))
    with pytest.raises(ServerError, match="has a password"):
        check_certificate(first, locked)
