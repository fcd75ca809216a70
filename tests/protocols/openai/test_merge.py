import msgspec
import pytest

from saywire.errors import BadRequest
from saywire.protocols.openai.merge import listed, merge, quoted
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


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"format": {"rate": 7999}}, "format.rate", "integer_below_min_value"),
        ({"format": {"rate": 96001}}, "format.rate", "integer_above_max_value"),
        ({"format": {"type": "audio/opus"}}, "format.type", "invalid_value"),
        ({"transcription": {"languages": []}}, "transcription.languages", "empty_array"),
        ({"transcription": {"languages": ["en", "??"]}}, "transcription.languages[1]", "invalid_value"),
        ({"transcription": {"language": "??"}}, "transcription.language", "invalid_value"),
        ({"transcription": {"delay": "soon"}}, "transcription.delay", "invalid_value"),
        (
            {"transcription": {"grammar": "g", "vocabulary": ["v"]}},
            "transcription.vocabulary",
            "invalid_value",
        ),
        ({"noise_reduction": {"type": "deaf"}}, "noise_reduction.type", "invalid_value"),
        ({"turn_detection": {"threshold": -0.1}}, "turn_detection.threshold", "decimal_below_min_value"),
        (
            {"turn_detection": {"prefix_padding_ms": 10_001}},
            "turn_detection.prefix_padding_ms",
            "integer_above_max_value",
        ),
        (
            {"turn_detection": {"silence_duration_ms": 60_001}},
            "turn_detection.silence_duration_ms",
            "integer_above_max_value",
        ),
        (
            {"turn_detection": {"type": "semantic_vad", "eagerness": "no"}},
            "turn_detection.eagerness",
            "invalid_value",
        ),
    ],
)
def test_a_bad_value_is_named(changes, param, code):
    with pytest.raises(BadRequest) as refused:
        updated(changes)
    assert (refused.value.param, refused.value.code) == (f"session.audio.input.{param}", code)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": {"rate": 8000}},
        {"format": {"rate": 96000}},
        {"format": {"type": "audio/pcmu", "rate": 1}},
        {"transcription": {"language": ""}},
        {"transcription": {"language": "auto", "keywords": [], "languages": None}},
        {"transcription": {"grammar": "g", "vocabulary": []}},
        {"turn_detection": {"threshold": 0, "prefix_padding_ms": 0, "silence_duration_ms": 0}},
        {"turn_detection": {"threshold": 1, "prefix_padding_ms": 10_000, "silence_duration_ms": 60_000}},
        {"turn_detection": {"type": "semantic_vad", "eagerness": None}},
    ],
)
def test_the_edges_are_allowed(changes):
    updated(changes)


def test_only_transcription_sessions_are_updated():
    with pytest.raises(BadRequest, match="realtime session update to a transcription session") as refused:
        patched(opening_settings(None), type="realtime")
    assert refused.value.code == "invalid_parameter"
    with pytest.raises(BadRequest, match="'translation'"):
        patched(opening_settings(None), type="translation")


def test_values_are_listed_as_the_service_lists_them():
    assert listed(("a",)) == "'a'"
    assert listed(("a", "b")) == "'a' and 'b'"
    assert listed(("a", "b", "c")) == "'a', 'b', and 'c'"
    assert quoted("x" * 300) == f"'{'x' * 200}...'"
