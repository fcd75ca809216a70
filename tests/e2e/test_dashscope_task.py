"""The dashscope SDK, unmodified, on the real engine: Recognition, and the recognition half of gummy."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from websockets.asyncio.client import connect

from audio.media import encode
from e2e.house import House, in_thread, open_house, talk
from saywire.audio.pcm import to_pcm16
from saywire.types import RATE

dashscope = pytest.importorskip("dashscope")
asr = pytest.importorskip("dashscope.audio.asr")
errors = pytest.importorskip("dashscope.common.error")

SPOKEN = ["please play five", "computer stop"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(vocabularies=str(tmp_path_factory.mktemp("stored") / "v.sqlite3")) as house:
        yield house


@pytest.fixture(autouse=True)
def at_home(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_websocket_api_url", f"ws://{house.at}/api-ws/v1/inference")
    monkeypatch.setattr(dashscope, "api_key", "any")


class Heard(asr.RecognitionCallback):  # type: ignore[misc]
    def __init__(self) -> None:
        self.sentences: list[dict[str, Any]] = []
        self.errors: list[Any] = []
        self.told = threading.Event()
        self.ended = threading.Event()
        self.completed = False

    def on_event(self, result: Any) -> None:
        self.sentences.append(dict(result.get_sentence()))
        self.told.set()

    def on_complete(self) -> None:
        self.completed = True
        self.ended.set()

    def on_error(self, result: Any) -> None:
        self.errors.append(result)
        self.ended.set()


def start(recognizer: Any) -> None:
    """The SDK takes a thread of its own that is over before it looks for one that failed."""
    for _ in range(20):
        with suppress(errors.InvalidTask):
            return recognizer.start()
    pytest.fail("the SDK does not get its thread to run")


def recognize(house: House, data: bytes, live: bool = False, **settings: Any) -> Heard:
    """``live``: as slow as speech until there is text; all at once, there would be finals only."""
    heard = Heard()

    def act() -> None:
        usual = {"model": "paraformer-realtime-v2", "format": "pcm", "sample_rate": 16000}
        recognition = asr.Recognition(callback=heard, **usual | settings)
        start(recognition)
        with suppress(errors.InvalidParameter):  # what was refused takes no more; then it has told
            for at in range(0, len(data), 3200):
                recognition.send_audio_frame(data[at : at + 3200])
                if live:
                    heard.told.wait(0.1)
            recognition.stop()
        assert heard.ended.wait(30)

    in_thread(house, act)
    return heard


def finals(sentences: list[dict[str, Any]]) -> list[str]:
    return [s["text"] for s in sentences if s["end_time"] is not None]


def test_recognition_with_callbacks(house: House) -> None:
    data = to_pcm16(talk("please-play-five", "computer-stop"))
    heard = recognize(house, data, live=True, language_hints=["en"])
    assert heard.completed and not heard.errors
    assert finals(heard.sentences) == SPOKEN
    assert any(s["end_time"] is None for s in heard.sentences), "no text while somebody spoke"
    words = [s["words"] for s in heard.sentences if s["end_time"] is not None]
    assert [[w["text"] for w in line] for line in words] == [text.split() for text in SPOKEN]
    times = [w["begin_time"] for line in words for w in line]
    assert times == sorted(times) and times[-1] > 2000


def test_mandarin(house: House) -> None:
    heard = recognize(house, to_pcm16(talk("da-kai-deng", "san-qi-ling")), language_hints=["zh"])
    assert finals(heard.sentences) == ["打开灯", "三七零"]
    words = [word["text"] for s in heard.sentences if s["end_time"] is not None for word in s["words"]]
    assert "".join(words) == "打开灯三七零"


@pytest.mark.parametrize(
    ("form", "container", "codec"),
    [
        ("wav", "wav", "pcm_s16le"),
        ("mp3", "mp3", "libmp3lame"),
        ("opus", "ogg", "libopus"),
        ("aac", "adts", "aac"),
    ],
)
def test_formats(house: House, form: str, container: str, codec: str) -> None:
    heard = recognize(house, encode(talk("computer-stop"), RATE, container, codec), format=form)
    assert finals(heard.sentences) == ["computer stop"]


def test_a_whole_file_at_once(house: House, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(encode(talk("please-play-five", "computer-stop"), RATE, "wav", "pcm_s16le"))

    def act() -> list[dict[str, Any]]:
        settings = {"model": "fun-asr-realtime", "format": "wav", "sample_rate": 16000}
        found: list[dict[str, Any]] = (
            asr.Recognition(callback=None, **settings).call(str(path)).get_sentence()
        )
        return found

    assert [sentence["text"] for sentence in in_thread(house, act)] == SPOKEN


def test_a_task_that_fails(house: House) -> None:
    heard = Heard()

    def act() -> None:
        recognition = asr.Recognition(model="nosuch", callback=heard, format="pcm", sample_rate=16000)
        start(recognition)
        assert heard.ended.wait(30)

    in_thread(house, act)
    [error] = heard.errors
    assert error.code == "ModelNotFound" and "nosuch" in error.message


class Translated(asr.TranslationRecognizerCallback):  # type: ignore[misc]
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.completed = threading.Event()

    def on_event(self, request_id: str, transcription: Any, translation: Any, usage: Any) -> None:
        if transcription is not None and transcription.is_sentence_end:
            self.texts.append(transcription.text)

    def on_complete(self) -> None:
        self.completed.set()


@pytest.mark.parametrize(
    ("language", "name", "text"), [("en", "computer-stop", "computer stop"), ("zh", "da-kai-deng", "打开灯")]
)
def test_gummy_recognises(house: House, language: str, name: str, text: str) -> None:
    heard = Translated()

    def act() -> None:
        recognizer = asr.TranslationRecognizerRealtime(
            model="gummy-realtime-v1",
            format="pcm",
            sample_rate=16000,
            source_language=language,
            transcription_enabled=True,
            callback=heard,
        )
        start(recognizer)
        data = to_pcm16(talk(name))
        for at in range(0, len(data), 3200):
            recognizer.send_audio_frame(data[at : at + 3200])
        recognizer.stop()
        assert heard.completed.wait(30)

    in_thread(house, act)
    assert heard.texts == [text]


def test_a_stored_vocabulary_is_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_http_api_url", f"http://{house.at}/api/v1")

    def act() -> tuple[str, list[dict[str, Any]]]:
        service = asr.VocabularyService()
        words = [{"text": "computer", "weight": 4, "lang": "en"}]
        name: str = service.create_vocabulary("paraformer-realtime-v2", "team", words)
        found: list[dict[str, Any]] = service.query_vocabulary(name)["vocabulary"]
        return name, found

    name, found = in_thread(house, act)
    assert found == [{"text": "computer", "weight": 4, "lang": "en"}]
    heard = recognize(house, to_pcm16(talk("computer-stop")), vocabulary_id=name)
    assert finals(heard.sentences) == ["computer stop"]
    refused = recognize(house, to_pcm16(talk("computer-stop")), vocabulary_id="vocab-nosuch")
    assert refused.errors and "vocab-nosuch" in refused.errors[0].message
    in_thread(house, lambda: asr.VocabularyService().delete_vocabulary(name))


def test_a_recording_over_http(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_http_api_url", f"http://{house.at}/api/v1")
    data = base64.b64encode(encode(talk("computer-stop"), RATE, "wav", "pcm_s16le")).decode()
    audio = f"data:audio/wav;base64,{data}"

    def native(stream: bool) -> str:
        messages = [{"role": "user", "content": [{"audio": audio}]}]
        settings: Any = {"model": "qwen3-asr-flash", "messages": messages, "result_format": "message"}
        settings["asr_options"] = {"language": "en"}
        answers = dashscope.MultiModalConversation.call(**settings, stream=stream)
        last = list(answers)[-1] if stream else answers
        assert last.status_code == 200, last
        return "".join(part["text"] for part in last.output.choices[0].message.content)

    def chat() -> str:
        with OpenAI(api_key="any", base_url=f"http://{house.at}/compatible-mode/v1") as client:
            part: Any = {"type": "input_audio", "input_audio": {"data": audio}}
            answer = client.chat.completions.create(
                model="qwen3-asr-flash",
                messages=[{"role": "user", "content": [part]}],
                extra_body={"asr_options": {"language": "en", "enable_itn": False}},
            )
            return answer.choices[0].message.content or ""

    assert in_thread(house, lambda: [native(False), native(True), chat()]) == ["computer stop"] * 3


async def run_raw(house: House, path: str, name: str, audio: bytes) -> list[dict[str, Any]]:
    """What a client that waits for nothing is told: run-task, audio and finish-task at once."""
    header = {"task_id": name, "streaming": "duplex"}
    task = {"task_group": "audio", "task": "asr", "function": "recognition", "model": "fun-asr-realtime"}
    settings = {"parameters": {"format": "pcm", "sample_rate": 16000}, "input": {}}
    async with connect(f"ws://{house.at}{path}") as ws:
        await ws.send(json.dumps({"header": header | {"action": "run-task"}, "payload": task | settings}))
        await ws.send(audio)
        await ws.send(json.dumps({"header": header | {"action": "finish-task"}, "payload": {"input": {}}}))
        told = []
        while not told or told[-1]["header"]["event"] != "task-finished":
            told.append(json.loads(await ws.recv()))
    return told


@pytest.mark.parametrize("path", ["/api-ws/v1/inference", "/api-ws/v1/inference/"])
def test_the_wire_s_promises_to_a_client_that_waits_for_nothing(house: House, path: str) -> None:
    audio = to_pcm16(talk("please-play-five", "computer-stop"))
    told = house.runner.run(asyncio.wait_for(run_raw(house, path, "a-b-c", audio), 60))
    events = [message["header"]["event"] for message in told]
    assert {message["header"]["task_id"] for message in told} == {"a-b-c"}
    assert events[0] == "task-started" and set(events[1:-1]) == {"result-generated"}
    results = [message["payload"] for message in told[1:-1]]
    for result in results:
        ended = result["output"]["sentence"]["sentence_end"]
        assert (result["output"]["sentence"]["end_time"] is not None) == ended
        assert (result["usage"] is not None) == ended
    assert finals([result["output"]["sentence"] for result in results]) == SPOKEN
    assert told[-1]["payload"], "the SDK would not call on_complete"
