"""DashScope's task protocol, as its SDK and documentation have it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.task import TaskWire, make_task
from saywire.types import Options, Word

REMOTE = RemoteConfig("cloud", "https://localhost", "paraformer-realtime-v2")


def begin(wire: TaskWire) -> dict[str, Any]:
    wire.begin()
    (frame,) = wire.frames_to_send()
    message: dict[str, Any] = json.loads(frame)
    assert message["header"] == {
        "action": "run-task",
        "task_id": message["header"]["task_id"],
        "streaming": "duplex",
    }
    return message


def tell(wire: TaskWire, event: str, task: str, payload: object = None, **header: str) -> None:
    about = {"task_id": task, "event": event, "attributes": {}, **header}
    wire.receive(json.dumps({"header": about, "payload": payload or {}}))


def hear(wire: TaskWire, task: str, text: str, end: float | None = None, **others: object) -> tuple[str, int]:
    sentence = {"begin_time": 170, "end_time": end, "text": text, "sentence_end": end is not None, **others}
    tell(wire, "result-generated", task, {"output": {"sentence": sentence}, "usage": None})
    return wire.said.text, wire.said.stable


def test_a_task() -> None:
    wire = make_task(REMOTE, Options(language="zh", prompt="x", hotwords=("y",)))
    assert wire.greeted and not wire.open
    message = begin(wire)
    task = message["header"]["task_id"]
    assert message["payload"] == {
        "task_group": "audio",
        "task": "asr",
        "function": "recognition",
        "model": "paraformer-realtime-v2",
        "parameters": {"format": "pcm", "sample_rate": 16000, "language_hints": ["zh"]},
        "input": {},
    }
    assert not wire.open
    tell(wire, "task-started", task)
    assert wire.open and wire.append(b"\x01\x02") == b"\x01\x02"
    assert hear(wire, task, "好") == ("好", 0)
    assert hear(wire, task, "", heartbeat=True, end=0) == ("好", 0)
    assert hear(wire, task, "好的，", 920) == ("好的，", 3)
    assert hear(wire, task, "我知道") == ("好的，我知道", 3)
    wire.commit()
    (finish,) = map(json.loads, wire.frames_to_send())
    assert finish["header"]["action"] == "finish-task" and finish["header"]["task_id"] == task
    assert finish["payload"] == {"input": {}}
    assert hear(wire, task, "我知道了。", 2000) == ("好的，我知道了。", 8)
    tell(wire, "task-finished", task, {"output": {}, "usage": None})
    assert wire.over and not wire.open


def test_sentences_are_one_line_with_words_in_it() -> None:
    wire = make_task(REMOTE, Options())
    task = begin(wire)["header"]["task_id"]
    words = [
        {"begin_time": 170, "end_time": 295, "text": "One", "punctuation": ","},
        {"begin_time": 295, "end_time": 503, "text": "two", "punctuation": ".", "fixed": True},
    ]
    assert hear(wire, task, "One, two.", 900, words=words) == ("One, two.", 9)
    assert hear(wire, task, "Thr", words=[{"begin_time": 950, "text": "Thr"}]) == ("One, two. Thr", 9)
    assert wire.said.words == (
        Word("One,", 0.17, 0.295),
        Word("two.", 0.295, 0.503),
        Word("Thr", 0.95, 0.95),
    )


def test_one_task_follows_the_other_and_hears_nothing_of_it() -> None:
    wire = make_task(REMOTE, Options())
    first = begin(wire)["header"]["task_id"]
    tell(wire, "task-started", first)
    hear(wire, first, "one", 900)
    tell(wire, "task-finished", first)
    message = begin(wire)
    second = message["header"]["task_id"]
    assert second != first and "language_hints" not in message["payload"]["parameters"]
    tell(wire, "task-started", first)
    tell(wire, "task-failed", first, error_code="X", error_message="late")
    assert not wire.open and not wire.over and hear(wire, first, "late", 1) == ("", 0)


def test_a_task_that_fails() -> None:
    wire = make_task(REMOTE, Options())
    task = begin(wire)["header"]["task_id"]
    with pytest.raises(Refusal, match="request timeout after 23 seconds") as caught:
        tell(
            wire,
            "task-failed",
            task,
            error_code="CLIENT_ERROR",
            error_message="request timeout after 23 seconds.",
        )
    assert caught.value.code == "CLIENT_ERROR"


@pytest.mark.parametrize(
    "frame", ["", "{}", '{"header":5}', '{"header":{"event":"result-generated"},"payload":5}', b"\x00\x01"]
)
def test_what_is_no_event_is_unreadable(frame: str | bytes) -> None:
    wire = make_task(REMOTE, Options())
    with pytest.raises(Unreadable):
        wire.receive(frame)


def test_what_means_nothing_here_changes_nothing() -> None:
    wire = make_task(REMOTE, Options())
    task = begin(wire)["header"]["task_id"]
    tell(wire, "result-generated", task, {"output": {"translation": {}}})
    tell(wire, "something-new", task)
    assert wire.said.text == "" and not wire.over
