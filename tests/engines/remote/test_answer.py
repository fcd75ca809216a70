"""Answers as servers gave them, whole and cut anywhere; and anything else."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.remote import recorded
from saywire.engines.recognizer import Recognition
from saywire.engines.remote.answer import NoTimes, Refusal, Stream, Unreadable, complaint, read


def heard(recognition: Recognition) -> tuple[str, str | None]:
    return recognition.text, recognition.language


@pytest.mark.parametrize(
    ("answer", "text", "language"),
    [
        ('{"text":"hi","usage":{"type":"duration","seconds":4}}', "hi", None),
        ('{"text":" Hi. ","languages":[{"code":"en"}],"logprobs":[]}', "Hi.", "en"),
        ('{"text":"hi","languages":[{"code":"en"},{"code":"fr"}]}', "hi", None),
        ('{"task":"transcribe","language":"english","duration":1.9,"text":"hi","words":null}', "hi", "en"),
        ('{"text":"hi","language":"unknown"}', "hi", None),
        ('{"text":""}', "", None),
        ('{"text":" one  two\\n three "}', "one two three", None),
        ('{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}]}', "hi", None),
        ('{"choices":[{"message":{"content":[{"text":"你"},{"text":"好"}]}}]}', "你好", None),
        ('{"choices":[{"message":{"content":null}}]}', "", None),
        (
            '{"choices":[{"message":{"content":"好","annotations":[{"type":"audio_info","language":"zh",'
            '"emotion":"neutral"}]}}],"usage":{"seconds":1}}',
            "好",
            "zh",
        ),
        (
            '{"choices":[{"message":{"content":"language English<asr_text>Hello there."}}]}',
            "Hello there.",
            "en",
        ),
        ('{"choices":[{"message":{"content":"language None<asr_text>"}}]}', "", None),
        ('{"choices":[{"message":{"content":"language Chinese<asr_text>你好"}}]}', "你好", "zh"),
        ('{"text":"language English<asr_text>one language English<asr_text>two"}', "one two", "en"),
        (
            '{"output":{"choices":[{"finish_reason":"stop","message":{"annotations":[{"language":"zh","type":'
            '"audio_info"}],"content":[{"text":"你好"}],"role":"assistant"}}]},"usage":{"seconds":1},'
            '"request_id":"r"}',
            "你好",
            "zh",
        ),
        ('{"output":{"choices":[{"finish_reason":"stop","message":{"content":[]}}]}}', "", None),
        ('{"choices":[{"message":{"content":"<think>hm,\\nwell</think>\\nhi"}}]}', "hi", None),
    ],
)
def test_whole_answers(answer: str, text: str, language: str | None) -> None:
    assert heard(read(answer.encode())) == (text, language)


CHATTED = '{{"choices":[{{"{}":{{"content":"{}"}},"finish_reason":"stop"}}]}}'


@pytest.mark.parametrize(
    ("begin", "answer", "text", "language"),
    [
        ("one two", " three", "one two three", None),
        ("one two", ", three", "one two, three", None),
        ("language English<asr_text>", "one", "one", "en"),
        ("language Chinese<asr_text>你", "好", "你好", "zh"),
        ("language English<asr_text>one", "", "one", "en"),
        ("one", "<think>hm</think> two", "one two", None),
        ("", "language English<asr_text>one", "one", "en"),
    ],
)
def test_answers_that_go_on(begin: str, answer: str, text: str, language: str | None) -> None:
    assert heard(read(CHATTED.format("message", answer).encode(), begin=begin)) == (text, language)
    stream = Stream(begin)
    stream.feed(sse(CHATTED.format("delta", answer)))
    assert stream.complete and heard(stream.recognize()) == (text, language)


VERBOSE = {
    "task": "transcribe",
    "language": "english",
    "duration": 4.0,
    "text": "Hello there. Bye",
    "segments": [
        {"id": 0, "start": 0.0, "end": 3.0, "text": " a", "avg_logprob": -0.2, "no_speech_prob": 0.1},
        {"id": 1, "start": 3.0, "end": 4.0, "text": " b", "avg_logprob": -1.0, "no_speech_prob": 0.5},
    ],
    "words": [
        {"word": "Hello", "start": 0.0, "end": 0.4, "probability": 0.9},
        {"word": "there", "start": 0.5, "end": 0.9},
        {"word": "Bye", "start": 3.0, "end": 3.4},
    ],
}


def test_times_of_words_and_the_models_doubts() -> None:
    found = read(json.dumps(VERBOSE).encode(), timed=True)
    assert [(w.text, w.start, w.end, w.confidence) for w in found.words] == [
        (" Hello", 0.0, 0.4, 0.9),
        (" there.", 0.5, 0.9, None),
        (" Bye", 3.0, 3.4, None),
    ]
    assert found.no_speech == pytest.approx(0.2) and found.log_probability == pytest.approx(-0.4)


def test_words_without_times_carry_none_where_none_were_asked_for() -> None:
    found = read(json.dumps(VERBOSE).encode())
    assert {(word.start, word.end) for word in found.words} == {(0.0, 0.0)}
    assert len(found.words) == 3 and found.no_speech == pytest.approx(0.2)


def test_missing_times_are_told() -> None:
    with pytest.raises(NoTimes):
        read(b'{"text":"hi","words":null}', timed=True)
    assert read(b'{"text":"","words":[]}', timed=True) == Recognition()


@pytest.mark.parametrize(
    "answer",
    [b"", b"hello", b"<html>", b"[]", b'{"a":1}', b'{"choices":[]}', b'{"text":5}', b"\xff", b"[" * 100_000],
)
def test_what_is_no_answer_is_unreadable(answer: bytes) -> None:
    with pytest.raises(Unreadable):
        read(answer)


def test_an_error_is_the_servers_refusal() -> None:
    with pytest.raises(Refusal, match="no") as caught:
        read(b'{"error":{"message":"no","type":"x","param":null,"code":500}}')
    assert caught.value.code == "500"
    with pytest.raises(Refusal, match="no"):
        read(b'{"error":"no"}')
    with pytest.raises(Refusal, match="too long") as caught:
        read(b'{"code":"InvalidParameter","message":"too long","request_id":"r"}')
    assert caught.value.code == "InvalidParameter"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"message":"no","code":404}}', ("no", "404")),
        (b'{"error":"no"}', ("no", "")),
        (b'{"detail":"Not Found"}', ("Not Found", "")),
        (b'{"object":"error","message":"no"}', ("no", "")),
        (b'{"code":"Throttling","message":"no","request_id":"r"}', ("no", "Throttling")),
        (b'{"detail":[{"loc":["body"]}]}', ("", "")),
        (b"<html>", ("", "")),
        (b"", ("", "")),
    ],
)
def test_complaints(body: bytes, said: tuple[str, str]) -> None:
    assert complaint(body) == said


def sse(*data: str) -> bytes:
    return "".join(f"data: {text}\n\n" for text in data).encode()


OPENAI = sse(
    '{"type":"transcript.text.delta","delta":"你"}',
    '{"type":"transcript.text.delta","delta":"好"}',
    '{"type":"transcript.text.done","text":"你好。","languages":[{"code":"zh"}],"usage":{"seconds":1}}',
)
VLLM, VLLM_CHAT = recorded.body("whisper-stream"), recorded.body("qwen-chat-stream")
CHAT = sse(
    '{"object":"chat.completion.chunk","choices":[{"delta":{"role":"assistant","content":""}}]}',
    '{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}',
    '{"choices":[{"delta":{"content":"language "}}]}',
    '{"choices":[{"delta":{"content":"French<asr_text>oui"}}]}',
    '{"choices":[],"usage":{"total_tokens":9}}',
    "[DONE]",
)
DASHSCOPE = sse(
    '{"choices":[{"delta":{"content":"hi","annotations":[{"type":"audio_info","language":"en"}]}}]}',
    '{"choices":[{"delta":{"content":" you"},"finish_reason":"stop"}]}',
    "[DONE]",
)
NATIVE = b"".join(
    b"id:%d\nevent:result\n:HTTP_STATUS/200\ndata:%s\n\n" % (number, data.encode())
    for number, data in enumerate(
        (
            '{"output":{"choices":[{"message":{"annotations":[{"language":"zh","type":"audio_info"}],'
            '"content":[{"text":"你"}],"role":"assistant"},"finish_reason":"null"}]},"request_id":"r"}',
            '{"output":{"choices":[{"message":{"content":[{"text":"好"}]},"finish_reason":"null"}]}}',
            '{"output":{"choices":[{"message":{"content":[]},"finish_reason":"stop"}]},"usage":{"seconds":1}}',
        )
    )
)
STREAMS = {
    "dashscope's own": (NATIVE, "你好", "zh"),
    "openai": (OPENAI, "你好。", "zh"),
    "vllm": (VLLM, "ke ladadada kada le", None),
    "vllm's chat": (VLLM_CHAT, "vo ku fa ro ku fa", "en"),
    "chat": (CHAT, "oui", "fr"),
    "dashscope": (DASHSCOPE, "hi you", "en"),
    "comments, names and CR LF": (
        b": keep-alive\r\n\r\n" + OPENAI.replace(b"data:", b"event: x\ndata:").replace(b"\n", b"\r\n"),
        "你好。",
        "zh",
    ),
    "two lines": (b'data: {"type":"transcript.text.done",\ndata: "text":"hi"}\n\n', "hi", None),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_streams_however_they_are_cut(name: str, size: int) -> None:
    data, text, language = STREAMS[name]
    stream = Stream()
    for start in range(0, len(data), size):
        assert not (start == 0 and stream.complete)
        stream.feed(data[start : start + size])
    assert stream.complete
    assert heard(stream.recognize()) == (text, language)


@pytest.mark.parametrize("data", [OPENAI, VLLM, VLLM_CHAT, CHAT, DASHSCOPE, NATIVE])
def test_a_stream_that_breaks_off_is_not_complete(data: bytes) -> None:
    first = data[: data.index(b"\n\n") + 2]
    stream = Stream()
    stream.feed(first)
    assert not stream.complete


def test_errors_in_streams() -> None:
    with pytest.raises(Refusal, match="boom"):
        Stream().feed(sse('{"error":{"message":"boom"}}'))
    with pytest.raises(Refusal, match="boom"):
        Stream().feed(b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"x","message":"boom"}\n\n')
    with pytest.raises(Unreadable):
        Stream().feed(sse("<html>"))


NAMES = st.sampled_from(
    ["text", "choices", "error", "message", "content", "delta", "words", "segments", "output", "code"]
)
JSON = st.recursive(
    st.none() | st.text() | st.floats(), lambda values: st.lists(values) | st.dictionaries(NAMES, values)
)


@given(st.binary(max_size=200) | JSON.map(json.dumps).map(str.encode))
def test_anything_else_raises_only_what_it_may(data: bytes) -> None:
    with contextlib.suppress(Unreadable, Refusal):
        read(data)
    with contextlib.suppress(Unreadable, Refusal):
        Stream().feed(b"data: " + data + b"\n\n")
