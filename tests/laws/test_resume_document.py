"""The example in docs/resume.md is what the server says, word for word."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from laws.line import House, Line
from protocols.adapters import surroundings
from saywire.audio.pcm import to_pcm16
from saywire.engines.fake import Conduct, FakeEngine

DOCUMENT = Path(__file__).parents[2] / "docs" / "resume.md"
OPENING = "GET /v1/realtime?intent=transcription"


def exchange() -> list[str]:
    (found,) = re.findall(r"^```text\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line for line in found.splitlines() if line and not line.startswith("#")]


def sound(found: re.Match[str]) -> str:
    count = int(found[2])
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, count).astype(np.float32)
    return b64encode(to_pcm16(loud if found[1] == "speech" else np.zeros_like(loud))).decode()


def frame(body: str) -> str:
    return re.sub(r"@(speech|silence) (\d+)", sound, body)


class Stage:
    """The servers of the example: each connection is to another one."""

    def __init__(self) -> None:
        self._world = surroundings()
        self._line: Line | None = None

    def open(self) -> None:
        self._line = Line(House(FakeEngine(Conduct(adapts=True)), model="tiny"), self._world)

    def say(self, body: str) -> None:
        assert self._line
        self._line.say(frame(body))

    def heard(self) -> Iterator[str]:
        assert self._line
        yield from self._line.frames
        self._line.frames.clear()
        if self._line.closed:
            yield f"close {self._line.closed.code}"


def pattern(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("...")))


def test_the_example_is_what_the_server_says() -> None:
    stage, heard = Stage(), []
    for mark, body in (line.split(" ", 1) for line in exchange()):
        match mark:
            case "C>":
                assert not heard, f"the example leaves out {heard}"
                stage.open() if body == OPENING else stage.say(body)
                heard = [*stage.heard()]
            case "S<":
                assert heard, f"nobody says {body}"
                assert re.fullmatch(pattern(body), heard[0]), f"{heard[0]} is not {body}"
                del heard[0]
            case _:
                raise AssertionError(f"who says {mark} {body}?")
    assert not heard
    assert sum(line == f"C> {OPENING}" for line in exchange()) == 2
