"""Sessions that go on elsewhere when their connection broke: an extension for clients that ask for it.

A client asks by ``session.resume`` in an update. From then on it is told, with each transcript and when
silence has passed, where it could begin again, and may hand that in to any server. Nobody else is told
anything. ``docs/resume.md`` is the specification.

No server keeps anything for a client that has left: what the next one has to know is in ``context``,
msgpack in base64. It comes back from outside, so nothing of it is trusted.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated

import msgspec
import pybase64
from msgspec import Meta, Struct, structs

from ... import messages as m
from ...audio.inlet import check_reentry
from ...errors import BadRequest
from ...types import RATE
from .checks import no_longer, within
from .options import given
from .session import ResumePoint, ResumeWish

VERSION = 1
MOST_SAMPLES = 10**12
"""A year at 24 kHz."""
MOST_FINALS = 10**9
LONGEST_ID = 128
LONGEST_CONTEXT = 8192

_AT = "session.resume"
_Place = Annotated[int, Meta(ge=0, le=MOST_SAMPLES)]
_Name = Annotated[str, Meta(max_length=256)]


class _Memory(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A context from the inside. ``rate`` to ``lead`` as in ``Reentry``."""

    version: int
    position: _Place
    """Of the session, in samples at the house rate."""
    heard: _Place
    rate: int
    known: int = 0
    lead: int = 0
    turn: float = 0.0
    """Seconds: where the last utterance ended."""
    item: _Name | None = None
    """The last that ended."""
    model: _Name = ""
    engine: Annotated[str, Meta(max_length=4096)] = ""
    """The engine's own context."""

    @property
    def reentry(self) -> m.Reentry:
        return m.Reentry(self.heard, self.rate, self.known, self.lead)


_memories = msgspec.msgpack.Decoder(_Memory)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a session begins whose client is to be told where it could go on."""

    point: ResumePoint = field(default_factory=ResumePoint)
    settled: m.Settled | None = None
    """None: at its beginning."""
    turn: float = 0.0
    item: str | None = None


def read_wish(wish: ResumeWish, rate: int) -> Start:
    """``rate`` is that of the audio to come. Raises BadRequest for a place that no server has named."""
    if wish == ResumeWish():
        return Start()
    session, context = given(wish.session) or "", given(wish.context) or ""
    heard, seq = given(wish.audio_start) or 0, given(wish.last_seq) or 0
    no_longer(f"{_AT}.session", session, LONGEST_ID)
    no_longer(f"{_AT}.context", context, LONGEST_CONTEXT)
    within(f"{_AT}.audio_start", heard, 0, MOST_SAMPLES)
    within(f"{_AT}.last_seq", seq, 0, MOST_FINALS)
    memory = _open(context) if context else _remember_nothing(heard, rate)
    if memory.heard != heard or memory.rate != rate:
        raise _refusal(
            "audio_start", f"this context goes on at sample {memory.heard} of audio at {memory.rate} Hz"
        )
    settled = m.Settled(memory.position, 0, 0, memory.engine, memory.model, memory.reentry)
    point = ResumePoint(session, heard, _settled(memory.reentry), seq, None, context)
    return Start(point, settled, memory.turn, memory.item)


def _remember_nothing(heard: int, rate: int) -> _Memory:
    """Of a session that has lost its context, or comes from a server of another make."""
    return _Memory(VERSION, heard * RATE // rate, heard, rate, turn=heard / rate)


def _open(context: str) -> _Memory:
    try:
        data = pybase64.b64decode(context + "=" * (-len(context) % 4), altchars="-_", validate=True)
        memory = _memories.decode(data)
        check_reentry(memory.reentry)
    except (binascii.Error, ValueError, msgspec.DecodeError, BadRequest) as e:
        raise _refusal("context", "it is damaged, or not from here") from e
    if memory.version != VERSION or not (isfinite(memory.turn) and memory.turn >= 0):
        raise _refusal("context", "it is from a server of another kind")
    return memory


def make_point(last: ResumePoint, settled: m.Settled, turn: float, item: str | None) -> ResumePoint:
    """Where a session could go on that has settled. Of ``last`` the session, the transcripts and the
    command stay."""
    place = settled.reentry
    memory = _Memory(
        VERSION,
        settled.position,
        place.heard,
        place.rate,
        place.known,
        place.lead,
        turn,
        item,
        settled.model,
        settled.context,
    )
    return structs.replace(last, audio_start=place.heard, settled=_settled(place), context=_close(memory))


def _close(memory: _Memory) -> str:
    return pybase64.urlsafe_b64encode(msgspec.msgpack.encode(memory)).decode().rstrip("=")


def _settled(reentry: m.Reentry) -> int:
    """In samples as they came."""
    return reentry.heard + reentry.known * reentry.rate // RATE


def _refusal(field: str, why: str) -> BadRequest:
    return BadRequest(f"Invalid '{_AT}.{field}': {why}.", code="invalid_value", param=f"{_AT}.{field}")
