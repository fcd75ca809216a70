"""diarized_json: who said what, where each speaker has a channel of the file.

Nothing here tells voices apart. In a recording of a call each end has its channel, so that the channel is
the speaker; where the channels hold the same voices there is nothing to go by, and that is said. Shapes are
those of openai-openapi openapi.yaml 2026-08-21 (CreateTranscriptionResponseDiarizedJson,
TranscriptTextSegmentEvent); the service's own speakers are called A, B, ... unless they were named.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from starlette.responses import Response

from ..core.conversation import Conversation, Turn
from ..errors import Unsupported
from ..messages import Finished
from ..texts import glue
from .answers import Delta, Done, Heard, TokenUsage, Usage, to_data, to_json
from .forms import Ask

MOST = 8
"""Channels; each is heard by a session of its own."""


class Segment(msgspec.Struct, tag_field="type", tag="transcript.text.segment"):
    id: str
    start: float
    end: float
    text: str
    speaker: str


class _Diarized(msgspec.Struct):
    task: str
    duration: float
    text: str
    segments: list[Segment]
    usage: Usage


class Diarized:
    """Segments in the order of their beginnings. Raises Unsupported where channels are no speakers."""

    def __init__(self, ask: Ask, channels: int) -> None:
        if channels < 2:
            raise Unsupported(
                "speakers are told apart by their channels here, and this file has one channel, or the same "
                "voices in all of them; ask for json or verbose_json",
                param="response_format",
            )
        if channels > MOST:
            raise Unsupported(
                f"this file has {channels} channels; diarized_json takes up to {MOST}",
                param="response_format",
            )
        self._channels = channels
        self._names = ask.speakers
        self._text = ""
        self._count = 0
        self._seconds = 0.0

    async def whole(self, heard: AsyncIterator[Heard]) -> Response:
        segments = [segment async for segment, _ in self._segments(heard)]
        return to_json(
            _Diarized("transcribe", round(self._seconds, 3), self._text, segments, Usage.of(self._seconds))
        )

    async def stream(self, heard: AsyncIterator[Heard]) -> AsyncIterator[bytes]:
        """Each segment as a delta and as itself: who spoke is known when it is."""
        async for segment, delta in self._segments(heard):
            yield to_data(Delta(delta, segment_id=segment.id))
            yield to_data(segment)
        yield to_data(Done(self._text, TokenUsage.of(self._seconds)))

    async def _segments(self, heard: AsyncIterator[Heard]) -> AsyncIterator[tuple[Segment, str]]:
        """With what each adds to the text."""
        conversation = Conversation(self._channels)
        async for channel, event in heard:
            if isinstance(event, Finished):
                self._seconds = max(self._seconds, event.seconds)
            for turn in conversation.take(channel, event):
                if text := turn.final.text.strip():
                    delta = glue(self._text, text) + text
                    self._text += delta
                    yield self._segment(turn, text), delta

    def _segment(self, turn: Turn, text: str) -> Segment:
        self._count += 1
        final = turn.final
        start, end = round(final.start, 3), round(final.end, 3)
        return Segment(f"seg_{self._count - 1}", start, end, text, self._name(turn.channel))

    def _name(self, channel: int) -> str:
        return self._names[channel] if channel < len(self._names) else chr(ord("A") + channel)
