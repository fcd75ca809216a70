"""The dashscope SDK's second API, ``dashscope.Client``, unmodified, on the real engine, in two languages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from e2e.house import House, in_thread, open_house, talk
from engines.recordings import DATA
from saywire.audio.pcm import to_pcm16

dashscope = pytest.importorskip("dashscope")
errors = pytest.importorskip("dashscope.v2.errors")
sockets = pytest.importorskip("dashscope.v2.transport.ws_connection")

pytestmark = pytest.mark.filterwarnings("ignore:dashscope 2.0 audio API is a preview:FutureWarning")

SPEECH = {
    "en": {"please-play-five": "please play five", "computer-stop": "computer stop"},
    "zh": {"da-kai-deng": "打开灯", "san-qi-ling": "三七零"},
}
REALTIME, TASKS = "/api-ws/v1/realtime", "/api-ws/v1/inference"
TEXT = "conversation.item.input_audio_transcription."
Event = dict[str, Any]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@pytest.fixture(params=SPEECH)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pieces(*names: str) -> Iterator[bytes]:
    data = to_pcm16(talk(*names))
    return (data[at : at + 3200] for at in range(0, len(data), 3200))


def new_client(house: House) -> Any:
    """The address is for its calls over HTTP; websockets take their own."""
    return dashscope.Client(api_key="any", base_url=f"http://{house.at}/api/v1")


def take_until(session: Any, kind: str) -> list[Event]:
    taken: list[Event] = []
    while not taken or taken[-1]["type"] != kind:
        taken.append(session.recv_event())
    return taken


def converse(house: House, act: Callable[[Any], list[Event] | None]) -> list[Event]:
    """All that a session is told: what ``act`` took of it, and the rest until it ends itself."""

    def run() -> list[Event]:
        client = new_client(house)
        with client.audio.realtime.connect(
            model="qwen3-asr-flash-realtime", ws_url=f"ws://{house.at}{REALTIME}", timeout=30
        ) as session:
            taken = act(session) or []
            session.end_session()
            return [*taken, *session.events()]

    return in_thread(house, run)


def configure(session: Any, language: str, turns: bool) -> None:
    session.update_session(
        ["text"],
        enable_turn_detection=turns,
        turn_detection_threshold=0.0,
        turn_detection_silence_duration_ms=400,
        transcription_params={"language": language, "sample_rate": 16000, "input_audio_format": "pcm"},
    )


def grows(events: list[Event]) -> bool:
    """Whether text and stash of every frame begin with the text of the frame before, in each item."""
    sure: dict[str, str] = {}
    for event in events:
        if event["type"] in (TEXT + "text", TEXT + "completed"):
            whole = event.get("transcript", event.get("text", "") + event.get("stash", ""))
            if not whole.startswith(sure.get(event["item_id"], "")):
                return False
            sure[event["item_id"]] = event.get("text", "")
    return True


def transcripts(events: list[Event]) -> list[str]:
    return [event["transcript"] for event in events if event["type"] == TEXT + "completed"]


def test_the_server_detects_turns(house: House, language: str) -> None:
    def act(session: Any) -> list[Event]:
        configure(session, language, turns=True)
        speech = list(pieces(*SPEECH[language]))
        for piece in speech[:8]:  # all at once, it would be heard at once, and no partial be worth telling
            session.append_audio(piece)
        taken = take_until(session, TEXT + "text")
        for piece in speech[8:]:
            session.append_audio(piece)
        return taken

    events = converse(house, act)
    assert transcripts(events) == list(SPEECH[language].values())
    assert grows(events) and any(event["type"] == TEXT + "text" for event in events)
    told = [event for event in events if event["type"] == TEXT + "completed"]
    assert {event["language"] for event in told} == {language}


def test_the_client_commits_each_sentence(house: House, language: str) -> None:
    def act(session: Any) -> None:
        configure(session, language, turns=False)
        for name in SPEECH[language]:
            for piece in pieces(name):
                session.append_audio(piece)
            session.commit()

    events = converse(house, act)
    assert transcripts(events) == list(SPEECH[language].values())
    assert grows(events)
    assert not any("speech_started" in event["type"] for event in events)


def test_what_was_cleared_is_not_heard(house: House) -> None:
    def act(session: Any) -> None:
        configure(session, "en", turns=False)
        for piece in pieces("three-one-eight"):
            session.append_audio(piece)
        session.clear_appended_audio()
        for piece in pieces("computer-stop"):
            session.append_audio(piece)

    assert transcripts(converse(house, act)) == ["computer stop"]


def test_a_refused_update_is_raised_and_the_session_goes_on(house: House) -> None:
    def act(session: Any) -> None:
        configure(session, "klingon", turns=False)
        with pytest.raises(errors.DashScopeError, match="klingon"):
            while True:
                session.recv_event()
        session.send_event({"type": "no.such.event"})
        with pytest.raises(errors.DashScopeError, match=r"no\.such\.event"):
            while True:
                session.recv_event()
        configure(session, "en", turns=False)
        for piece in pieces("computer-stop"):
            session.append_audio(piece)

    assert transcripts(converse(house, act)) == ["computer stop"]


def recognise(house: House, audio: Iterator[bytes], **settings: Any) -> list[Any]:
    """The results of one task, read while audio is sent."""

    def run() -> list[Any]:
        client = new_client(house)
        usual = {"model": "paraformer-realtime-v2", "timeout": 30}
        if "connection" not in settings:
            usual["ws_url"] = f"ws://{house.at}{TASKS}"
        with client.audio.asr.recognize(**usual | settings) as task:
            sender = threading.Thread(target=send, args=(task, audio))
            sender.start()
            results = list(task.results())
            sender.join()
        return results

    return in_thread(house, run)


def send(task: Any, audio: Iterator[bytes]) -> None:
    for piece in audio:
        task.send_audio_frame(piece)
    task.stop()


def finals(results: list[Any]) -> list[str]:
    return [result.get_sentence()["text"] for result in results if result.is_sentence_end()]


@pytest.mark.parametrize(
    "model", ["paraformer-realtime-v2", "fun-asr-realtime", "qwen-audio-3.0-asr-flash-streaming"]
)
def test_recognition(house: House, language: str, model: str) -> None:
    settings = {"model": model, "parameters": {"language_hints": [language]}}
    results = recognise(house, pieces(*SPEECH[language]), **settings)
    assert finals(results) == list(SPEECH[language].values())
    assert any(not result.is_sentence_end() for result in results), "no text while somebody spoke"


def test_two_tasks_one_after_the_other_on_one_connection(house: House) -> None:
    connection = in_thread(
        house, lambda: sockets.WsConnection(url=f"ws://{house.at}{TASKS}", api_key="any", timeout=30)
    )
    for name, text in SPEECH["en"].items():
        assert finals(recognise(house, pieces(name), connection=connection)) == [text]
    in_thread(house, connection.close)


def test_two_tasks_at_once_on_one_connection(house: House) -> None:
    """Audio goes to the task that began last; the other hears none and ends in peace."""

    def run() -> tuple[list[str], list[str]]:
        connection = sockets.WsConnection(url=f"ws://{house.at}{TASKS}", api_key="any", timeout=30)
        asr = new_client(house).audio.asr
        with (
            asr.recognize(model="fun-asr-realtime", connection=connection) as first,
            asr.recognize(model="fun-asr-realtime", connection=connection) as second,
        ):
            send(second, pieces("computer-stop"))
            heard = finals(list(second.results()))
            first.stop()
            left = finals(list(first.results()))
        connection.close()
        return left, heard

    assert in_thread(house, run) == ([], ["computer stop"])


def test_a_task_that_fails_is_raised(house: House) -> None:
    with pytest.raises(errors.DashScopeError, match="nosuch") as failed:
        recognise(house, pieces("computer-stop"), model="nosuch")
    assert failed.value.code == "ModelNotFound"


def test_a_file_in_one_call(house: House) -> None:
    def run() -> list[Event]:
        asr = new_client(house).audio.asr
        settings = {"format": "wav", "ws_url": f"ws://{house.at}{TASKS}", "timeout": 30}
        return list(asr.recognize_file(str(DATA / "computer-stop.wav"), model="fun-asr-realtime", **settings))

    sentences = [event["payload"]["output"].get("sentence") for event in in_thread(house, run)]
    assert [s["text"] for s in sentences if s and s["end_time"] is not None] == ["computer stop"]
