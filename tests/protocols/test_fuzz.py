"""No frame, however odd, gets more out of an adapter than commands or BadRequest.

Seeded, so that a failure repeats: frames from the golden stories, bent as text and as JSON, and noise.
"""

import json
import random

import numpy as np
import pytest

from protocols.adapters import frame as whole_frame
from protocols.adapters import story_lines, surroundings
from saywire.errors import BadRequest
from saywire.messages import Audio, Command, Configure, Configured, Finish
from saywire.protocols import PROTOCOLS
from saywire.protocols.base import Close, Handshake
from saywire.protocols.funasr.either import FunAsr
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.protocols.ptt import Ptt

ODD = [None, True, 0, -1, 1e300, 2**70, "", "x", "\x00", "é漢", "🎙", [], {}, [[]], {"type": None}, "9" * 400]
SNIPPETS = [
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\\ud800",
    "null",
    "1e999",
    "-",
    "\x00",
    "é",
    "\ud800",
    "[" * 2000,
]


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


STORIES = {OpenAiRealtime: "openai_realtime", Ptt: "ptt", FunAsr: "funasr"}
"""How the names of each wire's stories begin."""


def frames(dice, number, adapter_class):
    lines = story_lines("C>", STORIES[adapter_class])
    sent = [whole_frame(line) for line in lines if line.startswith("{")]
    whole = [line for line in sent if parses(line)]
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


def parses(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def check(command):
    assert isinstance(command, Command)
    match command:
        case Audio(samples, rate):
            assert samples.dtype == np.float32 and samples.ndim == 1 and len(samples)
            assert np.isfinite(samples).all() and 4_000 <= rate <= 768_000
        case Configure(options):
            turns = options.turns
            assert 0 < turns.threshold < 1 and 0 <= turns.padding <= 60 and 0 < turns.silence <= 60
            assert not (options.grammar and options.vocabulary)


@pytest.mark.parametrize("adapter_class", sorted(set(PROTOCOLS.values()), key=repr))
def test_only_bad_request_comes_out(adapter_class):
    dice = random.Random(20261121)
    refused = obeyed = 0
    adapter, waiting = opened(adapter_class)
    for frame in frames(dice, 6000, adapter_class):
        try:
            commands = adapter.receive(frame)
        except BadRequest as error:
            refused += 1
            adapter.fail(error)
            check_frames(adapter.frames_to_send(), some=True)
            continue
        for command in commands:
            obeyed += 1
            check(command)
        waiting += commands
        if Finish() in commands:
            adapter, waiting = opened(adapter_class)
        elif dice.random() < 0.2:
            answer(adapter, waiting)
        check_frames(adapter.frames_to_send())
    assert refused > 2000 and obeyed > 500, "the fuzz has gone blunt"


def opened(adapter_class):
    adapter = adapter_class(surroundings())
    return adapter, adapter.connect(Handshake("/"))


def answer(adapter, waiting):
    for command in waiting:
        if isinstance(command, Configure):
            adapter.send(Configured(command.options))
    waiting.clear()


def check_frames(sent, *, some=False):
    assert sent or not some
    for frame in sent:
        assert isinstance(frame, str | bytes) and not isinstance(frame, Close), "a bad request ended it"
        if isinstance(frame, str):
            assert isinstance(json.loads(frame), dict)


def test_a_refusal_is_an_error_event_that_names_the_client_s_event():
    dice = random.Random(7)
    for frame in frames(dice, 2000, OpenAiRealtime):
        adapter, _ = opened(OpenAiRealtime)
        adapter.frames_to_send()
        try:
            adapter.receive(frame)
        except BadRequest as error:
            adapter.fail(error)
            [sent] = adapter.frames_to_send()
            event = json.loads(sent)
            assert event.keys() == {"type", "event_id", "error"} and event["type"] == "error"
            details = event["error"]
            assert details["type"] == "invalid_request_error" and details["code"] and details["message"]
            assert details.keys() == {"type", "code", "message", "param", "event_id"}
            assert details["event_id"] == event_id_of(frame)


def event_id_of(frame):
    """As Python's own reader sees it, which unlike the wire's lets half a surrogate pair pass."""
    if isinstance(frame, str) and ("\ud800" in frame or r"\ud800" in frame):
        return None
    try:
        event = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    named = event.get("event_id") if isinstance(event, dict) else None
    return named if isinstance(named, str) else None
