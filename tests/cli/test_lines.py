from __future__ import annotations

import json

from saywire.cli.lines import Lines
from saywire.errors import BadAudio
from saywire.messages import Final, Partial, SpeechStarted
from saywire.types import Hypothesis


def test_each_voice_has_its_label_in_its_source(capsys):
    lines = Lines("saywire.streaming.tiny", "streaming", ("me", "them"))
    lines.tell("me", SpeechStarted(0, 0.5))
    lines.tell("me", Partial(0, Hypothesis("one", 0)))
    lines.tell("them", Final(0, "two", 0.0, 1.0))
    lines.fail("them", BadAudio("unplugged"))
    lines.note("listening")
    captured = capsys.readouterr()
    told = [json.loads(line) for line in captured.out.splitlines()]
    assert [(line["source"], line.get("text")) for line in told] == [
        ("saywire.streaming.tiny.me", "one"),
        ("saywire.streaming.tiny.them", "two"),
        ("voice.asr", None),
    ]
    assert "unplugged" in told[2]["message"] and captured.err == "saywire: listening\n"


def test_a_voice_that_is_alone_has_none(capsys):
    Lines("saywire.sliced.tiny", "sliced").tell("", Final(0, "two", 0.0, 1.0))
    assert json.loads(capsys.readouterr().out)["source"] == "saywire.sliced.tiny"
