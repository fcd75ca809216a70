"""Recordings whose words are known: the product's samples, and a folder of clips.

Contract: a folder has ``refs.json`` beside the audio: file name to ``language`` and ``text``. A recording
of two channels whose text is ``left: ...; right: ...`` is two recordings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import msgspec
import numpy as np
import soxr

from saywire.client.measure import Said
from saywire.client.samples import load_samples
from saywire.types import RATE, Samples

FOLDER = Path("../shared/clips")
"""Where clips are looked for by default."""
CHANNELS = re.compile(r"left: (?P<left>.*); right: (?P<right>.*)")
"""How a reference names the speakers of two channels."""


class Reference(msgspec.Struct, frozen=True):
    language: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    name: str
    language: str | None
    samples: Samples
    text: str
    said: tuple[Said, ...] = ()
    """Where its maker knows the times."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def read_samples() -> Iterator[Recording]:
    for sample in load_samples():
        yield Recording(sample.name, sample.language, sample.read(), sample.text, sample.said)


def read_clips(folder: Path = FOLDER) -> Iterator[Recording]:
    """Nothing where the folder is not there."""
    references = folder / "refs.json"
    if not references.is_file():
        return
    for name, known in msgspec.json.decode(references.read_bytes(), type=dict[str, Reference]).items():
        channels = read_audio(folder / name)
        if speakers := CHANNELS.fullmatch(known.text):
            for side, channel in zip(speakers.groupdict().items(), channels, strict=True):
                yield Recording(f"{name} {side[0]}", known.language, channel, side[1])
        else:
            yield Recording(name, known.language, channels.mean(axis=0), known.text)


def read_audio(path: Path) -> Samples:
    """All channels, shape (channels, n), at the house rate."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", rate=stream.rate)
        frames = [out.to_ndarray() for frame in file.decode(stream) for out in resampler.resample(frame)]
        rate = stream.rate
    channels = np.concatenate(frames, axis=1)
    if rate != RATE:
        channels = np.stack([soxr.resample(channel, rate, RATE) for channel in channels])
    return channels.astype(np.float32)
