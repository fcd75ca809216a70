"""A websocket server that plays scripts, one a connection, the last one for ever.

::

    S< {"type":"session.created"}        it sends this text, in which $NAME stands for what was captured
    C> {"type":"session.update",...}     the client must send this JSON; "$NAME" takes any text, and keeps it
    C> START                             the client must send this text
    C> audio                             the client must send audio, in any number of messages
    C> audio SECONDS                     and the server goes on when it has so much of it
    S< close CODE REASON                 it closes
    S< drop                              it ends the connection without a word
    S< hang                              it neither reads nor writes until the test ends

After its script it takes what comes until the client hangs up. What went wrong is raised in the test.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from saywire.engines.remote.realtime.dialects import DIALECTS
from saywire.engines.remote.realtime.turn import Turn

PATIENCE = 60.0
"""Seconds after which a client that says nothing is a failure."""


@dataclass
class Scripted:
    scripts: list[str]
    rate: int = 16_000
    url: str = ""
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    audio: list[bytes] = field(default_factory=list)
    """PCM of each ``C> audio``."""
    sizes: list[list[int]] = field(default_factory=list)
    """Of its messages, in bytes of PCM."""
    problems: list[BaseException] = field(default_factory=list)
    ended: int = 0
    """Connections that are over."""
    said: int = 0
    """Texts that were sent."""
    ending: threading.Event = field(default_factory=threading.Event)

    def handle(self, connection: ServerConnection) -> None:
        assert connection.request
        self.paths.append(connection.request.path)
        self.headers.append({name.lower(): value for name, value in connection.request.headers.raw_items()})
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            Player(self, connection).play(script)
        except ConnectionClosed as e:
            self.problems.append(e)
        except BaseException as e:
            self.problems.append(e)
        finally:
            self.ended += 1


class Player:
    def __init__(self, server: Scripted, connection: ServerConnection) -> None:
        self._server = server
        self._connection = connection
        self._names: dict[str, str] = {}
        self._ahead: str | bytes | None = None

    def play(self, script: str) -> None:
        for line in script.strip().splitlines():
            mark, _, rest = line.strip().partition(" ")
            if mark == "S<" and not self._say(rest):
                return
            if mark == "C>":
                self._expect(rest)
        with suppress(ConnectionClosed):
            while True:
                self._connection.recv()

    def _say(self, what: str) -> bool:
        """Whether the connection goes on."""
        word, _, rest = what.partition(" ")
        match word:
            case "close":
                code, _, reason = rest.partition(" ")
                self._connection.close(int(code), reason)
            case "drop":
                option = struct.pack("ii", 1, 0)
                self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
                self._connection.socket.shutdown(socket.SHUT_RDWR)
                self._connection.socket.close()
            case "hang":
                self._server.ending.wait()
            case _:
                text = re.sub(r"\$(\w+)", lambda found: self._names[found[1]], what)
                self._connection.send(text)
                self._server.said += 1
                return True
        return False

    def _expect(self, what: str) -> None:
        if what.startswith("audio"):
            self._hear(float(what.partition(" ")[2] or 0))
            return
        got = self._take()
        assert isinstance(got, str), f"bytes came instead of {what}"
        if what.startswith("{"):
            self._compare(json.loads(what), json.loads(got))
        else:
            assert got == what

    def _hear(self, seconds: float) -> None:
        pieces: list[bytes] = []
        enough = seconds * self._server.rate * 2
        while (pcm := read_audio(frame := self._take())) is not None:
            pieces.append(pcm)
            if enough and sum(map(len, pieces)) >= enough:
                break
        else:
            self._ahead = frame
        assert pieces, f"no audio came, but {frame!r:.200}"
        self._server.audio.append(b"".join(pieces))
        self._server.sizes.append(list(map(len, pieces)))

    def _take(self) -> str | bytes:
        frame, self._ahead = self._ahead, None
        return self._connection.recv(timeout=PATIENCE) if frame is None else frame

    def _compare(self, wanted: Any, got: Any) -> None:
        if isinstance(wanted, str) and wanted.startswith("$"):
            assert self._names.setdefault(wanted[1:], got) == got
        elif isinstance(wanted, dict) and isinstance(got, dict):
            assert wanted.keys() == got.keys(), f"{got} came instead of {wanted}"
            for name in wanted:
                self._compare(wanted[name], got[name])
        else:
            assert wanted == got


def wait_until(told: Callable[[], bool]) -> None:
    """For something that happens in another thread, sooner or later."""
    end = time.monotonic() + PATIENCE
    while not told():
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.002)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the time for an answer is over as soon as it begins; that for a connection is not."""
    commit = Turn.commit
    monkeypatch.setattr(Turn, "commit", lambda turn, seconds: commit(turn, 0.0))


def read_audio(frame: str | bytes) -> bytes | None:
    """The PCM of a message; None for one that is no audio."""
    if isinstance(frame, bytes):
        return frame
    message = json.loads(frame) if frame.startswith("{") else {}
    return b64decode(message["audio"]) if message.get("type") == "input_audio_buffer.append" else None


@contextmanager
def open_scripted(
    *scripts: str, rate: int = 16_000, context: ssl.SSLContext | None = None
) -> Iterator[Scripted]:
    scripted = Scripted(list(scripts), rate)
    with serve(scripted.handle, "127.0.0.1", 0, ssl=context, close_timeout=0.1, ping_interval=None) as server:
        safe = "s" if context else ""
        scripted.url = f"http{safe}://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield scripted
        finally:
            scripted.ending.set()
            server.shutdown()
            thread.join()
    for problem in scripted.problems:
        raise problem


def name_model(dialect: str) -> str:
    return next(iter(DIALECTS[dialect].models), "large")


def read_talk(dialect: str) -> tuple[str, str]:
    """How a server of a dialect greets, and a turn of more than half a second that says "Hello there."."""
    text = (Path(__file__).parent / "talks" / f"{dialect}.txt").read_text("utf-8")
    greeting, _, turn = text.partition("\n\n")
    return greeting + "\n", turn
