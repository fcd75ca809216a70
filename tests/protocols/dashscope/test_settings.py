import msgspec
import pytest

from saywire.protocols.dashscope.events import SessionPatch
from saywire.protocols.dashscope.settings import LONGEST_COMMIT, Settings, merge, session_options, show
from saywire.types import Options, Turns


def patched(*patches, before=None):
    settings = before or Settings("m")
    for patch in patches:
        settings = merge(settings, msgspec.convert(patch, SessionPatch))
    return settings


def options(*patches, **defaults):
    return session_options(patched(*patches), Options(**defaults))


def test_a_patch_of_nothing_changes_nothing():
    for before in (Settings("m"), patched({"turn_detection": None, "sample_rate": 8000})):
        assert patched({}, before=before) == before


def test_without_turn_detection_only_commits_end_an_utterance():
    turns = options({"turn_detection": None}).turns
    assert not turns.voice and turns.longest == LONGEST_COMMIT


@pytest.mark.parametrize(("threshold", "own"), [(0.2, 0.5), (0.0, 0.4), (1.0, 0.9), (-1.0, 0.05)])
def test_the_service_s_threshold_is_around_the_server_s_own(threshold, own):
    turns = options({"turn_detection": {"type": "server_vad", "threshold": threshold}}).turns
    assert turns.threshold == pytest.approx(own)
    assert turns.voice


def test_silence_ends_turns_whatever_the_server_does_otherwise():
    assert not options({"turn_detection": {"type": "server_vad"}}, turns=Turns(semantic=True)).turns.semantic


def test_the_server_s_defaults_fill_what_is_open():
    made = options({}, language="zh", prompt="p", hotwords=("h",), turns=Turns(threshold=0.6))
    assert (made.language, made.prompt, made.hotwords, made.turns.threshold) == ("zh", "p", ("h",), 0.6)


def test_languages_as_clients_write_them():
    def language(text):
        return options({"input_audio_transcription": {"language": text}}, language="en").language

    assert [language(text) for text in ("zh", "yue", "auto", "", None)] == ["zh", "yue", "en", "en", "en"]


def test_what_is_shown_is_what_was_asked():
    settings = patched(
        {
            "input_audio_format": "opus",
            "sample_rate": 8000,
            "input_audio_transcription": {"language": "zh", "corpus": {"text": "c"}},
            "turn_detection": {"type": "server_vad", "threshold": 0.1, "silence_duration_ms": 400},
        }
    )
    shown = msgspec.to_builtins(show(settings, "sess_1"))
    assert shown["input_audio_format"] == "opus" and shown["sample_rate"] == 8000
    assert shown["input_audio_transcription"] == {"language": "zh", "corpus": {"text": "c"}}
    assert shown["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.1,
        "silence_duration_ms": 400,
        "prefix_padding_ms": 300,
    }
