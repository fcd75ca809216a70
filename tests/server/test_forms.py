from __future__ import annotations

import io
from dataclasses import replace

import pytest
from starlette.datastructures import FormData, UploadFile

from cli.program import ROOT
from saywire.errors import BadRequest, Unsupported
from saywire.server.forms import FORM_SCHEMA, Extra, Format, Granularity, read_ask
from saywire.types import Options, Turns

FILE = UploadFile(io.BytesIO(b"RIFF"), filename="upload")
DEFAULTS = Options(language="de", turns=Turns(silence=0.7))


def ask(*pairs: tuple[str, object], defaults: Options = DEFAULTS):
    return read_ask(FormData([("file", FILE), ("model", "m"), *pairs]), defaults)


def test_what_is_not_said_is_the_servers_choice():
    asked = ask()
    assert asked.file is FILE.file
    assert asked.options == Options(model="m", language="de", turns=Turns(silence=0.7))
    assert (asked.format, asked.stream) == (Format.JSON, False)
    assert asked.granularities == {Granularity.SEGMENT}


def test_everything_said():
    asked = ask(
        ("language", "en-US"),
        ("prompt", "about boats"),
        ("keywords[]", "keel"),
        ("keywords[]", "boom"),
        ("response_format", "verbose_json"),
        ("temperature", "0.2"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
        ("grammar", "#JSGF V1.0; grammar g; public <g> = yes | no;"),
        ("unheard_of", "x"),
        ("include[]", "logprobs"),
    )
    assert asked.options.language == "en"
    assert asked.options.prompt == "about boats"
    assert asked.options.hotwords == ("keel", "boom")
    assert asked.options.grammar.startswith("#JSGF")
    assert asked.format is Format.VERBOSE_JSON
    assert asked.granularities == {Granularity.WORD, Granularity.SEGMENT}


@pytest.mark.parametrize(
    "pairs",
    [
        [("vocabulary", "yes"), ("vocabulary", "no")],
        [("vocabulary[]", "yes"), ("vocabulary[]", "no")],
        [("vocabulary", '["yes", "no"]')],
        [("vocabulary[]", '["yes", "no"]')],
    ],
)
def test_spellings_of_a_list(pairs):
    assert ask(*pairs).options.vocabulary == ("yes", "no")


@pytest.mark.parametrize(
    "pairs",
    [
        [
            ("chunking_strategy[type]", "server_vad"),
            ("chunking_strategy[threshold]", "0.4"),
            ("chunking_strategy[prefix_padding_ms]", "100"),
            ("chunking_strategy[silence_duration_ms]", "250"),
        ],
        [
            (
                "chunking_strategy",
                '{"type": "server_vad", "threshold": 0.4,'
                ' "prefix_padding_ms": 100, "silence_duration_ms": 250}',
            )
        ],
    ],
)
def test_spellings_of_an_object(pairs):
    assert ask(*pairs).options.turns == Turns(threshold=0.4, padding=0.1, silence=0.25)


def test_who_asks_for_voice_activity_gets_it():
    server = replace(DEFAULTS, turns=replace(DEFAULTS.turns, semantic=True))
    assert not ask(("chunking_strategy[type]", "server_vad"), defaults=server).options.turns.semantic
    assert ask(("chunking_strategy", "auto"), defaults=server).options.turns.semantic


def test_object_fields_that_are_not_said_are_the_servers_choice():
    turns = ask(("chunking_strategy[type]", "server_vad")).options.turns
    assert turns == DEFAULTS.turns
    assert ask(("chunking_strategy", "auto")).options.turns == DEFAULTS.turns


@pytest.mark.parametrize("threshold", ["0", "1"])
def test_extreme_thresholds_are_drawn_into_what_a_detector_can_do(threshold):
    pairs = [("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", threshold)]
    assert 0 < ask(*pairs).options.turns.threshold < 1


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([("language", "English")], "en"),
        ([("language", "ZH")], "zh"),
        ([("language", "auto")], "de"),
        ([("language", "")], "de"),
        ([("languages[]", "fr")], "fr"),
        ([("languages[]", "fr"), ("languages[]", "en")], "de"),
    ],
)
def test_languages(pairs, code):
    assert ask(*pairs).options.language == code


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_stream(value):
    assert ask(("stream", value)).stream
    assert not ask(("stream", "false")).stream


@pytest.mark.parametrize(
    ("pair", "param"),
    [
        (("include[]", "everything"), "include"),
        (("response_format", "xml"), "response_format"),
        (("temperature", "hot"), "temperature"),
        (("temperature", "1.5"), "temperature"),
        (("temperature", "nan"), "temperature"),
        (("timestamp_granularities[]", "phoneme"), "timestamp_granularities"),
        (("language", "klingonese!"), "language"),
        (("keywords", "[1, 2"), "keywords"),
        (("keywords", "[" + '"w",' * 1000 + '"w"]'), "keywords"),
        (("prompt", "p" * 20_001), "prompt"),
        (("chunking_strategy", '{"type": "server_vad", "silence_duration_ms": 60001}'), "chunking_strategy"),
        (("chunking_strategy", "{}"), "chunking_strategy"),
        (("chunking_strategy", "manual"), "chunking_strategy"),
        (("chunking_strategy", '{"type": "semantic_vad"}'), "chunking_strategy"),
        (("chunking_strategy[threshold]", "0.5"), "chunking_strategy"),
        (("chunking_strategy", '{"type": "server_vad", "threshold": 2}'), "chunking_strategy"),
    ],
)
def test_nonsense_names_the_field(pair, param):
    with pytest.raises(BadRequest) as refused:
        ask(pair)
    assert refused.value.param == param


def test_stream_of_subtitles_is_refused():
    with pytest.raises(
        Unsupported, match="stream needs response_format json or text or diarized_json, not srt"
    ):
        ask(("stream", "true"), ("response_format", "srt"))


@pytest.mark.parametrize(
    ("pairs", "param"),
    [
        ([("file", FILE)], "model"),
        ([("file", FILE), ("model", " ")], "model"),
        ([("model", "m")], "file"),
        ([("model", "m"), ("file", "RIFF....")], "file"),
    ],
)
def test_what_must_be_there(pairs, param):
    with pytest.raises(BadRequest) as refused:
        read_ask(FormData(pairs), DEFAULTS)
    assert refused.value.param == param


@pytest.mark.parametrize("pairs", [[("include[]", "logprobs")], [("include", '["logprobs"]')]])
def test_what_is_to_be_included(pairs):
    assert ask(*pairs).include == {Extra.LOGPROBS}
    assert ask().include == frozenset()


def test_speakers_have_names_unless_their_voices_are_to_be_compared():
    names = [("known_speaker_names[]", "agent"), ("known_speaker_names[]", "customer")]
    diarized = ("response_format", "diarized_json")
    assert ask(diarized, *names).speakers == ("agent", "customer")
    assert (
        ask(diarized, *names, ("known_speaker_references[]", "data:audio/wav;base64,UklGRg==")).speakers == ()
    )


def test_every_field_is_told_of_in_the_docs():
    page = (ROOT / "docs" / "transcriptions.md").read_text("utf-8")
    properties = FORM_SCHEMA["multipart/form-data"]["schema"]["properties"]
    assert not [name for name in properties if f"`{name}`" not in page and f"`{name}[]`" not in page]
    assert not [format for format in Format if f"`{format}`" not in page]


def test_translations_are_asked_for_by_their_own_address():
    assert not ask().options.translate
    pairs = [("file", FILE), ("model", "m")]
    assert read_ask(FormData(pairs), DEFAULTS, translate=True).options.translate
    with pytest.raises(Unsupported, match="a translation has no response_format diarized_json"):
        read_ask(FormData([*pairs, ("response_format", "diarized_json")]), DEFAULTS, translate=True)
