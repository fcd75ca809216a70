from __future__ import annotations

import pytest

from saywire.config import WebRtcConfig
from saywire.errors import ConfigError, Overloaded
from saywire.server.ice import IceServer, announce, find_reach, limit_to, without_unresolvable
from server.doubles import in_loop


def test_nothing_set_is_nothing_limited_and_nobody_asked():
    reach = find_reach(WebRtcConfig())
    assert (reach.servers, reach.addresses, len(reach.ports), reach.announced) == ((), (), 0, None)


def test_what_is_set():
    reach = find_reach(
        WebRtcConfig(
            addresses=("10.0.0.1", "fd00::1"),
            announce="203.0.113.5",
            ports="50000-50002",
            ice_servers=("stun:stun.example:3478", "turn:me:a:b@turn.example:3478?transport=tcp"),
        )
    )
    assert list(reach.ports) == [50000, 50001, 50002]
    assert reach.servers == (
        IceServer("stun:stun.example:3478"),
        IceServer("turn:turn.example:3478?transport=tcp", "me", "a:b"),
    )
    assert list(find_reach(WebRtcConfig(ports="7")).ports) == [7]


@pytest.mark.parametrize(
    "settings",
    [
        {"ports": "6-5"},
        {"ports": "65000-65536"},
        {"addresses": ("localhost",)},
        {"announce": "my.example"},
        {"ice_servers": ("stun.example",)},
        {"ice_servers": ("turn:turn.example",)},
        {"ice_servers": ("stun:me:secret@stun.example",)},
    ],
)
def test_what_will_not_do_is_told_at_the_start_without_passwords(settings):
    with pytest.raises(ConfigError) as refused:
        find_reach(WebRtcConfig(**settings))
    assert "webrtc." in refused.value.message and "secret" not in refused.value.message


OFFER = (
    "a=candidate:1 1 udp 2113937151 3f8a-11.local 50000 typ host generation 0\r\n"
    "a=candidate:2 1 udp 2113937151 192.0.2.7 50001 typ host\r\n"
    "a=mid:0\r\n"
)


def test_names_that_only_multicast_knows_are_dropped():
    assert without_unresolvable(OFFER) == OFFER.split("\r\n", 1)[1]


def test_another_address_is_told_where_we_are_behind_one():
    assert announce(OFFER, None) == OFFER
    assert "203.0.113.5 50001 typ host" in announce(OFFER, "203.0.113.5")
    assert "192.0.2.7" not in announce(OFFER, "203.0.113.5")


@in_loop
async def test_ports_and_addresses_are_those_that_were_set():
    aioice = pytest.importorskip("aioice", reason="saywire[webrtc] is not installed")
    free = aioice.Connection(ice_controlling=False)
    limit_to(find_reach(WebRtcConfig(addresses=("127.0.0.1",))), free)
    await free.gather_candidates()
    [candidate] = free.local_candidates
    taken = find_reach(WebRtcConfig(addresses=("127.0.0.1",), ports=f"{candidate.port}"))
    late = aioice.Connection(ice_controlling=False)
    limit_to(taken, late)
    with pytest.raises(Overloaded):
        await late.gather_candidates()
    await free.close()
    again = aioice.Connection(ice_controlling=False)
    limit_to(taken, again)
    await again.gather_candidates()
    assert [(each.host, each.port) for each in again.local_candidates] == [("127.0.0.1", candidate.port)]
    await again.close()
    await late.close()
