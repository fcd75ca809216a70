"""The input audio buffer of an OpenAI session: what was appended, and how much of it no item has yet."""

from __future__ import annotations

import binascii
from collections import deque

import pybase64

from ...audio.pcm import Pcm16, from_alaw, from_mulaw
from ...errors import BadRequest
from ...messages import Audio
from .options import ALAW, MULAW, PCM_RATE, rate_of
from .session import Format

SHORTEST = 0.1
"""Seconds; the service refuses to commit less."""


class InputBuffer:
    """Positions are seconds from the session's first sample, as the session itself counts them."""

    def __init__(self) -> None:
        self.fresh = True
        """Whether nothing was appended."""
        self._begin = 0.0
        self._before = 0.0  # seconds at other rates than that of the last append
        self._count = 0  # samples since, which add up exactly
        self._rate = PCM_RATE
        self._pcm = Pcm16()
        self._commits: deque[bool] = deque()
        self._clears: deque[float] = deque()

    def append(self, audio: str, form: Format) -> Audio | None:
        """The samples in base64 ``audio``; half a sample at its end waits for the next append.

        None where there is no whole sample. Raises BadRequest where it is not base64.
        """
        try:
            data = pybase64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError) as e:
            raise BadRequest(
                "Invalid 'audio'. Expected base64-encoded audio bytes but got an invalid value.",
                code="invalid_value",
                param="audio",
            ) from e
        heard = self._samples(data, form)
        if not len(heard.samples):
            return None
        self.count(heard)
        return heard

    def count(self, heard: Audio) -> None:
        """What was appended, or came by itself."""
        if heard.rate != self._rate:
            self._before, self._count, self._rate = self.heard, 0, heard.rate
        self._count += len(heard.samples)
        self.fresh = False

    def _samples(self, data: bytes, form: Format) -> Audio:
        if form.type == MULAW:
            return Audio(from_mulaw(data), rate_of(form))
        if form.type == ALAW:
            return Audio(from_alaw(data), rate_of(form))
        return Audio(self._pcm.feed(data), rate_of(form))

    def resume(self, samples: int, rate: int, turn: float) -> None:
        """Go on where another buffer was: so much was heard; the last utterance had ended at ``turn``."""
        self._count, self._rate, self._begin = samples, rate, turn

    @property
    def heard(self) -> float:
        """Seconds of audio, all told."""
        return self._before + self._count / self._rate

    def align(self) -> None:
        """The next append starts with a whole sample."""
        self._pcm.reset()

    @property
    def waiting(self) -> float:
        """Seconds that a commit would take."""
        return max(self.heard - self._begin, 0.0)

    @property
    def committable(self) -> bool:
        return self.waiting >= SHORTEST - 1e-9

    def commit(self, *, idle: bool = False) -> None:
        """``idle``: because nobody spoke. Raises BadRequest where less than 100 ms would be committed."""
        if not self.committable:
            least, waiting = SHORTEST * 1000, self.waiting * 1000
            raise BadRequest(
                "Error committing input audio buffer: buffer too small. "
                f"Expected at least {least:.0f}ms of audio, but buffer only has {waiting:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        self._begin = self.heard
        self._commits.append(idle)
        self.align()

    def clear(self) -> None:
        self._begin = self.heard
        self._clears.append(self.heard)
        self.align()

    def committed(self) -> bool:
        """The session has obeyed the oldest ``commit``: whether it was one because nobody spoke."""
        return bool(self._commits) and self._commits.popleft()

    def cleared(self) -> float:
        """The session has obeyed the oldest ``clear``: where that was."""
        return self._clears.popleft() if self._clears else self.heard

    def ended(self, at: float) -> None:
        """The session ended an utterance at ``at``."""
        self._begin = max(self._begin, at)
