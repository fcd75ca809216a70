"""Record what a real vLLM answers: `make record-peers`, which is python -m peers.record ENVIRONMENT.

saywire's own client asks, through a relay that keeps the bytes; the fast tests replay them. Their words are
in tests/engines/remote/test_recorded.py, and change with the models.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pybase64
from websockets.sync.client import connect

from engines.recordings import read
from engines.remote.peer import Asked
from engines.remote.recorded import ASKED, CASES, DATA, tell
from peers.relay import Exchange, Relay
from peers.vllm import TEMPLATE, Vllm
from saywire.audio.pcm import to_pcm16
from saywire.errors import EngineFailed

FOLLOWS = "--chat-template", str(TEMPLATE)


def main(environment: Path) -> None:
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        whisper, qwen = (Vllm(environment, Path(folder), name) for name in ("whisper", "qwen"))
        with started(whisper):
            asked = record(whisper, *(name for name in CASES if name.startswith("whisper")))
        with started(qwen):
            asked |= record(qwen, "qwen-follow-own-template")
        killed = "qwen-stream-server-killed", "qwen-stream-engine-killed"
        with started(qwen, *FOLLOWS):
            rest = [name for name in CASES if name not in asked and name not in killed]
            asked |= record(qwen, *rest)
            record_realtime(qwen)
            asked |= record(qwen, killed[0], kill=qwen.kill)
        with started(qwen, *FOLLOWS):
            asked |= record(qwen, killed[1], kill=qwen.kill_engine)
    ASKED.write_text(json.dumps(asked, indent=1, ensure_ascii=False) + "\n", "utf-8")


@contextlib.contextmanager
def started(server: Vllm, *arguments: str):  # type: ignore[no-untyped-def]
    server.start(*arguments)
    try:
        yield
    finally:
        server.stop()


def record(server: Vllm, *names: str, kill: Callable[[], None] | None = None) -> dict[str, object]:
    """Keep the answers, and return what was asked. ``kill``: once an answer has begun."""
    asked = {}
    for name in names:
        with Relay(server.port).open() as relay:
            if kill:
                relay.watch = begin_and(kill)
            try:
                said = CASES[name].ask(f"{relay.address}/v1").text
            except EngineFailed as e:
                said = e.message
            (exchange,) = relay.exchanges
            exchange.over.wait()
        (DATA / f"{name}.http").write_bytes(exchange.answered)
        asked[name] = tell(parse(bytes(exchange.asked)))
        print(f"{name}: {said}", flush=True)
    return asked


def begin_and(kill: Callable[[], None]) -> Callable[[Exchange], None]:
    def watch(exchange: Exchange) -> None:
        if b'"delta"' in exchange.answered and not killed:
            killed.append(True)
            kill()

    killed: list[bool] = []
    return watch


def parse(data: bytes) -> Asked:
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    pairs = (text.partition(":") for text in lines)
    return Asked(line, {name.lower(): value.strip() for name, _, value in pairs}, body)


def record_realtime(server: Vllm) -> None:
    """Two turns on one connection, then a model that is not there; as a script of ``realtime.script``."""
    address = server.address.replace("http", "ws") + "/v1/realtime"
    lines = ["# vLLM 0.32.0, byte for byte but for what the client says; the words are a random model's."]

    def hear(socket) -> str:  # type: ignore[no-untyped-def]
        text: str = socket.recv()
        lines.append(f"S< {text}")
        return text

    def say(socket, message: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
        socket.send(json.dumps(message))
        audio = message["type"] == "input_audio_buffer.append"
        lines.append("C> audio" if audio else f"C> {json.dumps(message)}")

    with connect(address) as socket:
        hear(socket)
        say(socket, {"type": "session.update", "model": "qwen"})
        for name in ("san-qi-ling", "four-down"):
            say(socket, {"type": "input_audio_buffer.commit"})
            pcm = pybase64.b64encode(to_pcm16(read(name))).decode()
            say(socket, {"type": "input_audio_buffer.append", "audio": pcm})
            say(socket, {"type": "input_audio_buffer.commit", "final": True})
            while '"transcription.done"' not in hear(socket):
                continue
    (DATA / "realtime.txt").write_text("\n".join(lines) + "\n", "utf-8")
    with connect(address) as socket:
        lines = lines[:1]
        hear(socket)
        say(socket, {"type": "session.update", "model": "large"})
        hear(socket)
    (DATA / "realtime-model-unknown.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
