import msgspec
import pytest

from saywire.errors import BadRequest
from saywire.protocols.dashscope.task_events import Payload
from saywire.protocols.dashscope.task_options import FORMATS, read_decoder, read_manner, read_options
from saywire.types import Options, Turns


def payload(model="paraformer-realtime-v2", **parameters):
    return msgspec.convert({"model": model, "parameters": parameters}, Payload)


def options(defaults=None, **parameters):
    stored = {"vocab-1": ("one", "two")}.get
    return read_options(payload(**parameters), defaults or Options(), stored)


def test_what_is_not_asked_is_the_server_s():
    usual = Options(language="zh", hotwords=("h",), prompt="p", turns=Turns(silence=0.7))
    made = options(usual)
    assert (made.language, made.hotwords, made.prompt, made.turns) == ("zh", ("h",), "p", usual.turns)
    assert made.model == "paraformer-realtime-v2"


@pytest.mark.parametrize(
    ("hints", "language"), [([], None), (["en"], "en"), (["zh", "en"], None), (["?"], None)]
)
def test_one_hint_is_a_language(hints, language):
    assert options(language_hints=hints).language == language


@pytest.mark.parametrize(("source", "language"), [("zh", "zh"), ("auto", None), ("", None)])
def test_gummy_names_its_language_otherwise(source, language):
    assert options(source_language=source).language == language


def test_a_vocabulary_of_the_message_goes_before_one_by_id():
    assert options(vocabulary={"three": 5}, vocabulary_id="vocab-1").hotwords == ("three",)
    assert options(vocabulary_id="vocab-1").hotwords == ("one", "two")
    with pytest.raises(BadRequest, match="'nosuch'"):
        options(vocabulary_id="nosuch")


def test_numbers_out_of_range_are_drawn_into_it():
    assert options(max_sentence_silence=0).turns.silence == 0.1
    assert options(max_sentence_silence=1e9).turns.silence == 10.0
    assert options(speech_noise_threshold=-5).turns.threshold == 0.05


@pytest.mark.parametrize("usual", [True, False])
def test_who_asks_for_semantic_sentences_or_for_a_silence_gets_that(usual):
    server = Options(turns=Turns(semantic=usual))

    def semantic(**parameters):
        return options(server, **parameters).turns.semantic

    assert semantic() is usual
    assert not semantic(max_sentence_silence=500)
    assert semantic(semantic_punctuation_enabled=True, max_sentence_silence=500)
    assert not semantic(semantic_punctuation_enabled=False)


def test_semantic_sentences_have_a_silence_of_their_own_for_want_of_a_turn_model():
    asked = options(semantic_punctuation_enabled=True).turns
    assert (asked.certainty, asked.patience, asked.silence) == (0.5, 4.0, 0.8)
    assert options(semantic_punctuation_enabled=True, max_sentence_silence=500).turns.silence == 0.5
    ours = Turns(semantic=True, certainty=0.9, patience=2.0, silence=0.6)
    assert options(Options(turns=ours), semantic_punctuation_enabled=True).turns == ours
    assert options(Options(turns=ours), semantic_punctuation_enabled=False).turns.silence == 0.6


@pytest.mark.parametrize("form", FORMATS)
def test_every_documented_format_has_a_decoder(form):
    assert not read_decoder(payload(format=form, sample_rate=16000)).finish()


def test_models_differ_in_manner():
    assert not read_manner(payload("paraformer-realtime-v2")).numbered
    assert read_manner(payload("gummy-chat-v1")).gummy
    assert not read_manner(payload("qwen-audio-3.1-asr-flash-message")).intermediate
    assert read_manner(payload("fun-asr-realtime", heartbeat=True)).heartbeat
