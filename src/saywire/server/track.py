"""The frames of an audio track of WebRTC as Audio, at the rate of their codec.

A decoder tells of a lost packet only by the time of the next frame. The hole becomes silence, so that audio
goes on as time does, and a speaker whose client sends nothing in silence (DTX, RFC 7587 3.1.3) stops
speaking. One client that paused is not made up for: of a longer hole only ``LONGEST_HOLE`` is filled, enough
to end any turn. No clock but the track's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from av import AudioFrame

from ..messages import Audio

LONGEST_HOLE = 2.0
"""Seconds."""


class Ears:
    def __init__(self) -> None:
        self._expected: int | None = None
        """The time of the next frame, where nothing is lost, in samples."""

    def hear(self, frame: AudioFrame) -> Iterator[Audio]:
        """Frames of 16-bit samples, interleaved, as aiortc decodes all codecs; channels are averaged."""
        rate, channels = frame.sample_rate, frame.layout.nb_channels
        if hole := self._hole(frame):
            yield Audio(np.zeros(hole, np.float32), rate)
        samples = frame.to_ndarray().reshape(-1, channels).astype(np.float32)
        yield Audio(samples.mean(axis=1, dtype=np.float32) / 32_768, rate)

    def _hole(self, frame: AudioFrame) -> int:
        """Samples that are missing before ``frame``. Nothing is known where time is not counted in samples:
        the clock of G.722 is not its rate."""
        if frame.pts is None or frame.time_base is None or frame.time_base * frame.sample_rate != 1:
            return 0
        expected, self._expected = self._expected, frame.pts + frame.samples
        missing = 0 if expected is None else frame.pts - expected
        return min(max(missing, 0), round(LONGEST_HOLE * frame.sample_rate))
