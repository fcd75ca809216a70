import msgspec
import pytest

from saywire.errors import BadRequest
from saywire.protocols.openai.checks import listed, quoted
from saywire.protocols.openai.merge import merge
from saywire.protocols.openai.options import opening_settings
from saywire.protocols.openai.session import SessionPatch


def update(changes, kind="transcription"):
    """Of ``audio.input``."""
    session = {"type": kind, "audio": {"input": changes}}
    return merge(opening_settings(None), msgspec.convert(session, SessionPatch))


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"format": {"rate": 7999}}, "format.rate", "integer_below_min_value"),
        ({"format": {"rate": 96001}}, "format.rate", "integer_above_max_value"),
        ({"format": {"type": "audio/opus"}}, "format.type", "invalid_value"),
        ({"transcription": {"languages": []}}, "transcription.languages", "empty_array"),
        ({"transcription": {"languages": ["en", "??"]}}, "transcription.languages[1]", "invalid_value"),
        ({"transcription": {"prompt": "x" * 20_001}}, "transcription.prompt", "string_above_max_length"),
        ({"transcription": {"keywords": ["x"] * 1001}}, "transcription.keywords", "array_above_max_length"),
        ({"transcription": {"languages": ["en"] * 101}}, "transcription.languages", "array_above_max_length"),
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
            {"turn_detection": {"idle_timeout_ms": 99}},
            "turn_detection.idle_timeout_ms",
            "integer_below_min_value",
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
        update(changes)
    assert (refused.value.param, refused.value.code) == (f"session.audio.input.{param}", code)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": {"rate": 8000}},
        {"format": {"rate": 96000}},
        {"format": {"type": "audio/pcmu", "rate": 1}},
        {"transcription": {"language": ""}},
        {"transcription": {"language": "auto", "keywords": [], "languages": None}},
        {"transcription": {"prompt": "x" * 20_000, "keywords": ["x"] * 1000, "languages": ["en"] * 100}},
        {"transcription": {"grammar": "g", "vocabulary": []}},
        {"turn_detection": {"threshold": 0, "prefix_padding_ms": 0, "silence_duration_ms": 0}},
        {"turn_detection": {"threshold": 1, "prefix_padding_ms": 10_000, "silence_duration_ms": 60_000}},
        {"turn_detection": {"type": "semantic_vad", "eagerness": None}},
    ],
)
def test_the_edges_are_allowed(changes):
    update(changes)


def test_only_transcription_sessions_are_updated():
    with pytest.raises(BadRequest, match="realtime session update to a transcription session") as refused:
        update({}, "realtime")
    assert refused.value.code == "invalid_parameter"
    with pytest.raises(BadRequest, match="'translation'"):
        update({}, "translation")


def test_values_are_listed_as_the_service_lists_them():
    assert listed(("a",)) == "'a'"
    assert listed(("a", "b")) == "'a' and 'b'"
    assert listed(("a", "b", "c")) == "'a', 'b', and 'c'"
    assert quoted("x" * 300) == f"'{'x' * 200}...'"
