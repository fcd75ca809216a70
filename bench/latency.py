"""How fast and how steady: recordings played in real time, over the websocket, into a server of its own.

    python -m bench.latency [MODEL]... [--clips FOLDER]      sphinx, tiny and slow by default; minutes

40 ms frames leave at wall clock, as from a microphone. Each recording is played twice. By voice: a second of
silence follows, and the server finds the end. By button: the client commits when the audio ends (or, where
the times of the words are known, 0.2 s after each utterance). Columns, in ms:

    first      first sample sent, to the first text (by voice)
    onset      true beginning of speech, to the first text: only where that is known
    lag        end of a word of a final, to the first text that had it in its place (by voice)
    final      true end of speech, to its final; it holds the silence that the server waits for. Where the
               truth is not known (~), the end of voice by the server's own detector
    stop       the client's commit, to the final it asks for (by button)
    UPWR       words of partials that were taken back, to words of finals (client/measure.py), by voice
    speech     the frame that proves speech_started or speech_stopped sent, to the event's arrival

``slow`` is the product with an engine whose steps take 2 s: what speech events cost then is law 2.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saywire import messages as m
from saywire.audio.pcm import from_pcm16, to_pcm16
from saywire.audio.vad import FRAME, VoiceDetector
from saywire.client.measure import Heard, Latency, Stability, measure, measure_stability, percentile, to_words
from saywire.client.realtime import connect
from saywire.client.replay import CHUNK, Replay, replay
from saywire.core.session import Session
from saywire.engines.fake import FakeEngine
from saywire.types import RATE, Options, Samples, Turns

from .clips import FOLDER, Recording, read_clips, read_samples
from .running import Running, serve, serving

SILENCE = np.zeros(RATE, np.float32)
HAND = 0.2
"""Seconds from the last word to the commit."""
DIGITS = ("10001.wav", "vosk-8k.wav")
"""The clips that tiny was made for."""
EVENTS = 20
"""Speech events that the slow engine must be measured on, at least."""

Proofs = dict[tuple[type[m.Event], int], float]
"""For a kind of event and an utterance: seconds of audio that prove it."""


@dataclass(frozen=True, slots=True)
class Played:
    """One recording, both ways."""

    name: str
    known: bool
    voice: Latency
    lags: tuple[float, ...]
    finals: tuple[float, ...]
    stability: Stability
    speech: tuple[float, ...]
    stops: tuple[float, ...]


def find_proofs(samples: Samples, turns: Turns, detector: VoiceDetector) -> Proofs:
    """A session of our own that hears the same: turns depend on the audio alone (law 1)."""
    session = Session(FakeEngine(), Options(turns=turns))
    heard = from_pcm16(to_pcm16(samples))
    proofs: Proofs = {}
    for end in range(FRAME, len(heard) + 1, FRAME):
        session.receive(m.Audio(heard[end - FRAME : end]))
        while (frame := session.next_frame()) is not None:
            (probability,), (session.voice,) = detector.judge(frame[None], [session.voice])
            session.hear(float(probability))
        for event in session.events_to_send():
            if isinstance(event, m.SpeechStarted | m.SpeechStopped):
                proofs[type(event), event.utterance] = end / RATE
    return proofs


def measure_speech(heard: Iterable[Heard], proofs: Proofs) -> tuple[float, ...]:
    """Delays of the speech events, each from when the frame with its proof was due."""
    delays = []
    for event, at in ((one.event, one.at) for one in heard):
        if isinstance(event, m.SpeechStarted | m.SpeechStopped):
            proof = proofs[type(event), event.utterance]
            delays.append(at - -(-round(proof * RATE) // CHUNK) * CHUNK / RATE)
    return tuple(delays)


def measure_lags(heard: Sequence[Heard]) -> tuple[float, ...]:
    """For each word of the finals, from its end to the first text that has it in its place."""
    shown: dict[int, list[tuple[list[str], float]]] = {}
    lags = []
    for event, at in ((one.event, one.at) for one in heard):
        if isinstance(event, m.Partial):
            shown.setdefault(event.utterance, []).append((to_words(event.hypothesis.text), at))
        elif isinstance(event, m.Final):
            words = [(text, word.end) for word in event.words for text in to_words(word.text)]
            texts = [*shown.get(event.utterance, []), ([text for text, _ in words], at)]
            for place, (word, end) in enumerate(words):
                lags.append(next(at for text, at in texts if text[place : place + 1] == [word]) - end)
    return tuple(lags)


def measure_finals(heard: Iterable[Heard]) -> tuple[float, ...]:
    """From the end of voice, by the server's word, to the final."""
    finals = ((one.event, one.at) for one in heard)
    return tuple(at - final.end for final, at in finals if isinstance(final, m.Final) and final.text)


async def play(server: Running, options: Options, samples: Samples, stops: Sequence[float] = ()) -> Replay:
    async with connect(server.realtime) as session:
        await session.send(m.Configure(options))
        return await replay(session, samples, stops)


async def play_both(server: Running, model: str, recording: Recording, detector: VoiceDetector) -> Played:
    voice = Options(model, recording.language)
    samples = np.concatenate([recording.samples, SILENCE])
    spoken = await play(server, voice, samples)
    latency = measure(spoken.heard, recording.said)
    stops = tuple(one.end + HAND for one in recording.said) or (recording.seconds,)
    pressed = await play(server, Options(model, recording.language, turns=Turns(voice=False)), samples, stops)
    return Played(
        recording.name,
        bool(recording.said),
        latency,
        measure_lags(spoken.heard),
        latency.finals or measure_finals(spoken.heard),
        measure_stability(spoken.heard),
        measure_speech(spoken.heard, find_proofs(samples, voice.turns, detector)),
        measure(pressed.heard, (), pressed.stops).after_stop,
    )


def show(values: Sequence[float], *percents: float) -> str:
    return "/".join(f"{percentile(values, percent) * 1000:.0f}" for percent in percents) if values else "-"


def print_row(name: str, *cells: str) -> None:
    widths = (7, 7, 12, 14, 14, 7, 12)
    print(f"  {name:28}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
    sys.stdout.flush()


def print_played(played: Played) -> None:
    print_row(
        played.name,
        show([played.voice.first_partial] if played.voice.first_partial else [], 50),
        show([at] if (at := played.voice.first_partial_from_speech) else [], 50),
        show(played.lags, 50, 95),
        ("" if played.known else "~") + show(played.finals, 50, 95),
        show(played.stops, 50, 95),
        f"{played.stability.upwr:.2f}",
        show(played.speech, 50, 100),
    )


def print_all(rows: Sequence[Played]) -> None:
    print_row(
        "all",
        show([row.voice.first_partial for row in rows if row.voice.first_partial], 50),
        show([at for row in rows if (at := row.voice.first_partial_from_speech)], 50),
        show([lag for row in rows for lag in row.lags], 50, 95),
        show([final for row in rows for final in row.finals], 50, 95),
        show([stop for row in rows for stop in row.stops], 50, 95),
        f"{sum((row.stability for row in rows), Stability(0, 0)).upwr:.2f}",
        show([delay for row in rows for delay in row.speech], 50, 100),
    )


def choose(model: str, folder: Path) -> list[Recording]:
    """What the model can be expected to hear."""
    samples = [one for one in read_samples() if one.name == ("commands" if model == "tiny" else "dictation")]
    clips = [one for one in read_clips(folder) if one.language == "en" and one.said == ()]
    return samples + [one for one in clips if (one.name in DIGITS if model == "tiny" else True)]


async def measure_model(server: Running, model: str, folder: Path, detector: VoiceDetector) -> None:
    rows = []
    for recording in choose(model, folder):
        rows.append(await play_both(server, model, recording, detector))
        print_played(rows[-1])
    print_all(rows)
    print(f"  load average of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


async def measure_slow(server: Running, detector: VoiceDetector) -> None:
    """Leaves when the speech events have come: the finals would take half an hour."""
    one_round = np.concatenate([part for one in read_samples() for part in (one.samples, SILENCE)])
    turns = Turns(silence=0.3)
    rounds = 1
    while len(proofs := find_proofs(np.tile(one_round, rounds), turns, detector)) < EVENTS:
        rounds += 1
    heard: list[Heard] = []
    complete = asyncio.Event()

    def watch(one: Heard) -> None:
        if isinstance(one.event, m.SpeechStarted | m.SpeechStopped):
            heard.append(one)
        if len(heard) == len(proofs):
            complete.set()

    async with connect(server.realtime) as session:
        await session.send(m.Configure(Options(turns=turns)))
        playing = asyncio.ensure_future(replay(session, np.tile(one_round, rounds), watch=watch))
        waiting = asyncio.ensure_future(complete.wait())
        await asyncio.wait((playing, waiting), return_when=asyncio.FIRST_COMPLETED)
        playing.cancel()
        waiting.cancel()
        await asyncio.gather(playing, waiting, return_exceptions=True)
    delays = measure_speech(heard, proofs)
    print(f"  {len(delays)} of {len(proofs)} speech events, p50/p95/max {show(delays, 50, 95, 100)} ms")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", default=["sphinx", "tiny", "slow"])
    parser.add_argument("--clips", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    detector = VoiceDetector()
    for model in chosen.models:
        if model == "slow":
            print("slow: an engine whose steps take 2 s")
            with serving(("-m", "bench.slow")) as server:
                asyncio.run(measure_slow(server, detector))
            continue
        print(f"{model}: silence setting {Turns().silence * 1000:.0f} ms; p50/p95, of speech p50/max")
        print_row("recording", "first", "onset", "lag", "final", "stop", "UPWR", "speech")
        with serving(serve("--model", model)) as server:
            asyncio.run(measure_model(server, model, chosen.clips, detector))


if __name__ == "__main__":
    main(sys.argv[1:])
