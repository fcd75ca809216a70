"""Opening a connection to a server's websocket: the address, the key, the trust, and what went wrong."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from random import Random
from urllib.parse import urljoin, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
)

from ..calling import PROXY_TROUBLE, SCHEMES, Handshake, choose_proxy, is_key, may_pass, split, tell_proxy
from ..errors import BadRequest, EngineFailed, NotAllowed, SaywireError

LARGEST = 16 * 2**20
"""Bytes of a message from the server."""
FAREWELL = 1.0
"""Seconds that a server may take to answer the end of a connection: one that hangs holds nobody."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two attempts to connect again."""
BROKEN, GOING_AWAY, RESTARTING, TRY_LATER = 1006, 1001, 1012, 1013
PASSING = frozenset({BROKEN, GOING_AWAY, RESTARTING, TRY_LATER})
"""Close codes after which another attempt may help: the server, not what was asked of it, was the reason."""
WRONG_KEY = 3000
"""OpenAI's close code for keys that are not accepted."""
WIRE = "/v1/realtime"


class Unreachable(EngineFailed):
    """No server answers there, or not now."""


@dataclass(frozen=True, slots=True)
class Dial:
    """How servers are called. ``ca``: a PEM file of the authorities to trust, instead of the system's."""

    addresses: tuple[str, ...]
    api_key: str | None = None
    ca: Path | None = None

    async def call(self, attempt: int = 0) -> ClientConnection:
        """The addresses are called in turn. Raises BadRequest for an address that is none and a file that
        cannot be read, NotAllowed for a key that is none, Unreachable where another attempt may help,
        EngineFailed where not."""
        address = self.addresses[attempt % len(self.addresses)]
        headers = _authorize(self.api_key) if self.api_key else {}
        joint = "&" if "?" in address else "?"
        try:
            secure = address.startswith("wss:")
            trust = _trust(self.ca) if secure or self.ca else None
            wire = f"{address}{joint}intent=transcription"
            return await _open(wire, trust if secure else None, headers)
        except (InvalidURI, UnicodeError) as e:  # the latter for a host's name that cannot be one
            raise BadRequest(f"'{address}' is no websocket address; write ws://HOST:PORT/v1/realtime") from e
        except ssl.SSLCertVerificationError as e:
            raise EngineFailed(f"the certificate of {show(address)} is not trusted: {_doubt(e)}") from e
        except PROXY_TROUBLE as e:
            why = f"by the proxy of the environment: {tell_proxy(e)}"
            raise EngineFailed(f"cannot connect to {show(address)} {why}") from e
        except (OSError, InvalidHandshake) as e:
            swapped = _is_odd(e) and await _is_swapped(address)
            raise (_tell_swapped(address) if swapped else _judge(address, e)) from e


async def _open(address: str, trust: ssl.SSLContext | None, headers: Mapping[str, str]) -> ClientConnection:
    return await Handshake(
        address,
        additional_headers=headers,
        compression=None,
        max_size=LARGEST,
        close_timeout=FAREWELL,
        proxy=choose_proxy(urlsplit(address).hostname or ""),
        ssl=trust,
    )


# What went wrong.


def _is_odd(error: OSError | InvalidHandshake) -> bool:
    """Whether it may come of plain words where TLS is spoken, or the other way round."""
    refused = isinstance(error, InvalidStatus) and error.response.status_code == HTTPStatus.BAD_REQUEST
    return refused or isinstance(error, InvalidMessage | ssl.SSLError | ConnectionResetError)


async def _is_swapped(address: str) -> bool:
    """Whether TLS is spoken where the address says it is not, or the other way round. Asked without a key."""
    parts = urlsplit(address)
    scheme, anybody = "ws", None
    if parts.scheme == "ws":
        scheme, anybody = "wss", ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        socket = await _open(urlunsplit((scheme, parts.netloc, "/", "", "")), anybody, {})
    except InvalidStatus as e:
        return e.response.status_code != HTTPStatus.BAD_REQUEST  # which plain words get where TLS is spoken
    except (OSError, InvalidHandshake):
        return False
    await socket.close()
    return True


def _tell_swapped(address: str) -> EngineFailed:
    tls, write = ("no TLS", "http://") if address.startswith("wss:") else ("TLS", "https://")
    return EngineFailed(f"cannot connect to {show(address)}: {tls} is spoken there; write {write}")


def _judge(address: str, error: OSError | InvalidHandshake) -> SaywireError:
    """Unreachable where another attempt may help."""
    what = f"cannot connect to {show(address)}"
    match error:
        case InvalidStatus(response=response) if location := response.headers.get("Location"):
            elsewhere = show(urljoin(address, location))
            return EngineFailed(f"{what}: it sends us on to {elsewhere}; give that address")
        case InvalidStatus(response=response) if response.status_code == HTTPStatus.UNAUTHORIZED:
            return NotAllowed(f"{what}: it wants another key")
        case InvalidStatus(response=response) | InvalidProxyStatus(response=response):
            kind = Unreachable if may_pass(response.status_code) else EngineFailed
            return kind(f"{what}: {error}")
        case InvalidMessage(__cause__=ValueError()) | ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return EngineFailed(f"{what}: what answers there is no web server")
        case InvalidMessage() | ConnectionResetError():
            return Unreachable(f"{what}: it closed the connection at once")
        case _:
            return Unreachable(f"{what}: {error}")


def _doubt(error: ssl.SSLCertVerificationError) -> str:
    """OpenSSL's codes from 18 to 21 are authorities that nobody knows here (x509_vfy.h)."""
    unknown = 18 <= error.verify_code <= 21
    return error.verify_message + ("; name the authority that signed it" if unknown else "")


def show(address: str) -> str:
    """An address as errors say it: without a password, or a query, which may have a key."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def to_address(url: str) -> str:
    """Where the Realtime wire of a server is that is known by its page or its API: ``http://HOST:PORT``,
    ``https://HOST/v1``; the address of a websocket stays as it is. Raises BadRequest for what is none."""
    parts = split(url)
    path = WIRE if parts.path.rstrip("/") in ("", "/v1") else parts.path
    return urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, parts.query, ""))


def _authorize(key: str) -> dict[str, str]:
    """Not said in the error: what was taken for a key may be one, with a line's end too much."""
    if not is_key(key):
        raise NotAllowed("the API key has characters that no key has; is it one line, and nothing else?")
    return {"Authorization": f"Bearer {key}"}


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as e:  # SSLError, too
        raise BadRequest(f"{ca} has no certificates of authorities in PEM: {e}") from e


def explain(closed: ConnectionClosed) -> SaywireError:
    """Why a connection ended before its session did; Unreachable where another attempt may help."""
    code = closed.rcvd.code if closed.rcvd else BROKEN
    reason = closed.rcvd.reason if closed.rcvd else ""
    if code == WRONG_KEY:
        return NotAllowed(f"the server refused the key: {reason}")
    kind = Unreachable if code in PASSING else EngineFailed
    return kind(f"the connection ended before the session did: {reason or closed}")


def pause(attempt: int, dice: Random) -> float:
    """Seconds before an attempt to connect again: doubled each time, jittered so that a crowd spreads."""
    return min(SHORTEST_PAUSE * 2.0 ** min(attempt, 32), LONGEST_PAUSE) * dice.uniform(0.5, 1.0)
