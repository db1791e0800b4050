"""Certificate files of mutual TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path


class CertificateFilesError(Exception):
    """The files cannot be used. The message names the files, never their content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: the client certificate with its chain, its key, and the authorities of the server."""

    cert_file: Path
    key_file: Path
    ca_file: Path

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        return self.cert_file, self.key_file, self.ca_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The content of the files, read at one moment."""

    cert: bytes
    key: bytes = field(repr=False)
    ca: bytes


def load(files: TlsFiles) -> Certificates:
    """Read the three files and make sure that they fit.

    Raises:
        CertificateFilesError: one is missing, half-written or no PEM, or certificate and key are no pair.
    """
    before = _read(files)
    _require_fit(files)
    if _read(files) != before:
        message = "the certificate files are being written"
        raise CertificateFilesError(message)
    return before


def _read(files: TlsFiles) -> Certificates:
    try:
        return Certificates(
            cert=files.cert_file.read_bytes(), key=files.key_file.read_bytes(), ca=files.ca_file.read_bytes()
        )
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise CertificateFilesError(message) from error


def _require_fit(files: TlsFiles) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # the empty password rejects an encrypted key, for which OpenSSL would prompt
        context.load_cert_chain(files.cert_file, files.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        message = f"{files.cert_file} and {files.key_file} are no pair of certificate and key: {_reason(error)}"
        raise CertificateFilesError(message) from error
    try:
        context.load_verify_locations(files.ca_file)
    except (ssl.SSLError, OSError) as error:
        message = f"{files.ca_file} holds no certificate: {_reason(error)}"
        raise CertificateFilesError(message) from error


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or "not readable")
