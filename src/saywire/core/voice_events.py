"""A session's events as one JSON object a line, for programs that read a pipe.

Source: a Chinese service on FunASR whose README describes them, 2026-11-21; ``docs/voice-events.schema.json``
says the same for machines. ``voice.asr_text.partial`` and ``voice.asr_text.final`` share the trace id of
their utterance; ``core.error_event`` has that of what failed. ``confidence`` is measured, and null where the
engine has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from ..errors import SaywireError
from ..messages import Event, Failed, Final, Partial
from ..types import Word, mean_confidence

SPEAKER = "voice.asr"
"""Who says that something failed."""

Mode = Literal["streaming", "sliced"]
"""Partials as they are believed, with what may still change; or only what is sure, without revision."""


class Heard(msgspec.Struct):
    type: Literal["voice.asr_text.partial", "voice.asr_text.final"]
    ts: int
    """Unix time in ms."""
    trace_id: str
    source: str
    text: str
    confidence: float | None


class Problem(msgspec.Struct):
    type: Literal["core.error_event"]
    ts: int
    trace_id: str
    source: str
    error_code: str
    message: str


class VoiceEvents:
    def __init__(
        self, source: str, mode: Mode, new_trace: Callable[[], str], now: Callable[[], float]
    ) -> None:
        """``now``: Unix time in seconds."""
        self._source = source
        self._sliced = mode == "sliced"
        self._new_trace = new_trace
        self._now = now
        self._traces: dict[int, str] = {}
        """Of the open utterances."""
        self._shown: dict[int, str] = {}

    def tell(self, event: Event) -> str | None:
        """The line that an event is worth; None where it says nothing new."""
        match event:
            case Partial(utterance, hypothesis):
                text = hypothesis.text[: hypothesis.stable] if self._sliced else hypothesis.text
                if not text.strip() or text == self._shown.get(utterance):
                    return None
                self._shown[utterance] = text
                return self._line("voice.asr_text.partial", self._trace(utterance), text, hypothesis.words)
            case Final(utterance=utterance, text=text, words=words):
                trace = self._end(utterance)
                return self._line("voice.asr_text.final", trace, text, words) if text.strip() else None
            case Failed(utterance, error):
                return self.fail(error, self._new_trace() if utterance is None else self._end(utterance))
        return None

    def fail(self, error: SaywireError, trace: str | None = None) -> str:
        """``trace``: of the utterance that failed; none: it was no utterance."""
        code = "infer_final_failed" if trace else "runtime_error"
        message = f"{type(error).__name__}: {error.message}"
        stamp = int(self._now() * 1000)
        return _encode(Problem("core.error_event", stamp, trace or self._new_trace(), SPEAKER, code, message))

    def _line(
        self,
        kind: Literal["voice.asr_text.partial", "voice.asr_text.final"],
        trace: str,
        text: str,
        words: Sequence[Word],
    ) -> str:
        stamp = int(self._now() * 1000)
        return _encode(Heard(kind, stamp, trace, self._source, text.strip(), mean_confidence(words)))

    def _trace(self, utterance: int) -> str:
        if utterance not in self._traces:
            self._traces[utterance] = self._new_trace()
        return self._traces[utterance]

    def _end(self, utterance: int) -> str:
        self._shown.pop(utterance, None)
        return self._traces.pop(utterance, None) or self._new_trace()


def _encode(line: Heard | Problem) -> str:
    return msgspec.json.encode(line).decode()
