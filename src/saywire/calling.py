"""What all have in common who call a server elsewhere: its address, the way there, the key.

A key is for one host, so redirects are not followed. Nobody asks a proxy for this machine, whatever the
environment says: there only we know what its addresses mean.
"""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import InvalidProxy

from .errors import BadRequest

SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
"""Of servers' addresses, and the same for a websocket."""


def split(url: str) -> SplitResult:
    """The parts of a server's address, which has a host. Raises BadRequest for what is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and parts.port != 0:
            parts.hostname.encode("idna")
            return parts
    except ValueError:  # a port beyond 65535, half an address in brackets, a name with an empty part
        pass
    raise BadRequest(f"'{url}' is no server's address; write it as in http://127.0.0.1:8000")


def is_here(host: str) -> bool:
    """Whether this is a name of this machine on every machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761, section 6.3


def is_key(key: str) -> bool:
    """Whether it can be one: it goes into a header."""
    return key.isascii() and key.isprintable()


def may_pass(status: int) -> bool:
    """Whether another try may help after this HTTP status."""
    return status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or 500 <= status < 600


def choose_proxy(host: str) -> Literal[True] | None:
    """Of a websocket: True for the environment's."""
    return None if is_here(host) else True


PROXY_TROUBLE = (InvalidProxy, ImportError, ValueError)
"""What comes of a proxy of the environment that is none, or of one for SOCKS, which needs a package."""


def tell_proxy(error: Exception) -> str:
    """What is wrong with it, without its password."""
    return error.msg if isinstance(error, InvalidProxy) else str(error)


class Handshake(open_websocket):
    """Without redirects."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc
