from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio.media import tone, wav
from client.capture.programs import at, make_pactl, make_parec
from saywire.cli.voices import Wishes, assign, name_voices, open_voices
from saywire.client.capture.base import Kind
from saywire.errors import BadAudio, BadRequest

MICROPHONE, SYSTEM = Kind


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a microphone that hears 1 s of a tone, and a loudspeaker that plays 2 s of one."""
    make_pactl(tmp_path)
    make_parec(tmp_path, mic=at(48_000, tone(1.0)), system=at(44_100, tone(2.0)))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def heard(sources: list[str], *devices: str) -> dict[str, float]:
    """Seconds of sound from each, by its label; and what was noted."""
    notes: list[str] = []
    voices = open_voices(Wishes(sources, devices), notes.append)
    seconds: dict[str, float] = {}
    for voice in voices:
        kept = [next(voice.blocks)]
        expected = 16_000 if "USB Audio" in notes[-1] else 32_000
        while sum(map(np.count_nonzero, kept)) < expected - 1000:
            kept.append(next(voice.blocks))
        voice.stop()
        kept += voice.blocks
        seconds[voice.label] = round(sum(map(np.count_nonzero, kept)) / 16_000, 1)
    assert all(note.startswith("listening to ") for note in notes)
    return seconds


def test_one_voice_has_no_label(desk: Path) -> None:
    assert heard(["mic"]) == {"": 1.0}


def test_two_voices_are_me_and_them(desk: Path) -> None:
    assert heard(["mic", "system"], "mic=USB") == {"me": 1.0, "them": 2.0}


def test_a_file_is_a_voice_too(tmp_path: Path) -> None:
    (tmp_path / "tone.wav").write_bytes(wav((tone(1.0) * 32767).astype("<i2")))
    [voice] = open_voices(Wishes([str(tmp_path / "tone.wav")]), print)
    assert len(np.concatenate(list(voice.blocks))) == 16_000


def test_a_device_that_is_not_there_leaves_none_open(desk: Path) -> None:
    with pytest.raises(BadAudio, match="no loudspeaker is called 'TV'"):
        open_voices(Wishes(["mic", "system"], ["system=TV"]), print)


@pytest.mark.parametrize(
    "sources", [["mic", "mic"], ["mic", "talk.wav"], ["a.wav", "b.wav"], ["mic", "system", "mic"]]
)
def test_only_a_microphone_and_a_loudspeaker_go_together(sources: list[str]) -> None:
    with pytest.raises(BadRequest, match="only to mic and system"):
        open_voices(Wishes(sources), print)


def test_labels() -> None:
    assert name_voices(["talk.wav"], "") == [""]
    assert name_voices(["system", "mic"], "") == ["them", "me"]
    assert name_voices(["mic", "system"], "我， 对方") == ["我", "对方"]
    assert name_voices(["mic"], "小王") == ["小王"]


@pytest.mark.parametrize("labels", ["me", "me,them,us", "me,me", "me,"])
def test_labels_that_are_too_many_too_few_or_the_same(labels: str) -> None:
    with pytest.raises(BadRequest, match="no label for each of: mic system"):
        name_voices(["mic", "system"], labels)


@pytest.mark.parametrize(
    ("devices", "kinds", "found"),
    [
        (["USB"], [MICROPHONE], {MICROPHONE: "USB"}),
        (["system=HDMI"], [SYSTEM], {SYSTEM: "HDMI"}),
        (["a=b"], [SYSTEM], {SYSTEM: "a=b"}),
        (["system=a", "mic=b"], [MICROPHONE, SYSTEM], {MICROPHONE: "b", SYSTEM: "a"}),
        ([], [], {}),
    ],
)
def test_which_device_is_meant_for_which(devices, kinds, found):
    assert assign(devices, kinds) == found


@pytest.mark.parametrize(
    ("devices", "kinds", "message"),
    [
        (["USB"], [MICROPHONE, SYSTEM], r"write mic=\.\.\. or system="),
        (["mic=a", "mic=b"], [MICROPHONE, SYSTEM], "two devices are given for mic: a and b"),
        (["USB"], [], "could be of any source"),
    ],
)
def test_devices_that_are_not_clear(devices, kinds, message):
    with pytest.raises(BadRequest, match=message):
        assign(devices, kinds)
