"""Examples that other servers print for their users, against this one: nothing is changed but the address.

They are read from those servers' READMEs, in a folder beside the checkout where there is one; without it they
are skipped. What a snippet leaves out (imports, audio, calls) stands before and after it here.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from audio.media import encode
from cli.program import command, environment
from e2e.house import House, in_thread, open_house, talk
from saywire.audio.pcm import to_pcm16
from saywire.types import RATE

READMES = Path(__file__).parents[3] / "shared" / "seeds"
PRINTED = {
    "realtime_manual.py": ("002.md", "示例: Manual 模式"),
    "realtime_vad.py": ("002.md", "示例: VAD 模式"),
    "ptt_client.py": ("003.md", "Python 客户端示例"),
    "ptt_client.js": ("003.md", "JavaScript 客户端示例"),
    "ptt_pages.sh": ("003.md", "cURL 测试健康检查"),
}
"""The page that has an example, and the heading it stands under."""
ADDRESSES = {"localhost:8001": "dashscope", "localhost:9999": "ptt"}
"""Where the other servers are, and which wire is at a port of its own in their place."""
SPOKEN = "please play five"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house(wires=tuple(ADDRESSES.values())) as house:
        yield house


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "audio.wav").write_bytes(encode(talk("please-play-five"), RATE, "wav", "pcm_s16le"))
    (tmp_path / "audio.pcm").write_bytes(to_pcm16(talk("please-play-five")))
    return tmp_path


def example(name: str, house: House) -> str:
    page, heading = PRINTED[name]
    if not (READMES / page).is_file():
        pytest.skip("the READMEs of other servers are not beside the checkout")
    under = (READMES / page).read_text("utf-8").split(f" {heading}\n", 1)[1]
    text = under.split("```")[1].partition("\n")[2]
    for there, wire in ADDRESSES.items():
        text = text.replace(there, house.doors[wire])
    return text


def run(house: House, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    def act() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments, cwd=home, env=environment(home), capture_output=True, text=True, timeout=50
        )

    return in_thread(house, act)


def run_python(house: House, home: Path, text: str) -> str:
    ended = run(house, home, sys.executable, "-c", text)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_realtime_in_manual_mode(house: House, home: Path) -> None:
    assert run_python(house, home, example("realtime_manual.py", house)) == f"结果: {SPOKEN}\n"


WITH_TURNS = """
import asyncio, base64, json, websockets

async def main():
    async with websockets.connect("ws://{at}/api-ws/v1/realtime") as ws:
        await ws.recv()
{printed}
        with open("audio.pcm", "rb") as file:
            while data := file.read(3200):
                audio = base64.b64encode(data).decode()
                await ws.send(json.dumps({{"type": "input_audio_buffer.append", "audio": audio}}))
        await ws.send(json.dumps({{"type": "session.finish"}}))
        async for frame in ws:
            event = json.loads(frame)
            print(event["type"], event.get("transcript", ""))
            if event["type"] == "session.finished":
                break

asyncio.run(main())
"""


def test_realtime_where_the_server_detects_turns(house: House, home: Path) -> None:
    printed = indent(example("realtime_vad.py", house), " " * 8)
    told = run_python(house, home, WITH_TURNS.format(at=house.doors["dashscope"], printed=printed))
    assert f"conversation.item.input_audio_transcription.completed {SPOKEN}\n" in told
    assert "input_audio_buffer.speech_started" in told and "error" not in told


LEFT_OUT = "import time\naudio_data = open('audio.pcm', 'rb').read()\n"
"""What the push-to-talk client neither imports nor sets."""
AUDIO_STEP = "        # 3. 发送音频数据\n"


def test_push_to_talk_in_python(house: House, home: Path) -> None:
    """It forgets that ``start`` is answered, and so takes the status for its result; on its own server, too.
    With one more frame read there, it prints what was said."""
    printed = LEFT_OUT + example("ptt_client.py", house)
    ended = run(house, home, sys.executable, "-c", printed)
    assert ended.returncode == 1 and ended.stderr.endswith("KeyError: 'text'\n")
    assert ended.stdout.startswith("连接成功: ")

    assert printed.count(AUDIO_STEP) == 1
    mended = printed.replace(AUDIO_STEP, "        await websocket.recv()\n" + AUDIO_STEP)
    assert f"识别结果: {SPOKEN}\n" in run_python(house, home, mended)


PRESSED = """
ws.addEventListener('open', () => {
    startRecording();
    sendAudio(require('fs').readFileSync('audio.pcm').toString('base64'));
    stopRecording();
});
ws.addEventListener('message', (event) => {
    if (JSON.parse(event.data).mode === 'final') ws.close();
});
"""


def find_node() -> list[str]:
    """Node with the browser's WebSocket: its own from 22 on, asked for from 20.10 on; empty without."""
    node = shutil.which("node")
    if node is None:
        return []
    asked = "typeof WebSocket === 'function'"
    for flags in ([], ["--experimental-websocket"]):
        tried = subprocess.run([node, *flags, "-p", asked], capture_output=True, text=True)
        if tried.stdout == "true\n":
            return [node, *flags]
    return []


NODE = find_node()


@pytest.mark.skipif(not NODE, reason="there is no node with a WebSocket")
def test_push_to_talk_in_javascript(house: House, home: Path) -> None:
    (home / "client.js").write_text(example("ptt_client.js", house) + PRESSED, "utf-8")
    ended = run(house, home, *NODE, "client.js")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[:2] == ["WebSocket 连接已建立", "状态: 连接成功，FunASR已就绪"]
    assert lines[-1] == f"识别结果: {SPOKEN}" and "状态: 停止录音" in lines


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_push_to_talk_s_pages_with_curl(house: House, home: Path) -> None:
    ended = run(house, home, "bash", "-ec", example("ptt_pages.sh", house))
    assert ended.returncode == 0, ended.stderr
    health, service, stats = parse_all(ended.stdout)
    assert health["status"] == "healthy" and health["model_loaded"] and health["active_connections"] == 0
    assert service["status"] == "running" and service["endpoint"] == f"ws://{house.doors['ptt']}/ws/asr"
    assert stats["sample_rate"] == 16000 and stats["max_connections"] == health["max_connections"]


def parse_all(text: str) -> list[dict[str, Any]]:
    """JSON objects, one behind the other."""
    found = []
    while text := text.lstrip():
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_events_in_a_file(home: Path) -> None:
    """``python asr_service_streaming.py > asr_output.jsonl``, which heard a microphone."""
    listen = shlex.join(command("listen", "audio.wav", "--events", "--model", "tiny"))
    shell = ["bash", "-ec", f"{listen} > asr_output.jsonl"]
    ended = subprocess.run(
        shell, cwd=home, env=environment(home), capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    lines = [json.loads(line) for line in (home / "asr_output.jsonl").read_text("utf-8").splitlines()]
    assert [line["text"] for line in lines if line["type"] == "voice.asr_text.final"] == [SPOKEN]
    assert any(line["type"] == "voice.asr_text.partial" for line in lines)


def test_the_first_event_alone(home: Path) -> None:
    """``| head -1`` goes away after it."""
    listen = shlex.join(command("listen", "audio.wav", "--events", "--model", "tiny"))
    ended = subprocess.run(
        ["bash", "-c", f"{listen} | head -1"],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=120,
    )
    [line] = ended.stdout.splitlines()
    assert json.loads(line)["type"] == "voice.asr_text.partial"
    assert "Traceback" not in ended.stderr
