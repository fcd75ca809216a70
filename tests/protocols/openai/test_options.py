from dataclasses import replace

import pytest

from saywire.protocols.openai.options import (
    EAGERNESS,
    Settings,
    effective_turns,
    opening_settings,
    session_options,
)
from saywire.protocols.openai.session import AudioInput, Transcription, TurnDetection
from saywire.types import Options, Turns

DEFAULTS = Options(
    "tiny", "zh", "a prompt", ("hot",), vocabulary=("yes",), turns=Turns(True, 0.4, 0.25, silence=0.7)
)


def options(turn_detection=None, defaults=DEFAULTS, **transcription):
    fields = {"transcription": Transcription(**transcription)}
    if turn_detection:
        fields["turn_detection"] = turn_detection
    return session_options(Settings(AudioInput(**fields)), defaults)


def test_what_is_left_open_is_the_server_s():
    assert session_options(opening_settings(None), DEFAULTS) == DEFAULTS


def test_what_is_asked_for_goes_before():
    told = options(model="m", language="de", prompt="p", keywords=("k",), grammar="g")
    assert (told.model, told.language, told.prompt, told.hotwords) == ("m", "de", "p", ("k",))
    assert (told.grammar, told.vocabulary) == ("g", ()), "they exclude each other"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"language": "en-GB"}, "en"),
        ({"language": "French"}, "fr"),
        ({"languages": ("es",)}, "es"),
        ({"languages": ("es", "en")}, None),
        ({"languages": ("auto",)}, "zh"),
        ({"language": "it", "languages": ("es",)}, "it"),
        ({"language": ""}, "zh"),
        ({"language": "auto"}, "zh"),
        ({"language": None, "languages": None}, "zh"),
    ],
)
def test_languages_become_one_code(asked, code):
    assert options(**asked).language == code


def test_server_vad_is_in_milliseconds_and_fills_with_defaults():
    turns = options(TurnDetection("server_vad", threshold=0.8, silence_duration_ms=350)).turns
    assert turns == Turns(True, 0.8, 0.25, silence=0.35)


def test_the_extremes_stay_in_what_a_detector_can_do():
    loud = options(TurnDetection(threshold=1, prefix_padding_ms=0, silence_duration_ms=0)).turns
    assert (loud.threshold, loud.padding, loud.silence) == (0.99, 0, 0.02)
    assert options(TurnDetection(threshold=0)).turns.threshold == 0.01


@pytest.mark.parametrize("eagerness", EAGERNESS)
def test_eagerness_is_a_certainty_a_patience_and_a_silence(eagerness):
    turns, meant = options(TurnDetection("semantic_vad", eagerness=eagerness)).turns, EAGERNESS[eagerness]
    assert turns.voice and turns.semantic
    assert (turns.certainty, turns.patience, turns.silence) == (
        meant.certainty,
        meant.patience,
        meant.silence,
    )


def test_the_more_eager_the_sooner():
    low, medium, high = (EAGERNESS[name] for name in ("low", "medium", "high"))
    assert low.certainty > medium.certainty > high.certainty
    assert low.patience > medium.patience > high.patience
    assert low.silence > medium.silence > high.silence


def test_auto_is_medium_or_what_the_server_does_anyway():
    auto = TurnDetection("semantic_vad", eagerness="auto")
    medium = options(TurnDetection("semantic_vad", eagerness="medium"))
    assert options(auto) == options(TurnDetection("semantic_vad")) == medium
    own = replace(DEFAULTS, turns=replace(DEFAULTS.turns, semantic=True, patience=3.0))
    assert options(auto, own).turns == options(None, own).turns == own.turns
    assert options(TurnDetection("semantic_vad", eagerness="medium"), own) == medium


def test_a_server_of_semantic_turns_says_so_and_obeys_who_wants_silence():
    own = replace(DEFAULTS, turns=replace(DEFAULTS.turns, semantic=True))
    assert effective_turns(opening_settings(None), own) == TurnDetection("semantic_vad")
    assert not options(TurnDetection("server_vad"), own).turns.semantic


@pytest.mark.parametrize(
    ("model", "detects"),
    [
        (None, True),
        ("gpt-4o-transcribe", True),
        ("gpt-live-transcribe", False),
        ("gpt-live-transcribe-2026-05-01", False),
        ("gpt-realtime-whisper", False),
    ],
)
def test_the_model_decides_where_nobody_said(model, detects):
    settings = opening_settings(model)
    assert (effective_turns(settings, DEFAULTS) is not None) == detects
    assert session_options(settings, DEFAULTS).turns.voice == detects


def test_a_server_without_voice_detection_has_none_until_asked():
    manual = Options(turns=Turns(voice=False))
    assert effective_turns(opening_settings(None), manual) is None
    assert options(TurnDetection("server_vad"), manual).turns.voice
