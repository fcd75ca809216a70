"""Where the product cuts a recording into utterances, found once: turns depend on the audio alone.

Contract: what is recorded here, played to any session of the same audio and turns, makes the same turns
without a voice detector, for measures of everything but the detector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saywire.audio.vad import VoiceDetector
from saywire.core.session import Session
from saywire.engines.fake import FakeEngine
from saywire.messages import Audio, Event, Finish, SpeechStarted, SpeechStopped
from saywire.types import RATE, Options, Samples

CHUNK = RATE // 10
"""Samples of audio as it comes: 100 ms."""


@dataclass(frozen=True, slots=True)
class Turned:
    probabilities: tuple[float, ...]
    """Of voice, in each frame that the session asked about."""
    utterances: tuple[slice, ...]
    """Of the samples that an engine hears."""


def cut(samples: Samples) -> list[Samples]:
    return [samples[at : at + CHUNK] for at in range(0, len(samples), CHUNK)]


def find_turns(samples: Samples, detector: VoiceDetector) -> Turned:
    """Of one recording, with the product's turns."""
    session = Session(FakeEngine(), Options())
    session.receive(Audio(samples))
    session.receive(Finish())
    probabilities = []
    while (frame := session.next_frame()) is not None:
        (probability,), (session.voice,) = detector.judge(frame[None], [session.voice])
        probabilities.append(float(probability))
        session.hear(probabilities[-1])
    return Turned(tuple(probabilities), tuple(_find_utterances(session.events_to_send())))


def _find_utterances(events: list[Event]) -> Iterator[slice]:
    start = 0
    for event in events:
        if isinstance(event, SpeechStarted):
            start = round(event.at * RATE)
        elif isinstance(event, SpeechStopped):
            yield slice(start, round(event.at * RATE))
