"""Captures that outlive their device: programs of the test's own, and a real server where there is one."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio.media import tone, wav
from client.capture.programs import program
from client.capture.sound_server import hear_played, needed, sound_server
from saywire.client.capture.base import Kind
from saywire.client.capture.choose import capture
from saywire.client.capture.pactl import Source
from saywire.client.capture.parec import Recording
from saywire.errors import BadAudio, EngineFailed

USB = Source("usb", "USB Audio", 16_000, "")
HEADSET = Source("headset", "Headset", 48_000, "")
OTHER = Source("other", "Other", 16_000, "")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A parec that hears a quarter of a second on ``usb``, which is unplugged then, and as much on others."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "sound").write_bytes(np.full(4000, 0.5, "<f4").tobytes())
    program(
        tmp_path,
        "parec",
        "assert '--rate=16000' in sys.argv\n"
        f"sys.stdout.buffer.write(open({str(tmp_path / 'sound')!r}, 'rb').read())\n"
        "sys.stdout.flush()\n"
        "if '--device=usb' in sys.argv: sys.exit('Stream error: Entity killed')\n"
        "while True: time.sleep(1000)",
    )
    program(tmp_path, "pactl", "while True: time.sleep(1000)")
    return tmp_path


def heard(usual: Callable[[], Source | None] | None, said: list[str]) -> int:
    """Samples of sound."""
    blocks = Recording(USB, 0.05, said.append, usual, lambda: ["usb", "headset"]).blocks
    voiced = 0
    for block in blocks:
        voiced += np.count_nonzero(block)
        if voiced == 8000:
            blocks.stop()
    return voiced


def test_the_usual_device_that_is_unplugged_is_followed_by_the_next(programs: Path) -> None:
    said: list[str] = []
    assert heard(lambda: HEADSET, said) == 8000
    assert said == ["listening to Headset now"]


def gone() -> Source | None:
    raise EngineFailed("the server has ended")


@pytest.mark.parametrize("usual", [None, lambda: None, lambda: USB, gone])
def test_where_there_is_no_other_it_ends(programs: Path, usual: Callable[[], Source | None] | None) -> None:
    with pytest.raises(BadAudio, match=r"USB Audio cannot be heard any more, parec ended: .*Entity killed"):
        heard(usual, [])
    for thread in threading.enumerate():  # each waits for its pactl
        if thread.name == "pactl":
            thread.join(30)
            assert not thread.is_alive()


def test_a_change_of_the_server_makes_it_look(programs: Path) -> None:
    """Two of them: of the first nothing follows."""
    event = "print(\"Event 'change' on server #4294967295\", flush=True)"
    program(programs, "pactl", f"{event}\n{event}\nwhile True: time.sleep(1000)")
    before = Source("before", "Before", 16_000, "")
    answers = [before, OTHER]
    said: list[str] = []

    def usual() -> Source:
        return answers.pop(0) if answers[1:] else answers[0]

    recording = Recording(before, 0.05, said.append, usual, lambda: ["before", "other"])
    voiced = 0
    for block in recording.blocks:
        voiced += np.count_nonzero(block)
        if said and voiced >= 4000:
            recording.blocks.stop()
    assert said == ["listening to Other now"] and recording.blocks.name == "Other"


def test_without_parec_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadAudio, match="cannot start parec"):
        Recording(USB, 0.05, print, None, list)


@needed
@pytest.mark.parametrize("wanted", ["", "spk"])
def test_headphones_that_are_chosen_in_the_midst(tmp_path: Path, wanted: str) -> None:
    """What plays goes there, and so does the capture, unless it was told which loudspeaker to hear."""
    clip = tmp_path / "tone.wav"
    clip.write_bytes(wav((tone(1.0) * 32767).astype("<i2")))
    said: list[str] = []
    (tmp_path / "run").mkdir()
    with sound_server(tmp_path / "run") as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        blocks = capture(Kind.SYSTEM, wanted, 0.1, said.append)
        next(blocks)
        subprocess.run(["pactl", "set-default-sink", "mic_in"], env=os.environ, check=True)
        while not (said or wanted):
            next(blocks)
        played = hear_played(blocks, clip, "spk" if wanted else "mic_in", environment)
        blocks.close()
    assert abs(played - 16_000) < 800
    assert said == ([] if wanted else ["listening to Null Output now"])


@needed
def test_a_device_that_was_named_and_is_unplugged_is_not_changed_for_the_usual_one(tmp_path: Path) -> None:
    """As PulseAudio would do."""
    (tmp_path / "run").mkdir()
    with sound_server(tmp_path / "run") as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        load = ["pactl", "load-module", "module-null-sink", "sink_name=usb"]
        module = subprocess.run(load, check=True, capture_output=True, text=True).stdout.strip()
        blocks = capture(Kind.SYSTEM, "usb", 0.1)
        next(blocks)
        subprocess.run(["pactl", "unload-module", module], check=True)
        with pytest.raises(BadAudio, match="cannot be heard any more, parec ended: it is gone"):
            for _ in range(600):
                next(blocks)
        blocks.close()
