"""Word errors and cost of the engines, through the product: Pool, read_file, its own voice detector.

    python -m bench.words [FOLDER] [--texts]   FOLDER with refs.json beside the audio; ../shared/clips else

Each recording is heard twice: streaming, cut into utterances where the voice pauses; and one-shot, the whole
of it as one utterance. What streaming loses is the difference of the two. WER (for Mandarin: characters) by
jiwer, after Unicode compatibility forms, lower case and no punctuation; numbers and spellings are left as
they are. ``s/d/i``: words substituted, deleted, inserted. RTF twice: CPU time of the worker processes over
audio time, and elapsed time over audio time, as fast as it goes. tiny knows digits and command words, and
hears only the recordings of those. ``digits``: the engine is held to eleven words by Options.vocabulary.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import jiwer

from saywire.client.measure import to_words
from saywire.config import Config, EngineConfig
from saywire.messages import Failed, Final
from saywire.runtime.files import read_file
from saywire.runtime.pool import Pool
from saywire.texts import join
from saywire.types import RATE, Options, Samples, Turns

from .clips import FOLDER, Recording, read_clips, read_samples
from .processes import cpu_seconds

BLOCK = RATE // 2
DIGITS = ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPOKEN_DIGITS = ("10001.wav", "vosk-8k.wav")


@dataclass(frozen=True, slots=True)
class Score:
    words: int
    substituted: int
    deleted: int
    inserted: int
    audio: float
    cpu: float
    wall: float

    def __add__(self, other: Score) -> Score:
        return Score(
            self.words + other.words,
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
            self.audio + other.audio,
            self.cpu + other.cpu,
            self.wall + other.wall,
        )

    @property
    def cells(self) -> str:
        wrong = self.substituted + self.deleted + self.inserted
        kinds = f"{self.substituted}/{self.deleted}/{self.inserted}"
        return (
            f"{100 * wrong / self.words:8.1f}{kinds:>10}"
            f"{self.cpu / self.audio:8.3f}{self.wall / self.audio:7.3f}"
        )


NOTHING = Score(0, 0, 0, 0, 0.0, 0.0, 0.0)


def split(samples: Samples) -> Iterator[Samples]:
    return (samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK))


async def transcribe(pool: Pool, samples: Samples, options: Options) -> tuple[str, float]:
    """The text, and the CPU seconds it took in the workers."""
    before = cpu_seconds(pool.processes)
    texts = []
    async with aclosing(read_file(pool, split(samples), options)) as events:
        async for event in events:
            if isinstance(event, Final):
                texts.append(event.text)
            elif isinstance(event, Failed):
                raise event.error
        after = cpu_seconds(pool.processes)  # while the session is open: then its worker may go
    cpu = sum(taken - before.get(process, 0.0) for process, taken in after.items())
    return join(text for text in texts if text), cpu


async def hear(pool: Pool, recording: Recording, options: Options) -> tuple[str, Score]:
    wall = time.perf_counter()
    text, cpu = await transcribe(pool, recording.samples, options)
    wall = time.perf_counter() - wall
    found = jiwer.process_words(" ".join(to_words(recording.text)), " ".join(to_words(text)))
    return text, Score(
        len(to_words(recording.text)),
        found.substitutions,
        found.deletions,
        found.insertions,
        recording.seconds,
        cpu,
        wall,
    )


async def measure(
    model: str, label: str, recordings: Sequence[Recording], options: Options, texts: bool
) -> None:
    print(f"\n{label:28}{'s':>6}{'streaming':>33}{'one-shot':>33}")
    print(f"{'':34}" + f"{'WER %':>8}{'s/d/i':>10}{'CPU':>8}{'wall':>7}" * 2)
    sums = [NOTHING, NOTHING]
    async with Pool(Config(engine=EngineConfig(model=model, workers=1))) as pool:
        for recording in recordings:
            asked = replace(options, language=recording.language)
            both = [
                await hear(pool, recording, replace(asked, turns=Turns(voice=voice)))
                for voice in (True, False)
            ]
            sums = [total + score for total, (_, score) in zip(sums, both, strict=True)]
            cells = "".join(score.cells for _, score in both)
            print(f"  {recording.name:26}{recording.seconds:6.1f}{cells}", flush=True)
            if texts:
                print(f"    = {recording.text}", *(f"    {i} {both[i - 1][0]}" for i in (1, 2)), sep="\n")
    print(f"  {'all':26}{sums[0].audio:6.1f}" + "".join(total.cells for total in sums))


async def measure_all(folder: Path, texts: bool) -> None:
    recordings = [*read_samples(), *read_clips(folder)]

    def these(wanted: Callable[[Recording], bool]) -> list[Recording]:
        return [one for one in recordings if wanted(one)]

    english = these(lambda one: one.language == "en")
    digits = these(lambda one: one.name in SPOKEN_DIGITS)
    commands = these(lambda one: one.name == "commands")
    await measure("sphinx", "sphinx", english, Options(), texts)
    await measure("tiny", "tiny", commands + digits, Options(), texts)
    if digits:
        await measure("sphinx", "sphinx, digits", digits, Options(vocabulary=DIGITS), texts)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--texts", action="store_true", help="print what was heard, too")
    chosen = parser.parse_args(arguments)
    asyncio.run(measure_all(chosen.folder, chosen.texts))


if __name__ == "__main__":
    main(sys.argv[1:])
