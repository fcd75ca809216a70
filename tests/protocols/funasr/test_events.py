import msgspec
import pytest

from saywire.errors import BadRequest
from saywire.protocols.funasr.events import (
    LONGEST_LIST,
    Settings,
    is_false,
    is_true,
    merge,
    read,
    read_hotwords,
)


def after(**message):
    return merge(Settings(), read(msgspec.json.encode(message).decode()))


def test_what_is_absent_or_null_stays():
    before = Settings("offline", 8000, "call", "wav", ("one",), "zh")
    assert merge(before, read("{}")) == before
    assert merge(before, read('{"mode":null,"audio_fs":null,"hotwords":null,"wav_name":7}')) == before


def test_every_setting_is_read():
    message = {
        "mode": "online",
        "audio_fs": "8000",
        "wav_name": "a",
        "wav_format": "MP3",
        "hotwords": "x y",
        "svs_lang": "en",
    }
    assert after(**message) == Settings("online", 8000, "a", "mp3", ("x", "y"), "en")


@pytest.mark.parametrize("chunks", [[0, 10, 5], ["5", "10", "5"], "5,10,5", "[0, 8, 4]"])
def test_chunks_that_make_sense_change_nothing(chunks):
    assert after(chunk_size=chunks) == Settings()


@pytest.mark.parametrize("chunks", [[], [5], "5,10", "a,b,c", 5, {"a": 1}, [5, -10, 5], "", [[1], 2, 3]])
def test_chunks_that_make_none_are_refused(chunks):
    with pytest.raises(BadRequest) as refused:
        after(chunk_size=chunks)
    assert refused.value.param == "chunk_size"


@pytest.mark.parametrize("rate", [0, -1, 1e9, "x", [], True])
def test_a_rate_that_is_none(rate):
    with pytest.raises(BadRequest, match="audio_fs"):
        after(audio_fs=rate)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", ()),
        ("  ", ()),
        ("one two", ("one", "two")),
        ("阿里，巴巴、通义", ("阿里", "巴巴", "通义")),
        ('{"阿里巴巴": 20, "通义实验室": 30}', ("阿里巴巴", "通义实验室")),
        ('["a b", "c"]', ("a b", "c")),
        ({"new york": 5}, ("new york",)),
        (["x", "x", " "], ("x",)),
    ],
)
def test_hotwords(given, words):
    assert read_hotwords(given) == words


def test_hotwords_that_are_none():
    for given in ('{"a":', 5, True, [str(number) for number in range(LONGEST_LIST + 1)]):
        with pytest.raises(BadRequest) as refused:
            read_hotwords(given)
        assert refused.value.param == "hotwords"


def test_flags_in_any_spelling():
    assert [is_true(v) for v in (True, 1, "true", False, 0, None, msgspec.UNSET)] == [True] * 3 + [False] * 4
    assert [is_false(v) for v in (False, 0, "false", True, None, msgspec.UNSET)] == [True] * 3 + [False] * 3
