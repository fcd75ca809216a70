"""What a session costs beside its engine, in CPU time on the same audio; voice detection apart.

    python -m bench.overhead [ENGINE]... [--sessions N]... [--clips FOLDER] [--rounds N] [--json]

Each recording is heard by the bare engine, which gets the utterances, known beforehand, in chunks of 100 ms,
and is asked for its text after each step; and through a session, driven as a worker drives it, with voice
probabilities that were found before. With several, all hear the same at once and are decoded together,
as a worker does it, and the bare engine's streams too. The two alternate, as often as there are rounds, and
of each recording the least time of each counts: what else the machine does can only add to it. ``spread`` are
the quartiles of the overheads of the rounds. CPU milliseconds for a second of audio, a session:

    voice      judging voice, which is in neither of the next two
    bare       the engine, with feeding it and reading its text
    session    all of it through sessions; of that
    turns          taking audio, cutting frames, turns
    feeding        feeding the engine, partials, finals, events
    engine         its steps, which are the slower the more is done between them

These three are taken in a pass of its own: to look at the clock takes 0.6 us, which is no cost of a session.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import process_time

import msgspec

from saywire.audio.vad import FRAME, VoiceDetector, VoiceState
from saywire.core.session import Session
from saywire.engines import find
from saywire.engines.base import Engine, Stream
from saywire.messages import Audio, Command, Finish
from saywire.types import RATE, Options

from .clips import FOLDER, Recording, read_clips, read_samples
from .turned import Turned, cut, find_turns

ENGINES = ("tiny", "sphinx")
LONGEST = 20.0
"""Seconds of the recordings that are heard."""

Clock = Callable[[], float]
STOPPED: Clock = float
"""Always 0."""


@dataclass(slots=True)
class Parts:
    """CPU seconds of the parts of one way through one recording."""

    turns: float = 0.0
    feeding: float = 0.0
    engine: float = 0.0

    @property
    def whole(self) -> float:
        return self.turns + self.feeding + self.engine


@dataclass(slots=True, eq=False)
class Piece:
    """A recording, and the CPU seconds of the rounds."""

    recording: Recording
    turned: Turned
    bare: list[float] = field(default_factory=list)
    session: list[float] = field(default_factory=list)
    voice: list[float] = field(default_factory=list)
    parts: list[Parts] = field(default_factory=list)
    """Of the session."""


@dataclass(frozen=True, slots=True)
class Row:
    engine: str
    sessions: int
    audio: float
    """Seconds; of them in utterances:"""
    heard: float
    voice: float
    """Milliseconds for a second of audio, a session; as those that follow."""
    bare: float
    session: float
    turns: float
    feeding: float
    engine_steps: float
    overhead: float
    """What sessions take more than the bare engine, to the bare engine."""
    overhead_low: float
    """Quartile of the rounds."""
    overhead_high: float


def hear_bare(engine: Engine, piece: Piece, count: int) -> None:
    options = Options(language=piece.recording.language)
    streams = [engine.open(options) for _ in range(count)]
    for utterance in piece.turned.utterances:
        for chunk in cut(piece.recording.samples[utterance]):
            for stream in streams:
                stream.accept(chunk)
            decode_streams(engine, streams)
        for stream in streams:
            stream.finish()
        decode_streams(engine, streams)
        for stream in streams:
            stream.reset()


def decode_streams(engine: Engine, streams: Sequence[Stream]) -> None:
    while ready := [stream for stream in streams if stream.ready]:
        engine.decode(ready)
        for stream in ready:
            _ = stream.hypothesis


def hear_sessions(engine: Engine, piece: Piece, count: int, parts: Parts, clock: Clock) -> None:
    options = Options(language=piece.recording.language)
    sessions = [Session(engine, options) for _ in range(count)]
    probabilities = [iter(piece.turned.probabilities) for _ in sessions]
    commands: list[Command] = [Audio(samples) for samples in cut(piece.recording.samples)]
    for command in (*commands, Finish()):
        began = clock()
        for session, known in zip(sessions, probabilities, strict=True):
            session.receive(command)
            while session.next_frame() is not None:
                session.hear(next(known))
        parts.turns += clock() - began
        decode_sessions(engine, sessions, parts, clock)


def decode_sessions(engine: Engine, sessions: Sequence[Session], parts: Parts, clock: Clock) -> None:
    moved = sessions
    while moved:
        began = clock()
        for session in moved:
            session.advance()
            session.events_to_send()
        moved = [session for session in moved if session.ready]
        streams = [session.stream for session in moved]
        steps = clock()
        parts.feeding += steps - began
        if streams:
            engine.decode(streams)
            parts.engine += clock() - steps


def judge_voice(detector: VoiceDetector, piece: Piece, count: int) -> None:
    samples, states = piece.recording.samples, [VoiceState()] * count
    for at in range(0, len(samples) - FRAME + 1, FRAME):
        _, states = detector.judge(samples[at : at + FRAME][None].repeat(count, axis=0), states)


def take(way: Callable[[], None]) -> float:
    began = process_time()
    way()
    return process_time() - began


def measure(
    engine: Engine, count: int, detector: VoiceDetector, pieces: Sequence[Piece], rounds: int
) -> None:
    gc.collect()
    gc.freeze()  # as workers are, which are forked from a frozen process
    for number in range(rounds + 1):
        for piece in pieces:
            voice = take(partial(judge_voice, detector, piece, count))
            hear_sessions(engine, piece, count, parts := Parts(), process_time)
            bare = take(partial(hear_bare, engine, piece, count))
            session = take(partial(hear_sessions, engine, piece, count, Parts(), STOPPED))
            if number:  # the first round warms up
                piece.voice.append(voice)
                piece.parts.append(parts)
                piece.bare.append(bare)
                piece.session.append(session)


def measure_all(names: Sequence[str], counts: Sequence[int], clips: Path, rounds: int) -> Iterator[Row]:
    detector = VoiceDetector()
    recordings = [one for one in (*read_samples(), *read_clips(clips)) if one.seconds <= LONGEST]
    turned = [find_turns(one.samples, detector) for one in recordings]
    for name in names:
        engine = find(name).load()
        info = engine.info
        for count in sorted({min(count, info.max_streams or count, info.max_batch) for count in counts}):
            pieces = [
                Piece(one, turns)
                for one, turns in zip(recordings, turned, strict=True)
                if not one.language or not info.languages or one.language in info.languages
            ]
            measure(engine, count, detector, pieces, rounds)
            yield summarise(name, count, pieces)
        engine.close()


def summarise(name: str, count: int, pieces: Sequence[Piece]) -> Row:
    audio = sum(piece.recording.seconds for piece in pieces)
    heard = sum(u.stop - u.start for piece in pieces for u in piece.turned.utterances) / RATE
    voice, bare, session = (
        sum(min(getattr(piece, way)) for piece in pieces) for way in ("voice", "bare", "session")
    )
    parts = [min(piece.parts, key=lambda one: one.whole) for piece in pieces]
    rounds = range(len(pieces[0].bare))
    overheads = [
        sum(piece.session[i] for piece in pieces) / sum(piece.bare[i] for piece in pieces) - 1 for i in rounds
    ]
    low, _, high = statistics.quantiles(overheads, n=4, method="inclusive")
    scale = 1e3 / audio / count
    return Row(
        name,
        count,
        round(audio, 1),
        round(heard, 1),
        voice * scale,
        bare * scale,
        session * scale,
        sum(one.turns for one in parts) * scale,
        sum(one.feeding for one in parts) * scale,
        sum(one.engine for one in parts) * scale,
        session / bare - 1,
        low,
        high,
    )


def show(row: Row) -> str:
    times = (row.voice, row.bare, row.session, row.turns, row.feeding, row.engine_steps)
    spread = f"[{100 * row.overhead_low:.1f}, {100 * row.overhead_high:.1f}]"
    return (
        f"{row.engine:10}{row.sessions:8}{row.audio:8.1f}{row.heard:7.1f}"
        + "".join(f"{time:9.3f}" for time in times)
        + f"{100 * row.overhead:8.1f} %  {spread}"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engines", nargs="*", metavar="ENGINE", default=ENGINES)
    parser.add_argument("--sessions", type=int, action="append", help="at a time; 1 and 8 by default")
    parser.add_argument("--clips", type=Path, default=FOLDER)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="print that instead of the table")
    chosen = parser.parse_args(arguments)
    rows = list(measure_all(chosen.engines, chosen.sessions or (1, 8), chosen.clips, chosen.rounds))
    if chosen.json:
        print(msgspec.json.encode(rows).decode())
        return
    names = ("voice", "bare", "session", "turns", "feeding", "engine")
    columns = "".join(f"{name:>9}" for name in names)
    print(f"{'engine':10}{'sessions':>8}{'audio':>8}{'heard':>7}{columns}  overhead  spread")
    print(*map(show, rows), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
