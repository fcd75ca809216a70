"""Where a peer of WebRTC can reach this machine: addresses, UDP ports, servers in between.

aiortc binds a free port on each address of the machine but loopback's, and asks a public STUN server. Here
no server is asked that the settings do not name, and addresses and ports can be chosen, for which aiortc has
no setting: what the ICE connection of a peer (aioice 0.13) does to gather is replaced.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
import socket
from dataclasses import dataclass
from typing import Any, cast

from ..config import WebRtcConfig
from ..errors import ConfigError, Overloaded

try:
    from aioice import Candidate
    from aioice.candidate import candidate_foundation, candidate_priority
    from aioice.ice import StunProtocol
except ImportError:  # part of saywire[webrtc]
    Candidate = Any

LOOPBACK = "127.0.0.1"
"""Where a machine has no other address."""

_SERVER = re.compile(
    r"(?P<scheme>stuns?|turns?):(?:(?P<user>[^:@]+):(?P<password>.+)@)?(?P<where>[^@?]+)(?P<query>\?transport=\w+)?"
)
_CANDIDATE = re.compile(r"(?m)^(a=candidate:\S+ \d+ \w+ \d+ )(\d+\.\d+\.\d+\.\d+)( \d+ typ host)")
_UNRESOLVABLE = re.compile(r"(?mi)^a=candidate:[^\r\n]*\.local [^\r\n]*\r?\n?")


@dataclass(frozen=True, slots=True)
class IceServer:
    url: str
    user: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    servers: tuple[IceServer, ...] = ()
    addresses: tuple[str, ...] = ()
    """To bind; none: all but loopback's."""
    ports: range = range(0)
    """To bind; none: any that is free."""
    announced: str | None = None
    """IPv4 that peers are told in place of our own."""


def find_reach(settings: WebRtcConfig) -> Reach:
    """Raises ConfigError for what is no address, port or server."""
    first, _, last = settings.ports.partition("-")
    ports = range(int(first), int(last or first) + 1) if settings.ports else range(0)
    if settings.ports and (not ports or ports[-1] > 65_535):
        raise ConfigError(f"webrtc.ports '{settings.ports}' is no range of ports; write one like 50000-50100")
    for address in (*settings.addresses, settings.announce or LOOPBACK):
        _check_address(address)
    servers = tuple(map(_read_server, settings.ice_servers))
    return Reach(servers, settings.addresses, ports, settings.announce)


def without_unresolvable(offer: str) -> str:
    """Browsers hide addresses behind names of multicast DNS from pages that may not use a microphone, and a
    second is lost looking for each. Such a peer is found by its own checks (peer-reflexive candidates)."""
    return _UNRESOLVABLE.sub("", offer)


def announce(answer: str, address: str | None) -> str:
    """The answer with ``address`` in place of our own, where we are behind one."""
    return _CANDIDATE.sub(rf"\g<1>{address}\g<3>", answer) if address else answer


def limit_to(reach: Reach, connection: Any) -> None:
    """Let an ``aioice.Connection`` that has not gathered yet bind what ``reach`` says.

    Its gathering raises Overloaded when no port is free.
    """
    gather = connection.get_component_candidates

    async def gather_some(component: int, addresses: list[str]) -> list[Candidate]:
        bound = list(reach.addresses) or addresses or [LOOPBACK]
        if not reach.ports:
            return cast(list[Candidate], await gather(component, bound))
        hosts = [await _bind(connection, component, address, reach.ports) for address in bound]
        return [*hosts, *await gather(component, [])]  # the rest is servers in between

    connection.get_component_candidates = gather_some


async def _bind(connection: Any, component: int, address: str, ports: range) -> Candidate:
    """As aioice binds, but one of these ports."""
    bound = _find_port(address, ports)
    _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: StunProtocol(connection), sock=bound
    )
    foundation, priority = candidate_foundation("host", "udp", address), candidate_priority(component, "host")
    port = bound.getsockname()[1]
    protocol.local_candidate = Candidate(foundation, component, "udp", priority, address, port, "host")
    connection._protocols.append(protocol)
    return protocol.local_candidate


def _find_port(address: str, ports: range) -> socket.socket:
    """Bound, not blocking. Raises Overloaded."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in random.sample(ports, len(ports)):
        tried = socket.socket(family, socket.SOCK_DGRAM)
        try:
            tried.bind((address, port))
        except OSError:
            tried.close()
        else:
            tried.setblocking(False)
            return tried
    raise Overloaded(f"no UDP port from {ports[0]} to {ports[-1]} is free on {address}; try again later")


def _check_address(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError as e:
        raise ConfigError(f"'{address}' is no IP address (webrtc.addresses, webrtc.announce)") from e


def _read_server(text: str) -> IceServer:
    found = _SERVER.fullmatch(text)
    if found is None or (found["user"] is None) == found["scheme"].startswith("turn"):
        # The text may hold a password, so it is not shown.
        raise ConfigError(
            "webrtc.ice_servers has what is none; write stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT"
        )
    url = f"{found['scheme']}:{found['where']}{found['query'] or ''}"
    return IceServer(url, found["user"], found["password"])
