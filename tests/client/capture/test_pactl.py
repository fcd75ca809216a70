from __future__ import annotations

from pathlib import Path

import pytest

from client.capture.programs import INFO, SINKS, SOURCES, make_pactl, program
from saywire.client.capture.pactl import Source, ask, read_defaults, read_names, read_sources
from saywire.errors import EngineFailed


def test_what_pactl_tells_is_read() -> None:
    assert read_sources(SOURCES) == [
        Source("spk.monitor", "Monitor of 扬声器: left", 44_100, "spk"),
        Source("alsa_input.usb", "USB Audio", 48_000, ""),
    ]
    assert read_names(SINKS) == {"spk": "扬声器: left", "bare": "bare"}
    assert read_defaults(INFO) == ("spk", "alsa_input.usb")
    assert read_defaults("") == ("", "") and read_sources("") == []


def test_pactl_is_asked_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_pactl(tmp_path)
    program(tmp_path, "parec", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask("info") == INFO


def test_without_a_server_or_without_its_programs_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "parec", "")
    program(tmp_path, "pactl", "sys.exit('Connection failure: Connection refused\\n')")
    with pytest.raises(EngineFailed, match="Connection refused"):
        ask("info")
    (tmp_path / "parec").unlink()
    with pytest.raises(EngineFailed, match="pulseaudio-utils"):
        ask("info")
