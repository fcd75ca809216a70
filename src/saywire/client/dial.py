"""Opening a connection to a server's websocket: the address, the key, the trust, and what went wrong."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import SplitResult, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
)

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
SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
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
            return await open_websocket(
                f"{address}{joint}intent=transcription",
                additional_headers=headers,
                compression=None,
                max_size=LARGEST,
                close_timeout=FAREWELL,
                ssl=_trust(self.ca) if address.startswith("wss:") else None,
            )
        except (InvalidURI, UnicodeError) as e:  # the latter for a host's name that cannot be one
            raise BadRequest(f"'{address}' is no websocket address; write ws://HOST:PORT/v1/realtime") from e
        except ssl.SSLCertVerificationError as e:
            what = f"the certificate of {address} is not trusted ({e.verify_message})"
            raise EngineFailed(f"{what}; name the authority that signed it") from e
        except (InvalidProxy, ImportError) as e:  # SOCKS needs a package
            raise EngineFailed(f"cannot connect to {address} by the proxy of the environment: {e}") from e
        except (OSError, InvalidHandshake) as e:
            lasting = isinstance(e, InvalidStatus) and e.response.status_code < 500
            raise (EngineFailed if lasting else Unreachable)(f"cannot connect to {address}: {e}") from e


def to_address(url: str) -> str:
    """Where the Realtime wire of a server is that is known by its page or its API: ``http://HOST:PORT``,
    ``https://HOST/v1``; the address of a websocket stays as it is. Raises BadRequest for what is none."""
    parts = split(url)
    path = WIRE if parts.path.rstrip("/") in ("", "/v1") else parts.path
    return urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, parts.query, ""))


def split(url: str) -> SplitResult:
    """The parts of a server's address, which has a host. Raises BadRequest for what is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a port beyond 65535, half an address in brackets
        pass
    raise BadRequest(f"'{url}' is no server's address; write it as in http://127.0.0.1:8000")


def _authorize(key: str) -> dict[str, str]:
    """Not said in the error: what was taken for a key may be one, with a line's end too much."""
    if not (key.isascii() and key.isprintable()):
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
