"""TLS in the process: whose certificate it is, and whether a client would take it.

Either the operator names files (``server.tls_cert``, ``server.tls_key``), or the server makes a certificate
for this machine and keeps it (``server.tls_self_signed``, ``certificates.py``). In both cases the server
shakes hands with itself at start-up, in memory: a key that is another's, a certificate that has expired or is
for no server is then a clear error at once, instead of a riddle in every client.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from ..config import ServerConfig
from ..errors import ConfigError, ModelError
from ..runtime.locks import locked
from ..runtime.places import find_data

logger = logging.getLogger("saywire.server")

MAKER = "saywire.server.certificates"
AUTHORITY, SERVER = "ca.pem", "server.pem"
"""Files that MAKER writes."""
FEW = timedelta(days=30)
"""Left of its life: a certificate of ours is made anew, somebody else's is warned about."""
ROUNDS = 8
"""TLS 1.2 shakes hands in four messages, TLS 1.3 in three."""
OTHERS = 0o007
"""Of the mode of a file: everybody. A group that may read keys is often meant to."""
PROBES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""RFC 5737, RFC 3849: nobody's addresses. Nothing is sent there."""

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = re.compile(rb"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Two PEM files, which may be one."""

    certificate: Path
    key: Path
    authority: Path | None = None
    """What clients must be told to trust, where the certificate is of our own making."""


def find_credentials(
    settings: ServerConfig, environment: Mapping[str, str] = os.environ
) -> Credentials | None:
    """Those to serve with; None: without TLS. Makes them where that was asked for.

    Raises ConfigError, which names the setting, for all that would make clients refuse us.
    """
    if settings.tls_self_signed and settings.tls_cert:
        raise ConfigError("server.tls_self_signed and server.tls_cert exclude each other; leave one out")
    if settings.tls_key and not settings.tls_cert:
        raise ConfigError("server.tls_key without server.tls_cert; give the certificate, too")
    if settings.tls_self_signed:
        return keep(find_folder(environment), find_names(settings))
    if not settings.tls_cert:
        return None
    certificate = Path(settings.tls_cert).expanduser()
    key = Path(settings.tls_key).expanduser() if settings.tls_key else certificate
    given = Credentials(certificate, key)
    check(given)
    return given


def find_folder(environment: Mapping[str, str]) -> Path:
    """Where certificates of our own making are kept."""
    return find_data(environment) / "tls"


def check(given: Credentials) -> None:
    """Raises ConfigError. Warns of a key that others can read, and of an end that is near."""
    if _CERTIFICATE not in _read("server.tls_cert", given.certificate):
        raise ConfigError(f"server.tls_cert: {given.certificate} is no certificate in PEM")
    if not _KEY.search(_read("server.tls_key", given.key)):
        raise ConfigError(
            f"server.tls_key: {given.key} has no private key in PEM; "
            "name the key's file, or put the key into the certificate's"
        )
    if os.name == "posix" and given.key.stat().st_mode & OTHERS:
        logger.warning("everybody on this machine can read the private key: chmod o= %s", given.key)
    try:
        end = shake_hands(load(given), given.certificate)
    except ssl.SSLCertVerificationError as e:
        raise ConfigError(
            f"server.tls_cert: clients will not take {given.certificate}: {e.verify_message}"
        ) from e
    if end - datetime.now(UTC) < FEW:
        logger.warning("the certificate %s ends at %s", given.certificate, f"{end:%Y-%m-%d %H:%M} UTC")


def load(given: Credentials) -> ssl.SSLContext:
    """Raises ConfigError for a key that is not the certificate's, needs a password, or is damaged."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def refuse() -> str:
        raise ConfigError(f"server.tls_key: {given.key} needs a password; take it off with openssl pkey")

    try:
        context.load_cert_chain(given.certificate, given.key, refuse)
    except ssl.SSLError as e:
        if e.reason == "KEY_VALUES_MISMATCH":
            what = f"{given.key} is not the key of {given.certificate}"
        else:
            what = f"{given.certificate} or its key {given.key} is damaged ({e.reason or e})"
        raise ConfigError(f"server.tls_key: {what}") from e
    return context


def shake_hands(server: ssl.SSLContext, trusted: Path, name: str | None = None) -> datetime:
    """When the certificate ends. Raises SSLCertVerificationError as a client would that trusts ``trusted``.

    ``name``: what the client calls the server; None: it does not compare.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = name is not None
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself may be what is trusted
    client.load_verify_locations(trusted)
    down, up = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(down, up, server_hostname=name),
        server.wrap_bio(up, down, server_side=True),
    )
    for _ in range(ROUNDS):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    shown = ends[0].getpeercert()
    assert shown
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def keep(folder: Path, names: Sequence[str]) -> Credentials:
    """The certificate of this machine in ``folder``, made anew when it is not for all names or ends soon.

    Raises ConfigError when it cannot be made.
    """
    given = Credentials(folder / SERVER, folder / SERVER, folder / AUTHORITY)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with locked(folder / ".lock", lambda: None):
            if not _serves(given, names):
                _make(folder, names)
    except (OSError, ModelError) as e:  # the latter: the lock's file cannot be written
        raise ConfigError(f"server.tls_self_signed: a certificate cannot be kept in {folder}") from e
    return given


class Renewal:
    """Takes a certificate into use that somebody (certbot, acme.sh) wrote over that of a running server."""

    def __init__(self, given: Credentials) -> None:
        self._given = given
        self._seen = self._look()

    def renew(self, context: ssl.SSLContext) -> None:
        """For connections that come from now on; one that will not do is warned about and left."""
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            check(self._given)
            context.load_cert_chain(self._given.certificate, self._given.key)
        except ConfigError as e:  # perhaps only half of it is written yet: it is looked at again then
            logger.warning("the changed certificate is not used: %s", e)
        else:
            logger.info("using the changed certificate %s", self._given.certificate)

    def _look(self) -> list[tuple[int, int]]:
        files = [path.stat() for path in (self._given.certificate, self._given.key) if path.exists()]
        return [(file.st_mtime_ns, file.st_ino) for file in files]


def find_names(settings: ServerConfig) -> list[str]:
    """What clients may call this machine. Never asks a name server."""
    host = socket.gethostname().lower()
    names = ["localhost", "127.0.0.1", "::1"]
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", host):  # others no certificate can have
        names += [host, f"{host.partition('.')[0]}.local"]
    names += [*_addresses(), *settings.tls_names]
    if not _is_any(settings.host):
        names.append(settings.host)
    return list(dict.fromkeys(names))


def _is_any(host: str) -> bool:
    """Whether it means all addresses of the machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _addresses() -> Iterator[str]:
    """Of the interfaces that the world would be reached by."""
    for family, elsewhere in PROBES:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            yield str(probe.getsockname()[0]).partition("%")[0]  # the interface


def _serves(given: Credentials, names: Sequence[str]) -> bool:
    assert given.authority
    try:
        server = load(given)
        called = [name.replace("*", "any") for name in names]
        ends = [shake_hands(server, given.authority, name) for name in called]
    except (OSError, ConfigError):  # SSLError is an OSError
        return False
    return min(ends) - datetime.now(UTC) > FEW


def _make(folder: Path, names: Sequence[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", MAKER, folder, *names],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    if run.returncode:
        why = (run.stderr.strip().splitlines() or [f"status {run.returncode}"])[-1]
        raise ConfigError(f"server.tls_self_signed: no certificate could be made in {folder}: {why}")
    logger.info("made a certificate for %s in %s", ", ".join(names), folder)


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise ConfigError(f"{setting}: cannot read {path}: {e.strerror}") from e
