from __future__ import annotations

import numpy as np
import pytest

from cli.program import SAMPLES
from saywire.errors import BadAudio
from saywire.relay.source import file_source, skip


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
