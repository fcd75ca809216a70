"""Where audio that is too long for a recogniser is cut; pure, so that the same audio is cut alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..types import Samples, Word

BREATH = 0.1
"""Seconds over which loudness is measured."""
HOP = 0.01
ENDINGS = ".?!…。？！"
"""What ends a sentence."""


def find_quiet(samples: Samples, rate: int, earliest: float) -> int:
    """The sample in the middle of the quietest breath that begins ``earliest`` seconds on or later; the
    last one of equals. Audio shorter than that is cut in its middle."""
    breath, hop, first = round(BREATH * rate), round(HOP * rate), round(earliest * rate)
    if first + breath > len(samples):
        return len(samples) // 2
    power = np.concatenate([[0.0], np.cumsum(np.square(samples[first:], dtype=np.float64))])
    starts = np.arange(0, len(samples) - first - breath + 1, hop)
    loudness = np.round(power[starts + breath] - power[starts], 9)  # equals, whatever they were summed with
    quietest = len(starts) - 1 - int(np.argmin(loudness[::-1]))
    return first + int(starts[quietest]) + breath // 2


def find_parting(words: Sequence[Word], after: Sequence[Word], earliest: float) -> tuple[int, float] | None:
    """After how many of the agreed ``words`` to cut, and when; None where nothing ends late enough.

    The last end of a sentence from ``earliest`` seconds on; without one, the widest gap between words.
    The cut is in the middle of the gap, where the times of words are least in doubt. ``after`` are the words
    that follow and are not agreed on.
    """
    line = (*words, *after)
    gaps = [
        (count, max(0.0, line[count].start - line[count - 1].end) if count < len(line) else 0.0)
        for count in range(1, len(words) + 1)
        if words[count - 1].end >= earliest
    ]
    if not gaps:
        return None
    sentences = [gap for gap in gaps if words[gap[0] - 1].text.rstrip().endswith(tuple(ENDINGS))]
    count, gap = sentences[-1] if sentences else max(gaps, key=lambda gap: (gap[1], gap[0]))
    return count, words[count - 1].end + gap / 2
