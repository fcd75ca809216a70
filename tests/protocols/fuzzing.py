"""Odd frames, and sessions that say at random what they may: for the tests that throw both at a wire.

Seeded, so that a failure repeats. FUZZ_FRAMES says how many frames; ``make fuzz`` sets it.
"""

import json
import os
from functools import cache
from urllib.parse import urlsplit

import numpy as np

from protocols.adapters import frame as whole_frame
from protocols.adapters import stories
from saywire import messages as m
from saywire.errors import EngineFailed, Overloaded, UnknownModel, Unsupported
from saywire.protocols import PROTOCOLS
from saywire.protocols.base import Begin, Drop, Give, Handshake
from saywire.types import Hypothesis, Word

FRAMES = int(os.environ.get("FUZZ_FRAMES", "8000"))
LONGEST = 50_000
"""Characters of a story's frame that is bent; longer ones only take time."""

ODD = [None, True, 0, -1, 1e300, 2**70, "", "x", "\x00", "é漢", "🎙", [], {}, [[]], {"type": None}, "9" * 400]
SNIPPETS = [*'"{}[],:\\-', "\\ud800", "null", "1e999", "\x00", "é", "\ud800", "[" * 2000]
QUERIES = {
    "intent": ["transcription", "conversation", ""],
    "model": ["tiny", "gpt-live-transcribe", "", "x" * 300],
    "call_id": ["rtc_1"],
    "deployment": ["tiny"],
    "api-version": ["2025-04-01-preview"],
}


def bent(value, dice):
    """``value`` with one place of it replaced, removed or wrapped."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(list(value))
        rest = {k: v for k, v in value.items() if k != key}
        return rest if dice.random() < 0.15 else rest | {key: bent(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.7:
        place = dice.randrange(len(value))
        return [*value[:place], bent(value[place], dice), *value[place + 1 :]]
    return dice.choice([*ODD, [value], {"type": value}, str(value)])


def torn(text, dice):
    """``text`` cut short, or with a piece of it replaced."""
    start, stop = sorted(dice.randrange(len(text) + 1) for _ in range(2))
    return text[:stop] if dice.random() < 0.3 else text[:start] + dice.choice(SNIPPETS) + text[stop:]


def wires():
    """Each wire once, with the first of its paths."""
    return {new_wire: path for path, new_wire in reversed(PROTOCOLS.items())}


@cache
def told(new_wire):
    """The text frames of all stories of a wire, and which of them are JSON objects."""
    ours = [lines for lines in map(client_lines, stories()) if PROTOCOLS[path_in(lines[0])] is new_wire]
    frames = [whole_frame(line) for lines in ours for line in lines if line.startswith("{")]
    sent = [frame for frame in frames if len(frame) < LONGEST]
    return sent, [frame for frame in sent if is_object(frame)]


def client_lines(story):
    return [line.removeprefix("C> ") for line in story.read_text().splitlines() if line.startswith("C> ")]


def path_in(request):
    return urlsplit(request.split(" ")[1]).path


def is_object(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def frames(dice, number, new_wire):
    sent, whole = told(new_wire)
    for _ in range(number):
        match dice.randrange(4):
            case 0:
                yield json.dumps(bent(json.loads(dice.choice(whole)), dice), ensure_ascii=dice.random() < 0.5)
            case 1:
                yield torn(dice.choice(sent), dice)
            case 2:
                yield dice.choice(whole)
            case 3:
                noise = dice.randbytes(dice.randrange(60))
                yield noise if dice.random() < 0.5 else noise.decode("latin-1")


def handshake(dice, path):
    query = {name: dice.choice(values) for name, values in QUERIES.items() if dice.random() < 0.2}
    headers = {"openai-beta": "realtime=v1"} if dice.random() < 0.2 else {}
    return Handshake(path, tuple(query.items()), headers)


class Peer:
    """The sessions a wire asks for. They answer what must be answered, and speak when they like."""

    def __init__(self, dice):
        self.dice = dice
        self.open = {}

    def obey(self, order):
        """Whether the wire kept to its contract."""
        match order:
            case Begin(name):
                assert name not in self.open
                self.open[name] = Speaker(self.dice)
            case Give(name, command):
                check(command)
                if name in self.open:
                    self.open[name].hear(command)
            case Drop(name):
                self.open.pop(name, None)

    def say(self):
        """Some of what the sessions have to say, each with its session's name."""
        for name, speaker in list(self.open.items()):
            for event in speaker.say():
                if ends(event):
                    self.open.pop(name, None)
                yield name, event


def ends(event):
    return isinstance(event, m.Finished) or (isinstance(event, m.Failed) and event.error.fatal)


def check(command):
    assert isinstance(command, m.Command)
    match command:
        case m.Audio(samples, rate):
            assert samples.dtype == np.float32 and samples.ndim == 1 and len(samples)
            assert np.isfinite(samples).all() and 4_000 <= rate <= 768_000
        case m.Configure(options):
            turns = options.turns
            assert 0 < turns.threshold < 1 and 0 <= turns.padding <= 60 and 0 < turns.silence <= 60
            assert not (options.grammar and options.vocabulary)


class Speaker:
    """One session: its events are in an order that messages.py allows."""

    def __init__(self, dice):
        self.dice = dice
        self.now = 0.0
        self.number = 0
        self.speaking = False
        self.waiting = []

    def hear(self, command):
        match command:
            case m.Configure(options):
                bad = self.dice.random() < 0.1
                self.tell(m.Failed(None, self.complaint()) if bad else m.Configured(options))
            case m.Audio(samples, rate):
                self.now += len(samples) / rate
                self.listen()
            case m.Commit():
                self.stop(m.Cause.COMMIT)
            case m.Clear():
                self.tell(m.Cleared(self.number if self.speaking else None))
                self.number += self.speaking
                self.speaking = False
            case m.Mark(id):
                self.tell(m.Marked(id))
            case m.Finish():
                if self.speaking:
                    self.stop(m.Cause.FINISH)
                self.tell(m.Finished(self.now))

    def say(self):
        if self.dice.random() < 0.01:
            error = Overloaded("as it happens")
            error.fatal = True
            return [m.Failed(None, error)]
        if self.dice.random() < 0.3:
            return []
        events, self.waiting = self.waiting, []
        return events

    def tell(self, *events):
        self.waiting += events

    def complaint(self):
        return self.dice.choice([UnknownModel("no such", param="model"), Unsupported("no", param="language")])

    def listen(self):
        match self.dice.randrange(4):
            case 0 if not self.speaking:
                self.speaking = True
                self.tell(m.SpeechStarted(self.number, self.now))
            case 1 if self.speaking:
                self.tell(m.Partial(self.number, Hypothesis("one tw", 3, (Word("one", 0.0, 0.5, 0.9),))))
            case 2 if self.speaking:
                self.stop(self.dice.choice([m.Cause.SILENCE, m.Cause.LENGTH]))
            case 3:
                self.tell(m.Settled(int(self.now * 16_000), 0, self.number))

    def stop(self, cause):
        bad = self.dice.random() < 0.1
        final = m.Final(self.number, "one two", 0.0, self.now, (Word("one", 0.0, 0.5, 0.9),), "en")
        self.tell(
            m.SpeechStopped(self.number, self.now, cause),
            m.Failed(self.number, EngineFailed("broke")) if bad else final,
        )
        self.number += 1
        self.speaking = False
