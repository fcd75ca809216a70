from __future__ import annotations

import json
from base64 import b64decode

import pytest

from saywire.client.frames import Audio, Order, Point, merge, read, to_error, to_session
from saywire.errors import BadRequest, EngineFailed, Overloaded, UnknownModel, Unsupported
from saywire.types import Options, Turns


def test_an_event_is_read_whatever_else_is_in_it() -> None:
    event = read(
        '{"type":"session.updated","event_id":"e","session":{"id":"s","resume":{"last_seq":3,"new":1}}}'
    )
    assert event.session.resume == Point(last_seq=3) and event.resume is None
    assert read('{"type":"anything","surprise":[1]}').item_id == ""


@pytest.mark.parametrize(
    "frame", ["", "nonsense", "[]", "{}", '{"type":1}', b"\xff", b'{"type":"\xff"}', '{"type":"x","seq":"1"}']
)
def test_what_is_no_event_is_refused(frame: str | bytes) -> None:
    with pytest.raises(BadRequest, match="the server sent what is no event"):
        read(frame)


def test_audio_is_counted_in_samples() -> None:
    audio = Audio(b"aabbcc")
    assert audio.samples == 3
    said = json.loads(audio.frame)
    assert said["type"] == "input_audio_buffer.append" and b64decode(said["audio"]) == b"aabbcc"


def test_an_order_names_itself() -> None:
    assert json.loads(Order("c1", "input_audio_buffer.commit").frame) == {
        "type": "input_audio_buffer.commit",
        "event_id": "c1",
    }
    assert json.loads(Order("c2", "session.update", {"type": "transcription"}).frame)["session"] == {
        "type": "transcription"
    }


def test_updates_add_up_as_the_server_adds_them_up() -> None:
    settings = {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}}
    update = to_session(Options(language="en", turns=Turns(silence=0.7)))
    both = merge(merge(settings, update), to_session(Options(prompt="numbers", turns=Turns(voice=False))))
    assert both == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 8000},
                "transcription": {"language": "en", "prompt": "numbers"},
                "turn_detection": None,
            }
        },
    }
    assert to_session(Options(), turns=False) == {
        "type": "transcription",
        "audio": {"input": {"transcription": {}}},
    }
    assert merge({"a": None}, {"a": {"b": 1}}) == {"a": {"b": 1}}


def test_an_object_of_another_type_begins_anew() -> None:
    vad = {"turn_detection": {"type": "server_vad", "threshold": 0.7}}
    assert merge(vad, {"turn_detection": {"silence_duration_ms": 200}}) == {
        "turn_detection": {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 200}
    }
    assert merge(vad, {"turn_detection": {"type": "semantic_vad"}}) == {
        "turn_detection": {"type": "semantic_vad"}
    }


def test_errors_keep_their_kind() -> None:
    def refused(code: str) -> Exception:
        return to_error(read(json.dumps({"type": "error", "error": {"message": "no", "code": code}})).error)

    assert isinstance(refused("overloaded"), Overloaded)
    assert isinstance(refused("engine_failed"), EngineFailed)
    assert isinstance(refused("model_not_found"), UnknownModel)
    assert isinstance(refused("unsupported"), Unsupported)
    assert isinstance(refused("x"), BadRequest)
