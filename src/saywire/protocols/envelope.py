"""What can be seen of a frame that is no event: its type and its id."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What msgspec raises for text that is no JSON."""


class Envelope(msgspec.Struct):
    type: object = None
    event_id: object = None


_decoder = msgspec.json.Decoder(Envelope)


def see(frame: str | bytes) -> Envelope:
    try:
        return _decoder.decode(frame)
    except UNREADABLE:
        return Envelope()


def event_id_in(frame: str | bytes) -> str | None:
    """The ``event_id`` of a frame that was refused, where one can be seen."""
    found = see(frame).event_id
    return found if isinstance(found, str) else None
