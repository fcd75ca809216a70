import msgspec

from saywire.protocols.openai.merge import merge
from saywire.protocols.openai.options import opening_settings
from saywire.protocols.openai.session import SessionPatch
from saywire.protocols.openai.show import shown_flat, shown_session
from saywire.types import Options, Turns

DEFAULTS = Options(turns=Turns(threshold=0.6, padding=0.1, silence=0.4321))


def updated(**audio_input):
    patch = msgspec.convert({"audio": {"input": audio_input}, "include": ["a"]}, SessionPatch)
    return merge(opening_settings(None), patch)


def as_sent(session):
    return msgspec.json.decode(msgspec.json.encode(session))


def shown(settings):
    return as_sent(shown_session("sess_1", 9, settings, DEFAULTS))


def test_a_fresh_session_has_all_fields():
    assert shown(opening_settings(None)) == {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": "sess_1",
        "expires_at": 9,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.6,
                    "prefix_padding_ms": 100,
                    "silence_duration_ms": 432,
                },
            }
        },
        "include": None,
    }


def test_what_was_asked_for_is_shown_and_unsaid_basics_are_null():
    told = shown(updated(transcription={"language": "en-US", "delay": "low"}, format={"rate": 16000}))
    assert told["audio"]["input"]["transcription"] == {
        "model": None,
        "language": "en-US",
        "prompt": None,
        "delay": "low",
    }
    assert told["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 16000}
    assert told["include"] == ["a"]


def test_semantic_vad_shows_its_eagerness_and_g711_no_rate():
    told = shown(updated(turn_detection={"type": "semantic_vad"}, format={"type": "audio/pcmu"}))["audio"][
        "input"
    ]
    assert told["turn_detection"] == {"type": "semantic_vad", "eagerness": "auto"}
    assert told["format"] == {"type": "audio/pcmu"}


def test_numbers_that_count_are_whole():
    told = shown(updated(format={"rate": 16000.0}, turn_detection={"silence_duration_ms": 350.4}))["audio"][
        "input"
    ]
    assert told["format"]["rate"] == 16000 and isinstance(told["format"]["rate"], int)
    assert told["turn_detection"]["silence_duration_ms"] == 350


def test_the_flat_shape_shows_the_same():
    settings = updated(format={"type": "audio/pcma"}, transcription={"model": "m"}, turn_detection=None)
    told = as_sent(shown_flat("sess_1", 9, settings, DEFAULTS))
    assert told["input_audio_format"] == "g711_alaw"
    assert told["input_audio_transcription"] == {"model": "m", "language": None, "prompt": None}
    assert told["turn_detection"] is None and told["client_secret"] is None and told["include"] == ["a"]
