"""What FunASR's own clients do, frame by frame, on the real engine. The official client is not on a registry:
its frames are reproduced as they were captured."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from audio.media import encode
from e2e.house import House, at_home, open_house, talk
from saywire.audio.pcm import to_pcm16
from saywire.types import RATE

SPOKEN = "please play five", "computer stop"
TALK = talk("please-play-five", "computer-stop")
STRIDE = 1920


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


def settings(mode: str, **other: object) -> str:
    usual = {
        "mode": mode,
        "chunk_size": [5, 10, 5],
        "chunk_interval": 10,
        "encoder_chunk_look_back": 4,
        "decoder_chunk_look_back": 0,
        "audio_fs": 16000,
        "wav_name": "demo",
        "wav_format": "pcm",
        "is_speaking": True,
        "hotwords": "",
        "itn": True,
    }
    return json.dumps(usual | other)


async def send_in_strides(socket: ClientConnection, data: bytes) -> None:
    for at in range(0, len(data), STRIDE):
        await socket.send(data[at : at + STRIDE])


async def converse(house: House, mode: str, data: bytes, **other: object) -> list[dict[str, object]]:
    """As the official client: settings, audio, the end, and wait for the confirmation."""
    answers = []
    url = f"ws://{house.at}/"
    async with connect(url, subprotocols=["binary"], ping_interval=None) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "binary"
        await socket.send(settings(mode, **other))
        await send_in_strides(socket, data)
        await socket.send(json.dumps({"is_speaking": False, "is_end": True}))
        async for answer in socket:
            answers.append(json.loads(answer))
            if answers[-1].get("is_end"):
                break
    return answers


@at_home
async def test_two_passes(house: House) -> None:
    answers = await converse(house, "2pass", to_pcm16(TALK))
    finals = [a["text"] for a in answers if a["mode"] == "2pass-offline" and a["text"]]
    assert " ".join(str(text).strip() for text in finals) == " ".join(SPOKEN)
    assert any(a["mode"] == "2pass-online" and a["text"] for a in answers), "no text while somebody spoke"
    stamps = [json.loads(str(a["timestamp"])) for a in answers if "timestamp" in a]
    assert [len(stamp) for stamp in stamps] == [3, 2]
    assert sum(bool(a["is_final"]) for a in answers) == 2, "one for the end, one that confirms it"


@at_home
async def test_online(house: House) -> None:
    answers = await converse(house, "online", to_pcm16(TALK))
    assert {a["mode"] for a in answers} == {"online"}
    assert "".join(str(a["text"]) for a in answers) == " ".join(SPOKEN)


@at_home
async def test_offline_at_the_telephone_s_rate(house: House) -> None:
    answers = await converse(house, "offline", to_pcm16(talk("computer-stop")[::2]), audio_fs=8000)
    assert "".join(str(a["text"]) for a in answers) == "computer stop"


@pytest.mark.parametrize(
    ("form", "container", "codec"), [("wav", "wav", "pcm_s16le"), ("mp3", "mp3", "libmp3lame")]
)
@at_home
async def test_a_file_as_the_page_sends_it(house: House, form: str, container: str, codec: str) -> None:
    data = encode(talk("computer-stop"), RATE, container, codec)
    async with connect(f"ws://{house.at}/") as socket:
        await socket.send(settings("offline", wav_name="h5", wav_format=form))
        for at in range(0, len(data), 960):
            await socket.send(data[at : at + 960])
        await socket.send(settings("offline", wav_name="h5", wav_format=form, is_speaking=False))
        text = ""
        async for answer in socket:
            told = json.loads(answer)
            text += told["text"]
            if told["is_final"]:
                break
    assert text == "computer stop"


@at_home
async def test_commands_of_the_newer_protocol(house: House) -> None:
    async with connect(f"ws://{house.at}/") as socket:
        await socket.send("START")
        assert json.loads(await socket.recv()) == {"event": "started"}
        await send_in_strides(socket, to_pcm16(TALK))
        await socket.send("STOP")
        told = [json.loads(await socket.recv())]
        while told[-1].get("event") != "stopped":
            told.append(json.loads(await socket.recv()))
    last = told[-2]
    assert last["is_final"] and [sentence["text"] for sentence in last["sentences"]] == list(SPOKEN)
    locked = [[s["text"] for s in snapshot["sentences"]] for snapshot in told[:-1]]
    assert all(now == later[: len(now)] for now, later in itertools.pairwise(locked))


@at_home
async def test_mandarin(house: House) -> None:
    answers = await converse(house, "2pass", to_pcm16(talk("san-qi-ling")), svs_lang="zh")
    assert "".join(str(a["text"]) for a in answers if a["mode"] == "2pass-offline") == "三七零"
    assert np.all(np.diff(json.loads(str(next(a["timestamp"] for a in answers if "timestamp" in a)))) > 0)
