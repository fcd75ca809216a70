"""The lines and files that ``transcribe`` writes."""

from __future__ import annotations

import json

from saywire.cli.output import WHOLE, Format, to_line
from saywire.core.transcript import Transcript
from saywire.types import Segment, Word

SEGMENT = Segment(
    "hello 你好", 0.12345, 1.0, (Word("hello", 0.1234, 0.5, 0.98765), Word("你好", 0.6, 1.0)), "en"
)


def test_text_names_the_file_only_among_others() -> None:
    assert to_line(Format.TEXT, SEGMENT, "a.wav", True) == "hello 你好"
    assert to_line(Format.TEXT, SEGMENT, "a.wav", False) == "a.wav: hello 你好"


def test_a_json_line_has_everything_and_no_more() -> None:
    assert json.loads(to_line(Format.JSONL, SEGMENT, "a.wav", True)) == {
        "file": "a.wav",
        "start": 0.123,
        "end": 1.0,
        "text": "hello 你好",
        "language": "en",
        "words": [
            {"text": "hello", "start": 0.123, "end": 0.5, "confidence": 0.9877},
            {"text": "你好", "start": 0.6, "end": 1.0},
        ],
    }
    bare = json.loads(to_line(Format.JSONL, Segment("x", 0.0, 1.0), "-", True))
    assert set(bare) == {"file", "start", "end", "text"}


def test_every_format_either_flows_or_is_whole() -> None:
    assert {format for format in Format if not format.flows} == set(WHOLE)
    transcript = Transcript((SEGMENT,), 2.0)
    assert json.loads(WHOLE[Format.JSON](transcript))["text"] == "hello 你好"
    assert WHOLE[Format.SRT](transcript).startswith("1\n00:00:00,123 --> 00:00:01,000\n")
    assert WHOLE[Format.VTT](transcript).startswith("WEBVTT\n")


def test_files_are_called_after_their_format() -> None:
    assert [format.suffix for format in Format] == [".txt", ".json", ".jsonl", ".srt", ".vtt"]
