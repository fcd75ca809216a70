"""The real digits: Free Spoken Digit Dataset, read straight from its recordings.zip.

Source: github.com/Jakobovski/free-spoken-digit-dataset (Jakobovski and contributors), CC BY-SA 4.0: 3,000
recordings of 0-9 by 6 speakers, 8 kHz, `{digit}_{speaker}_{index}.wav`. Index 0-4 is the official test
split and is never trained on.
"""

from __future__ import annotations

import io
import random
import wave
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from training.synthesise import SAMPLE_RATE, Phrase, Samples
from training.vocabulary import DIGITS

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TEST_INDEXES = range(0, 5)
TRAINING_INDEXES = range(5, 50)


@dataclass(frozen=True, slots=True)
class Recordings:
    """All recordings at 16 kHz, peak 1, keyed by (digit, speaker, index)."""

    samples: dict[tuple[int, str, int], Samples]

    def join_digits(self, rng: random.Random, speaker: str, indexes: range, count: int, gap: float) -> Phrase:
        """`count` random digits of one speaker, with 0 to `gap` seconds of silence between them."""
        pieces: list[Samples] = []
        spans: list[tuple[float, float]] = []
        at = 0
        chosen = [rng.randrange(10) for _ in range(count)]
        for position, digit in enumerate(chosen):
            if position:
                pause = rng.choice((0.0, 0.0, rng.uniform(0, gap / 4), rng.uniform(0, gap)))
                pieces.append(np.zeros(int(SAMPLE_RATE * pause), np.float32))
                at += len(pieces[-1])
            pieces.append(self.samples[digit, speaker, rng.choice(indexes)] * np.float32(rng.uniform(0.5, 1)))
            spans.append((at / SAMPLE_RATE, (at + len(pieces[-1])) / SAMPLE_RATE))
            at += len(pieces[-1])
        entries = tuple(DIGITS["en"][digit] for digit in chosen)
        return Phrase(np.concatenate(pieces), entries, speaker, tuple(spans))


def read_recordings(path: Path) -> Recordings:
    """Read recordings.zip. Takes a few seconds (3,000 files, resampled from 8 kHz)."""
    samples: dict[tuple[int, str, int], Samples] = {}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".wav"):
                digit, speaker, index = Path(name).stem.split("_")
                samples[int(digit), speaker, int(index)] = _read_recording(archive.read(name))
    return Recordings(samples)


def _read_recording(data: bytes) -> Samples:
    with wave.open(io.BytesIO(data)) as file:
        rate = file.getframerate()
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768
    samples: Samples = soxr.resample(pcm, rate, SAMPLE_RATE)
    return samples / (np.abs(samples).max() + 1e-6)
