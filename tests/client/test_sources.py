from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from audio.media import encode, tone
from saywire.client.sources import AHEAD, Stoppable, read_file, read_pipe
from saywire.errors import BadAudio, OutOfOrder


def joined(blocks):
    return np.concatenate([np.zeros(0, np.float32), *blocks])


@pytest.mark.parametrize("seconds", [0.02, 0.1, 5.0])
def test_pcm_from_a_pipe_comes_in_blocks(seconds):
    data = (tone(1.0) * 32767).astype("<i2").tobytes()
    blocks = list(read_pipe(io.BytesIO(data), 16_000, seconds))
    assert np.allclose(joined(blocks), tone(1.0), atol=1e-3)
    assert max(map(len, blocks)) <= max(seconds, 0.02) * 16_000 + 8


def test_another_rate_and_a_wav_become_the_house_s():
    eight = (tone(1.0, 8_000) * 32767).astype("<i2").tobytes()
    for pipe, rate in [(eight, 8_000), (encode(tone(1.0, 8_000), 8_000, "wav", "pcm_s16le"), 16_000)]:
        samples = joined(read_pipe(io.BytesIO(pipe), rate, 0.1))
        assert len(samples) == 16_000 and np.abs(samples[2000:-2000] - tone(1.0)[2000:-2000]).max() < 0.02


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(BadAudio, match="cannot read"):
        list(read_file(tmp_path / "none.wav"))


def test_what_is_stoppable_gives_all_there_is():
    assert np.array_equal(joined(Stoppable(iter(np.split(tone(1.0), 100)))), tone(1.0))


def test_a_mistake_in_a_file_is_told(tmp_path: Path):
    blocks = Stoppable(read_file(tmp_path / "none.wav"))
    with pytest.raises(BadAudio, match="cannot read"):
        next(blocks)


def test_a_pipe_that_stays_open_is_stopped():
    """While somebody waits for it, and with what was read before."""
    reader, writer = os.pipe()
    others = set(threading.enumerate())
    with open(reader, "rb", buffering=0) as pipe:
        with open(writer, "wb", buffering=0) as other:
            blocks = Stoppable(read_pipe(pipe, 16_000, 0.1))
            other.write(b"\1\0" * 1600)
            assert len(next(blocks)) == 1600
            threading.Thread(target=blocks.stop).start()
            assert list(blocks) == []
            blocks.close()
        for thread in set(threading.enumerate()) - others:
            thread.join()


def test_one_that_nobody_takes_from_can_be_stopped():
    blocks = Stoppable(np.zeros(1600, np.float32) for _ in range(1000))
    blocks.stop()
    assert len(list(blocks)) <= AHEAD + 1


def test_a_source_that_breaks_is_no_end(monkeypatch):
    shown = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: shown.set())

    def broken():
        yield np.zeros(1600, np.float32)
        raise ValueError("a bug")

    blocks = Stoppable(broken())
    next(blocks)
    with pytest.raises(OutOfOrder, match="broke off"):
        next(blocks)
    assert shown.wait(60)
