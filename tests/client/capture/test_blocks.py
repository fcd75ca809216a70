from __future__ import annotations

import threading

import numpy as np
import pytest

from audio.media import tone
from saywire.client.capture import blocks as blocks_file
from saywire.client.capture.blocks import Blocks
from saywire.client.capture.silence import Clock
from saywire.errors import BadAudio
from saywire.types import RATE


def joined(blocks):
    return np.concatenate([np.zeros(0, np.float32), *blocks])


def test_what_is_put_comes_out_at_the_house_rate():
    blocks = Blocks(48_000)
    for piece in np.split(tone(2.0, 48_000), 20):
        blocks.put(piece)
    blocks.stop()
    samples = joined(blocks)
    assert len(samples) == 2 * RATE and np.abs(samples - tone(2.0))[1000:-1000].max() < 1e-3


def test_channels_are_mixed_and_what_is_no_number_is_silence():
    blocks = Blocks(RATE)
    blocks.put(np.array([[0.5, 0.1], [np.nan, 0.0], [4.0, 4.0]], np.float32))
    blocks.stop()
    assert np.allclose(joined(blocks), [0.3, 0.0, 1.0])


def test_a_reader_waits_for_what_comes_from_another_thread():
    blocks = Blocks(RATE)
    thread = threading.Thread(target=lambda: (blocks.put(tone(0.1)), blocks.stop()))
    thread.start()
    assert np.array_equal(joined(blocks), tone(0.1))
    thread.join()


def test_a_device_that_goes_is_told_after_what_it_gave():
    blocks = Blocks(RATE)
    blocks.put(tone(0.1))
    blocks.end(BadAudio("unplugged"))
    blocks.end(BadAudio("and again"))
    assert len(next(blocks)) == 1600
    with pytest.raises(BadAudio, match="unplugged"):
        next(blocks)
    assert list(blocks) == []


def test_stopping_gives_the_device_back_once_and_takes_nothing_more():
    released = []
    blocks = Blocks(RATE)
    blocks.when_stopped(lambda: released.append(True))
    blocks.put(tone(0.1))
    blocks.stop()
    blocks.stop()
    blocks.put(tone(0.1))
    blocks.end(BadAudio("we ended it ourselves"))
    assert released == [True] and len(joined(blocks)) == 1600
    blocks.close()


def test_closing_forgets_what_was_not_read():
    blocks = Blocks(RATE)
    blocks.put(tone(0.1))
    blocks.close()
    assert list(blocks) == []


def test_what_waits_too_long_is_lost_and_said_and_later_audio_keeps_its_time(monkeypatch):
    monkeypatch.setattr(blocks_file, "MOST", 2)
    said: list[str] = []
    blocks = Blocks(RATE, warn=said.append)
    for _ in range(5):
        blocks.put(np.full(RATE, 0.5, np.float32))
    assert len(said) == 1 and "lost" in said[0]
    assert sum(len(next(blocks)) for _ in range(2)) == 2 * RATE
    blocks.put(np.full(RATE, 0.25, np.float32))
    blocks.stop()
    rest = joined(blocks)
    assert len(rest) == 4 * RATE and not rest[: 3 * RATE].any() and (rest[3 * RATE :] == 0.25).all()


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_silence_takes_the_place_of_what_a_silent_device_did_not_give():
    time = Time()
    blocks = Blocks(RATE, clock=Clock(RATE, time))
    time.now = 3.0
    blocks.put(np.ones(RATE, np.float32))
    blocks.stop()
    samples = joined(blocks)
    assert blocks.began == 0.0
    assert len(samples) == 3 * RATE and not samples[: 2 * RATE].any() and samples[2 * RATE :].all()


def test_silence_comes_while_the_device_gives_nothing():
    """So that a turn ends when the music stops, and not when it begins again."""
    time = Time()
    blocks = Blocks(RATE, clock=Clock(RATE, time))
    time.now = 2.0
    silence = next(blocks)
    assert len(silence) == 2 * RATE and not silence.any()


def test_nothing_but_zeros_is_said():
    said: list[str] = []
    blocks = Blocks(RATE, zeros="withheld", warn=said.append)
    for _ in range(6):
        blocks.put(np.zeros(RATE, np.float32))
    blocks.stop()
    joined(blocks)
    assert said == ["withheld"]


def test_what_is_on_its_way_when_it_is_stopped_still_arrives():
    """And the end that was asked for is no error."""
    blocks = Blocks(RATE)

    def release() -> None:
        blocks.put(tone(0.1))
        blocks.end(BadAudio("ended"))

    blocks.when_stopped(release)
    blocks.stop()
    assert len(joined(blocks)) == 1600


def test_a_device_that_gives_nothing_began_when_it_was_opened():
    """So that another voice is not moved by what the machine's clock shows."""
    time = Time()
    time.now = 1000.0
    blocks = Blocks(RATE, clock=Clock(RATE, time))
    time.now = 1002.0
    assert len(next(blocks)) == 2 * RATE and blocks.began == 1000.0
