import msgspec
import pytest

from saywire.protocols.openai.merge import merge
from saywire.protocols.openai.options import opening_settings
from saywire.protocols.openai.session import Format, SessionPatch


def patched(settings, **session):
    return merge(settings, msgspec.convert(session, SessionPatch))


def updated(*inputs):
    """The settings after updates of ``audio.input``."""
    settings = opening_settings(None)
    for changes in inputs:
        settings = patched(settings, type="transcription", audio={"input": changes})
    return settings


def test_an_empty_update_changes_nothing():
    start = opening_settings("m")
    assert patched(start) == patched(start, type="transcription", audio={"input": {}}) == start
    assert patched(start, audio=None) == start


def test_objects_nest_and_null_clears():
    settings = updated(
        {
            "transcription": {"model": "m", "prompt": "p"},
            "turn_detection": {"type": "server_vad", "threshold": 0.6},
        },
        {"transcription": {"prompt": None, "language": "de"}, "turn_detection": {"silence_duration_ms": 700}},
    )
    asked, turns = settings.transcription, settings.input.turn_detection
    assert (asked.model, asked.prompt, asked.language) == ("m", None, "de")
    assert (turns.type, turns.threshold, turns.silence_duration_ms) == ("server_vad", 0.6, 700)
    assert updated({"transcription": {"model": "m"}}, {"transcription": None}).input.transcription is None
    assert (
        updated({"turn_detection": {"type": "server_vad"}}, {"turn_detection": None}).input.turn_detection
        is None
    )


def test_a_strength_stays_where_an_update_omits_it():
    noise = updated(
        {"noise_reduction": {"type": "far_field", "strength": 0.4}},
        {"noise_reduction": {"type": "near_field"}},
    ).input.noise_reduction
    assert (noise.type, noise.strength) == ("near_field", 0.4)


@pytest.mark.parametrize(
    ("inputs", "form"),
    [
        ([{"format": {"rate": 16000}}], Format("audio/pcm", 16000)),
        ([{"format": {"type": "audio/pcmu"}}], Format("audio/pcmu")),
        ([{"format": {"rate": 16000}}, {"format": {"type": "audio/pcma"}}], Format("audio/pcma")),
        ([{"format": {"rate": 16000}}, {"format": {"type": "audio/pcm"}}], Format("audio/pcm", 16000)),
        ([{"format": {"type": "audio/pcmu"}}, {"format": {"type": "audio/pcm"}}], Format("audio/pcm")),
        ([{"format": {"type": "audio/pcmu"}}, {"format": None}], Format("audio/pcm")),
    ],
)
def test_a_rate_belongs_to_its_type(inputs, form):
    assert updated(*inputs).format == form


def test_another_kind_of_turn_detection_starts_anew():
    turns = updated(
        {"turn_detection": {"type": "server_vad", "threshold": 0.9}},
        {"turn_detection": {"type": "semantic_vad"}},
    ).input.turn_detection
    assert turns.type == "semantic_vad" and not turns.threshold


def test_the_flat_shape_says_the_same_and_the_nested_one_wins():
    flat = patched(
        opening_settings(None),
        input_audio_format="g711_alaw",
        input_audio_transcription={"model": "flat"},
        input_audio_noise_reduction={"type": "near_field"},
        turn_detection=None,
        audio={"input": {"transcription": {"model": "nested"}}},
    )
    nested = updated(
        {
            "format": {"type": "audio/pcma"},
            "transcription": {"model": "nested"},
            "noise_reduction": {"type": "near_field"},
            "turn_detection": None,
        }
    )
    assert flat == nested
