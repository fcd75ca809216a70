"""Every engine that runs here, side by side: cost, waiting, steadiness, and the same words as in one piece.

    python -m bench.engines [NAME]... [--clips FOLDER] [--rounds N] [--json]

Through a session, with the product's voice detection and turns, at the pace of real time (``pacing.py``: on a
clock that counts the CPU time work takes, so that a busy machine does not show). Columns:

    RTF        CPU seconds of engine and session for a second of audio, without voice detection: the median of
               the rounds and, in brackets, the least and the most; rounds go over all engines in turn
    after stop ms from the end of the audio, where a button is let go 0.2 s after the last word, to the final
    UPWR       words of partials that were taken back, to words of finals (client/measure.py)
    partials   for each utterance
    parity     utterances whose final is what the engine says of the same audio in one piece, and of the
               words of that those that differ. Recognisers of whole recordings hear it as one window then:
               the difference is what streaming them costs

Recordings are those in the engine's languages; what is said of waiting and steadiness is of those whose words
it knows. Models of random weights (paraformer, and where they are installed funasr and whisper) are far
smaller than real ones: they show what the product adds, and that it changes no word, not what they cost.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from saywire.audio.vad import VoiceDetector
from saywire.client.measure import Heard, Stability, count_errors, measure_stability, percentile
from saywire.config import Config
from saywire.engines import Entry
from saywire.engines.base import Engine
from saywire.engines.windowed import Windowed
from saywire.messages import Commit, Final, Partial, Settled, SpeechStarted, SpeechStopped
from saywire.runtime.models import known_entries
from saywire.types import RATE, Options, Samples, Turns

from .clips import FOLDER, Recording, read_clips, read_samples
from .pacing import Player
from .running import ROOT

HAND = 0.2
"""Seconds from the last word to the commit."""
COMMANDS = ("commands", "10001.wav", "vosk-8k.wav")
"""The recordings whose words tiny knows."""
HOTWORDS = ("zero one", "eight zero three", "play", "stop")


@dataclass(frozen=True, slots=True)
class Made:
    """A model that the tests make."""

    package: str
    """What it needs."""
    maker: str
    loader: str


MADE = {
    "tiny-transducer": Made("sherpa_onnx", "engines.folders:make_installed", "online:load"),
    "paraformer, random weights": Made("sherpa_onnx", "engines.paraformer:make_paraformer", "online:load"),
    "funasr, random weights": Made("funasr", "engines.tiny_funasr:make_model", "funasr:load"),
    "whisper, random weights": Made("faster_whisper", "engines.tiny_whisper:make_model", "whisper:load"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    entry: Entry
    options: Options = field(default_factory=Options)
    knows: tuple[str, ...] = ()
    """Recordings of its words; empty: all."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance that a session found."""

    audio: slice
    final: Final
    context: str
    """Of the engine, before it."""


@dataclass(frozen=True, slots=True)
class Parity:
    utterances: int = 0
    equal: int = 0
    words: int = 0
    """Of the engine's answers to the audio in one piece."""
    different: int = 0

    def __add__(self, other: Parity) -> Parity:
        return Parity(
            self.utterances + other.utterances,
            self.equal + other.equal,
            self.words + other.words,
            self.different + other.different,
        )


@dataclass(slots=True)
class Found:
    """Of one subject, over all recordings."""

    audio: float = 0.0
    rtf: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Seconds."""
    stability: Stability = field(default_factory=lambda: Stability(0, 0))
    partials: int = 0
    utterances: int = 0
    parity: Parity = field(default_factory=Parity)


@dataclass(frozen=True, slots=True)
class Row:
    engine: str
    audio: float
    rtf: float
    rtf_least: float
    rtf_most: float
    after_stop_p50: float | None
    """Seconds."""
    after_stop_p95: float | None
    upwr: float
    partials: float
    parity: Parity


def list_subjects(names: Sequence[str], scratch: Path) -> Iterator[Subject]:
    entries = [entry for entry in known_entries(Config()) if not entry.obstacle and not entry.remote]
    entries += make_entries(scratch)
    for entry in entries:
        if names and entry.name.partition(",")[0] not in names:
            continue
        subject = Subject(entry.name, entry, knows=COMMANDS if entry.name.startswith("tiny") else ())
        yield subject
        if entry.name == "tiny":
            yield replace(subject, name="tiny, hot words", options=Options(hotwords=HOTWORDS))


def make_entries(scratch: Path) -> Iterator[Entry]:
    sys.path.insert(0, str(ROOT / "tests"))
    for name, made in MADE.items():
        if importlib.util.find_spec(made.package):
            module, _, function = made.maker.partition(":")
            folder = getattr(importlib.import_module(module), function)(scratch / made.package / name)
            yield Entry(name, made.loader, (made.package,), "", (), "", folder=folder)


def find_spoken(heard: Sequence[Heard]) -> Iterator[Spoken]:
    begins: dict[int, float] = {}
    ends: dict[int, float] = {}
    context = ""
    for event in (one.event for one in heard):
        match event:
            case SpeechStarted(utterance, at):
                begins[utterance] = at
            case SpeechStopped(utterance, at):
                ends[utterance] = at
            case Final(utterance):
                bounds = slice(round(begins[utterance] * RATE), round(ends[utterance] * RATE))
                yield Spoken(bounds, event, context)
            case Settled():
                context = event.context


def hear_whole(engine: Engine, options: Options, samples: Samples, context: str) -> str:
    """What an engine says of one utterance that it gets in one piece."""
    stream = engine.open(options, context)
    stream.accept(samples)
    stream.finish()
    while stream.ready:
        engine.decode([stream])
    return stream.hypothesis.text


def compare(engine: Engine, options: Options, samples: Samples, spoken: Sequence[Spoken]) -> Parity:
    whole = engine.without_partials() if isinstance(engine, Windowed) else engine
    parity = Parity()
    for one in spoken:
        text = hear_whole(whole, options, samples[one.audio], one.context)
        errors = count_errors(text, one.final.text)
        parity += Parity(1, int(text == one.final.text), errors.words, errors.wrong)
    return parity


def wait(engine: Engine, detector: VoiceDetector, options: Options, samples: Samples) -> float:
    """Seconds from the end of the audio, at which the client commits, to the final."""
    player = Player(engine, detector, replace(options, turns=Turns(voice=False)))
    heard = player.play(samples, Commit())
    return max(one.at for one in heard if isinstance(one.event, Final)) - len(samples) / RATE


def examine(
    subject: Subject, engine: Engine, detector: VoiceDetector, recordings: Sequence[Recording], found: Found
) -> None:
    """The first round."""
    cpu = 0.0
    for recording in recordings:
        options = replace(subject.options, language=recording.language)
        player = Player(engine, detector, options)
        spoken = list(find_spoken(player.play(recording.samples)))
        cpu += player.costs.session + player.costs.engine
        found.audio += recording.seconds
        found.parity += compare(engine, options, recording.samples, spoken)
        if subject.knows and recording.name not in subject.knows:
            continue
        found.stability += measure_stability(player.heard)
        found.partials += sum(isinstance(one.event, Partial) for one in player.heard)
        found.utterances += len(spoken)
        for one in spoken:
            end = round((one.final.end + HAND) * RATE)
            found.waits.append(wait(engine, detector, options, recording.samples[one.audio.start : end]))
    found.rtf.append(cpu / found.audio)


def repeat(
    subject: Subject, engine: Engine, detector: VoiceDetector, recordings: Sequence[Recording]
) -> float:
    """RTF once more."""
    cpu = 0.0
    for recording in recordings:
        player = Player(engine, detector, replace(subject.options, language=recording.language))
        player.play(recording.samples)
        cpu += player.costs.session + player.costs.engine
    return cpu / sum(recording.seconds for recording in recordings)


def measure_all(
    subjects: Sequence[Subject], recordings: Sequence[Recording], rounds: int, tell: Callable[[str], None]
) -> list[Row]:
    detector = VoiceDetector()
    engines = [subject.entry.load() for subject in subjects]
    known = [
        [one for one in recordings if not e.info.languages or one.language in e.info.languages]
        for e in engines
    ]
    results = [Found() for _ in subjects]
    for number in range(rounds):
        for subject, engine, heard, found in zip(subjects, engines, known, results, strict=True):
            tell(f"round {number + 1} of {rounds}: {subject.name}")
            if number:
                found.rtf.append(repeat(subject, engine, detector, heard))
            else:
                examine(subject, engine, detector, heard, found)
    for engine in engines:
        engine.close()
    return [summarise(subject.name, found) for subject, found in zip(subjects, results, strict=True)]


def summarise(name: str, found: Found) -> Row:
    waits = found.waits
    return Row(
        name,
        round(found.audio, 1),
        median(found.rtf),
        min(found.rtf),
        max(found.rtf),
        percentile(waits, 50) if waits else None,
        percentile(waits, 95) if waits else None,
        found.stability.upwr,
        found.partials / found.utterances if found.utterances else 0.0,
        found.parity,
    )


def show(row: Row) -> str:
    p50, p95 = (
        "-" if wait is None else f"{wait * 1e3:.0f}" for wait in (row.after_stop_p50, row.after_stop_p95)
    )
    parity = row.parity
    different = f"{100 * parity.different / parity.words:.1f} %" if parity.words else "-"
    return (
        f"{row.engine:26}{row.audio:6.0f} {row.rtf:8.4f} [{row.rtf_least:.4f}, {row.rtf_most:.4f}]"
        f"{p50 + '/' + p95:>13}{row.upwr:7.2f}{row.partials:10.1f}"
        f"{f'{parity.equal}/{parity.utterances}':>10}{different:>8}"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="engines; all that run here by default")
    parser.add_argument("--clips", type=Path, default=FOLDER)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print that instead of the table")
    chosen = parser.parse_args(arguments)
    recordings = [*read_samples(), *read_clips(chosen.clips)]
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory()))
        subjects = list(list_subjects(chosen.names, scratch))
        rows = measure_all(subjects, recordings, chosen.rounds, lambda text: print(text, file=sys.stderr))
    if chosen.json:
        print(msgspec.json.encode(rows).decode())
        return
    print(f"\n{'engine':26}{'audio':>6}{'RTF':>9}{'after stop':>31}{'UPWR':>7}{'partials':>10}{'parity':>18}")
    print(*map(show, rows), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
