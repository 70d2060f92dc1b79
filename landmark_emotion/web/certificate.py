"""Certificates for https: one that the user names, or one that this machine signs itself."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from landmark_emotion.errors import MissingPackageError, ServerError, reason, unreadable
from landmark_emotion.files.folders import user_folder
from landmark_emotion.files.writing import writing, written_gradually

if TYPE_CHECKING:
    from cryptography import x509

DAYS = 397  # of validity; browsers take no certificate for longer
_RENEW = 7  # days before it expires
_NAME = "landmark_emotion"


def check_certificate(certificate: Path, key: Path) -> None:
    """Check that a certificate and its private key can be used.

    Raises
    ------
    ServerError
        If they cannot be read, do not belong together, or the key has a password.
    """

    def no_password() -> str:
        raise ValueError

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        for path in (certificate, key):
            with path.open("rb"):
                pass
        context.load_cert_chain(certificate, key, password=no_password)
    except ValueError as error:
        raise ServerError(f"{key}: has a password; store it without one") from error
    except ssl.SSLError as error:
        raise ServerError(
            f"{certificate}: not a certificate in PEM format, or {key} is not its private key; "
            "name both files"
        ) from error
    except OSError as error:
        raise ServerError(unreadable(error.filename or certificate, error)) from error


def own_certificate(names: Iterable[str]) -> Path:
    """Return a file with a certificate for this machine, signed by itself, and its private key.

    It is kept in the user's cache, readable by the user only, and made anew if it is about to
    expire or lacks one of the names.

    Parameters
    ----------
    names : iterable of str
        Host names and addresses of the machine.

    Raises
    ------
    MissingPackageError
        If the package cryptography is not installed.
    ServerError
        If there is no home directory to keep it in.
    OutputError
        If it cannot be written.
    """
    folder = user_folder("cache")
    if folder is None:
        raise ServerError("certificate: there is no home directory for it; name one with --tls")
    path = folder / "tls" / "self-signed.pem"
    wanted = sorted(set(names))
    if not _is_good(path, wanted):
        data = _signed_by_itself(wanted)
        with writing(path), written_gradually(path) as draft:
            draft.path.chmod(0o600)
            draft.path.write_bytes(data)
            draft.keep()
    path.chmod(0o600)
    return path


def fingerprint(path: Path) -> str:
    """Return the SHA-256 fingerprint of a certificate as browsers show it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _is_good(path: Path, names: list[str]) -> bool:
    try:
        from cryptography import x509

        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        check_certificate(path, path)
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        known = {str(name.value) for name in extension.value}
        left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
        return known.issuperset(names) and left > datetime.timedelta(days=_RENEW)
    except ImportError as error:
        raise _missing(error) from error
    except (OSError, ValueError, ServerError, x509.ExtensionNotFound):
        return False  # there is none yet, or it is damaged


def _signed_by_itself(names: list[str]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=DAYS))
    )
    for extension, critical in (
        (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
        # Not an authority: who trusts it trusts this machine and nothing else.
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ):
        builder = builder.add_extension(extension, critical)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(pem) + private


def _general_name(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _missing(error: ImportError) -> MissingPackageError:
    if isinstance(error, ModuleNotFoundError):
        return MissingPackageError(
            "cryptography: not installed; run \"pip install 'landmark-emotion[tls]'\""
        )
    return MissingPackageError(
        f"cryptography: cannot be loaded ({reason(error)}); name a certificate with --tls"
    )
