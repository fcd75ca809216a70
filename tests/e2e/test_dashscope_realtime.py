"""The dashscope SDK, unmodified, on the real engine: Qwen-ASR-Realtime."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

from audio.media import encode
from e2e.house import House, at_home, open_house, talk
from saywire.audio.pcm import to_pcm16
from saywire.types import RATE

omni = pytest.importorskip("dashscope.audio.qwen_omni")
TranscriptionParams = omni.omni_realtime.TranscriptionParams

SPOKEN = ["please play five", "computer stop"]
MODEL = "qwen3-asr-flash-realtime"
TEXT = "conversation.item.input_audio_transcription."


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


class Heard(omni.OmniRealtimeCallback):  # type: ignore[misc]
    """Keeps what the SDK calls back with."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.moved = threading.Condition()

    def on_event(self, response: Any) -> None:
        with self.moved:
            self.events.append(response if isinstance(response, dict) else json.loads(response))
            self.moved.notify_all()

    def wait_for(self, kind: str, count: int = 1) -> None:
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.all(kind)) >= count, 30), [
                e["type"] for e in self.events
            ]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def transcripts(self) -> list[str]:
        return [event["transcript"] for event in self.all(TEXT + "completed")]


def converse(house: House, act: Callable[[Any, Heard], None]) -> Heard:
    """Run ``act`` with a conversation of the SDK, in a thread, as its users do."""
    heard = Heard()

    def run() -> None:
        conversation = omni.OmniRealtimeConversation(
            model=MODEL, callback=heard, url=f"ws://{house.at}/api-ws/v1/realtime", api_key="any"
        )
        conversation.connect()
        try:
            act(conversation, heard)
        finally:
            conversation.close()

    house.runner.run(asyncio.wait_for(asyncio.to_thread(run), 60))
    return heard


def append(conversation: Any, data: bytes) -> None:
    for at in range(0, len(data), 3200):
        conversation.append_audio(base64.b64encode(data[at : at + 3200]).decode())


def grows(heard: Heard) -> bool:
    """Whether text and stash of every frame begin with the text of the frame before, in each item."""
    sure: dict[str, str] = {}
    for event in heard.events:
        if event["type"] in (TEXT + "text", TEXT + "completed"):
            whole = event.get("transcript", event.get("text", "") + event.get("stash", ""))
            if not whole.startswith(sure.get(event["item_id"], "")):
                return False
            sure[event["item_id"]] = event.get("text", "")
    return True


def test_the_server_detects_turns(house: House) -> None:
    def act(conversation: Any, heard: Heard) -> None:
        conversation.update_session(
            output_modalities=[omni.MultiModality.TEXT],
            enable_turn_detection=True,
            turn_detection_type="server_vad",
            turn_detection_threshold=0.0,
            turn_detection_silence_duration_ms=400,
            transcription_params=TranscriptionParams(
                language="en", sample_rate=16000, input_audio_format="pcm", corpus_text="computer, play"
            ),
        )
        heard.wait_for("session.updated")
        append(conversation, to_pcm16(talk("please-play-five", "computer-stop")))
        conversation.end_session()

    heard = converse(house, act)
    assert heard.transcripts == SPOKEN
    assert grows(heard) and heard.all(TEXT + "text"), "no text while somebody spoke"
    assert len(heard.all("input_audio_buffer.speech_started")) == 2
    assert heard.events[0]["type"] == "session.created" and heard.events[-1]["type"] == "session.finished"
    assert not heard.all("error")


def test_the_client_commits_and_finishes_at_once(house: House) -> None:
    def act(conversation: Any, heard: Heard) -> None:
        conversation.update_session(output_modalities=[omni.MultiModality.TEXT], enable_turn_detection=False)
        append(conversation, to_pcm16(talk("computer-stop")))
        conversation.commit()
        conversation.end_session()

    heard = converse(house, act)
    assert heard.transcripts == ["computer stop"]
    assert not heard.all("input_audio_buffer.speech_started")


@pytest.mark.parametrize("turns", [True, False])
def test_mandarin(house: House, turns: bool) -> None:
    def act(conversation: Any, heard: Heard) -> None:
        conversation.update_session(
            output_modalities=[omni.MultiModality.TEXT],
            enable_turn_detection=turns,
            transcription_params=TranscriptionParams(
                language="zh", sample_rate=16000, input_audio_format="pcm"
            ),
        )
        for name in ("da-kai-deng", "san-qi-ling"):
            append(conversation, to_pcm16(talk(name)))
            if not turns:
                conversation.commit()
        conversation.end_session()

    heard = converse(house, act)
    assert heard.transcripts == ["打开灯", "三七零"]
    assert grows(heard) and {event["language"] for event in heard.all(TEXT + "completed")} == {"zh"}


def test_nothing_said(house: House) -> None:
    def act(conversation: Any, heard: Heard) -> None:
        conversation.update_session(output_modalities=[omni.MultiModality.TEXT], enable_turn_detection=False)
        conversation.commit()
        conversation.end_session()

    heard = converse(house, act)
    assert [event["type"] for event in heard.events] == [
        "session.created",
        "session.updated",
        "session.finished",
    ]


def test_an_error_reaches_the_client_and_the_session_lives(house: House) -> None:
    def act(conversation: Any, heard: Heard) -> None:
        conversation.update_session(
            output_modalities=[omni.MultiModality.TEXT],
            enable_turn_detection=False,
            transcription_params=TranscriptionParams(language="klingon", input_audio_format="pcm"),
        )
        heard.wait_for("error")
        append(conversation, to_pcm16(talk("computer-stop")))
        conversation.end_session()

    heard = converse(house, act)
    [error] = heard.all("error")
    assert error["error"]["type"] == "invalid_request_error" and "klingon" in error["error"]["message"]
    assert heard.transcripts == ["computer stop"]


@pytest.mark.parametrize("manual", [True, False])
@at_home
async def test_a_raw_client_sends_a_whole_wav(house: House, manual: bool) -> None:
    """As the open servers of this wire show it in their examples: a file in one append, any header."""
    data = encode(talk("computer-stop"), RATE, "wav", "pcm_s16le")
    async with connect(f"ws://{house.at}/api-ws/v1/realtime") as ws:
        await ws.recv()
        turning = None if manual else {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
        session = {"input_audio_format": "pcm", "sample_rate": 16000, "turn_detection": turning}
        await ws.send(json.dumps({"type": "session.update", "session": session}))
        await ws.send(
            json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()})
        )
        if manual:
            await ws.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while True:
            event = json.loads(await ws.recv())
            if event["type"] == TEXT + "completed":
                break
    assert event["transcript"] == "computer stop"


@at_home
async def test_opus_and_the_telephone_s_rate(house: House) -> None:
    spoken = talk("computer-stop")
    for form, rate, data in [
        ("opus", 16000, encode(spoken, RATE, "ogg", "libopus")),
        ("pcm", 8000, to_pcm16(spoken[::2])),
    ]:
        async with connect(f"ws://{house.at}/api-ws/v1/realtime?model={MODEL}") as ws:
            session = {"input_audio_format": form, "sample_rate": rate, "turn_detection": None}
            await ws.send(json.dumps({"type": "session.update", "session": session}))
            for at in range(0, len(data), 1000):
                audio = base64.b64encode(data[at : at + 1000]).decode()
                await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            await ws.send(json.dumps({"type": "session.finish"}))
            events = []
            async for frame in ws:
                events.append(json.loads(frame))
                if events[-1]["type"] == "session.finished":
                    break
        assert [e["transcript"] for e in events if e["type"] == TEXT + "completed"] == ["computer stop"]
