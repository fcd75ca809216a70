"""A certificate for this machine, and an authority of this machine's own that signed it.

Run as a program, ``python -m saywire.server.certificates FOLDER NAME...``, which ``tls.py`` does when it has
none that will do: cryptography is 11 MB of memory that a server does not need once that is done. Clients
trust the authority (``ca.pem``) once; the certificate may change with the machine's addresses.

Files: ``ca.pem`` is for everybody, ``ca-key.pem`` and ``server.pem`` (key, certificate, authority) for the
owner alone. Source: RFC 5280; Apple's limits for certificates (support.apple.com/103769, 2026-11): 825 days,
names in subjectAltName, serverAuth.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY, AUTHORITY_KEY, SERVER = "ca.pem", "ca-key.pem", "server.pem"

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=800)
SLACK = timedelta(days=1)
"""Certificates begin so long ago: clocks differ."""

Key = ec.EllipticCurvePrivateKey


def make(folder: Path, names: Sequence[str], now: datetime | None = None) -> None:
    """Write ``server.pem`` for host names and addresses, and the authority where none is kept that lasts."""
    now = now or datetime.now(UTC)
    authority, authority_key = load_authority(folder, now + LIFE) or make_authority(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _begin(f"saywire on {names[0]}", authority.subject, key, now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([*map(_general_name, names)]), critical=False)
        .add_extension(purposes, critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(_issuer(authority_key), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(folder / SERVER, _pem(key) + _pem(certificate) + _pem(authority), private=True)


def load_authority(folder: Path, until: datetime) -> tuple[x509.Certificate, Key] | None:
    """What is kept, if it is whole and lasts."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
        key = load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):  # the last: a key with a password, not ours
        return None
    if not isinstance(key, Key) or certificate.public_key() != key.public_key():
        return None
    return (certificate, key) if certificate.not_valid_after_utc > until else None


def make_authority(folder: Path, now: datetime) -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"saywire authority of this machine, {now:%Y-%m-%d %H:%M}"
    certificate = (
        _begin(name, _subject(name), key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder / AUTHORITY_KEY, _pem(key), private=True)
    _write(folder / AUTHORITY, _pem(certificate), private=False)
    return certificate, key


def _begin(name: str, issuer: x509.Name, key: Key, now: datetime, life: timedelta) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now - SLACK + life)
        .add_extension(identifier, critical=False)
    )


def _subject(name: str) -> x509.Name:
    """RFC 5280 A.1: a common name has at most 64 characters."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _issuer(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(what: x509.Certificate | Key) -> bytes:
    if isinstance(what, x509.Certificate):
        return what.public_bytes(Encoding.PEM)
    return what.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, private: bool) -> None:
    """Whole or not at all; what is private was never anybody else's to read."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(
        new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if private else 0o644)
    ) as file:
        file.write(data)
    new.replace(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])
