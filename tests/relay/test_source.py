from __future__ import annotations

import os
import queue
from collections.abc import Iterator

import numpy as np
import pytest

from audio.media import encode, tone
from cli.program import SAMPLES
from saywire.client.sources import Ear
from saywire.errors import BadAudio
from saywire.relay.source import Passing, Stretch, file_source, pipe_source, skip
from saywire.types import Samples


def test_what_is_known_is_left_out_wherever_blocks_end() -> None:
    audio = np.arange(100, dtype=np.float32)
    for known in (0, 1, 9, 10, 55, 100, 101):
        blocks = list(skip(iter(np.split(audio, range(10, 100, 10))), known))
        assert all(len(block) for block in blocks)
        assert np.array_equal(np.concatenate([audio[:0], *blocks]), audio[known:])


def test_a_file_can_wait_and_is_known_again() -> None:
    source = file_source(SAMPLES / "commands.flac")
    assert not source.live and source.name == file_source(SAMPLES / "commands.flac").name
    whole = np.concatenate(list(source.open(0)))
    assert np.array_equal(np.concatenate(list(source.open(70_000))), whole[70_000:])


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(BadAudio, match=r"cannot read none\.wav"):
        file_source(SAMPLES.with_name("none.wav").relative_to(SAMPLES.parent))


def test_what_comes_while_nobody_listens_is_left_out_and_nothing_else() -> None:
    asked, given = queue.SimpleQueue[None](), queue.SimpleQueue[float]()

    def blocks() -> Iterator[Samples]:
        while True:
            asked.put(None)
            yield np.full(1, given.get(), np.float32)

    def give(*numbers: float) -> None:
        """Until the next is asked for."""
        for number in numbers:
            given.put(number)
            asked.get()

    passing = Passing(blocks())
    first = passing.listen()
    asked.get()
    give(1, 2)
    first.stop()
    give(3)
    assert [block[0] for block in first] == [1, 2]
    second = passing.listen()
    give(4)
    second.stop()
    assert [block[0] for block in second] == [4]


def test_a_pipe_goes_on_as_the_wav_that_it_is() -> None:
    """Nobody reads it twice, and nothing of it goes to the one who has stopped."""
    wav = encode(tone(1.0, 8_000), 8_000, "wav", "pcm_s16le")
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as pipe, open(writer, "wb", buffering=0) as other:
        source = pipe_source(pipe, 48_000)
        heard = source.open(0)
        other.write(wav[: len(wav) // 2])
        blocks = [next(heard)]
        while sum(map(len, blocks)) < 5_000:
            blocks.append(next(heard))
        heard.stop()
        blocks += heard
        heard = source.open(0)
        other.write(wav[len(wav) // 2 :])
        other.close()
        blocks += heard
        assert sum(map(len, blocks)) == 16_000
        assert list(source.open(0)) == []


def test_a_pipe_that_breaks_says_so_to_who_listens_next() -> None:
    def broken() -> Iterator[Samples]:
        yield np.zeros(1, np.float32)
        raise BadAudio("no WAV")

    passing = Passing(broken())
    for _ in range(2):
        with pytest.raises(BadAudio, match="no WAV"):
            list(passing.listen())


def test_a_stop_that_was_not_obeyed_yet_is_taken_back() -> None:
    stretch, ear = Stretch(), Ear()
    stretch.rest()
    assert stretch.go_on() and not stretch.resting
    stretch.rest()
    stretch.begin(ear)
    assert ear.stopped and not stretch.go_on()
