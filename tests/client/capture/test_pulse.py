"""Programs of the test's own in the place of pactl and parec, and a real server where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio.media import tone, wav
from client.capture.programs import make_pactl, program
from client.capture.sound_server import hear_played, needed, sound_server
from saywire.client.capture.base import Device, Kind
from saywire.client.capture.pulse import Pulse
from saywire.errors import BadAudio

SPEAKER = Device(Kind.SYSTEM, "spk", "扬声器: left", True)
MIC = Device(Kind.MICROPHONE, "alsa_input.usb", "USB Audio", True)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on the path, with a pactl that knows the devices above."""
    monkeypatch.setenv("PATH", str(tmp_path))
    make_pactl(tmp_path)
    program(tmp_path, "parec", "")
    return tmp_path


def test_devices_are_listed_with_the_usual_ones_marked(programs: Path) -> None:
    assert Pulse().devices() == [SPEAKER, MIC]


def test_a_monitor_is_captured_at_its_own_rate(programs: Path) -> None:
    (programs / "sound").write_bytes(tone(1.0, 44_100).astype("<f4").tobytes() + b"abc")
    program(
        programs,
        "parec",
        "assert '--device=spk.monitor' in sys.argv and '--rate=44100' in sys.argv, sys.argv\n"
        f"sys.stdout.buffer.write(open({str(programs / 'sound')!r}, 'rb').read())\n"
        "sys.stdout.close()\n"
        "time.sleep(1000)",
    )
    blocks = Pulse().open(SPEAKER, 0.1, print)
    heard = 0
    for block in blocks:
        heard += len(block)
        if heard > 15_000:
            blocks.stop()
    assert heard == 16_000


def test_a_parec_that_ends_by_itself_says_why(programs: Path) -> None:
    program(programs, "parec", "sys.exit('Stream error: No such entity')")
    with pytest.raises(BadAudio, match="No such entity"):
        list(Pulse().open(MIC, 0.1, print))


def test_a_device_that_is_gone(programs: Path) -> None:
    for device in (Device(Kind.MICROPHONE, "spk", "USB"), Device(Kind.SYSTEM, "hdmi", "TV")):
        with pytest.raises(BadAudio, match=f"{device.name} is gone"):
            Pulse().open(device, 0.1, print)


@needed
def test_a_real_server(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is played comes out again, all of it."""
    clip = tmp_path / "tone.wav"
    clip.write_bytes(wav((tone(2.0) * 32767).astype("<i2")))
    with sound_server(tmp_path_factory.mktemp("sound")) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        known = {device.id: device for device in Pulse().devices()}
        assert known["spk"] == Device(Kind.SYSTEM, "spk", "扬声器", True)
        assert known["labmic"] == Device(Kind.MICROPHONE, "labmic", "LabMic", True)
        for device, played in [("spk", "spk"), ("labmic", "mic_in")]:
            blocks = Pulse().open(known[device], 0.1, print)
            next(blocks)
            assert abs(hear_played(blocks, clip, played, environment) - 2 * 16_000) < 800
            blocks.close()
