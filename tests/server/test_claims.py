from __future__ import annotations

from saywire.server.claims import Claim, Claims
from server.doubles import in_loop


@in_loop
async def test_whoever_claims_takes_it_from_who_had_it() -> None:
    claims = Claims()
    first, second, third = Claim(claims), Claim(claims), Claim(claims)
    first.take("A")
    third.take("B")
    second.take("A")
    assert first.lost.done() and not second.lost.done() and not third.lost.done()
    first.leave()  # it has nothing any more
    assert claims.holders == {"A": second, "B": third}


@in_loop
async def test_a_claim_is_not_lost_to_itself() -> None:
    claims = Claims()
    claim = Claim(claims)
    claim.take("A")
    claim.take("A")
    assert not claim.lost.done()
    claim.take("B")
    assert claims.holders == {"B": claim}
    claim.leave()
    claim.leave()
    assert not claims.holders and not claim.lost.done()


@in_loop
async def test_who_lost_twice_lost_once() -> None:
    claims = Claims()
    first, second = Claim(claims), Claim(claims)
    first.take("A")
    second.take("A")
    first.take("B")
    second.take("B")
    assert first.lost.done() and claims.holders == {"B": second}
