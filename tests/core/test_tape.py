from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.core.tape import ROOM, Tape
from saywire.types import RATE


@given(st.lists(st.integers(0, 50) | st.integers(0, 3 * ROOM), max_size=20), st.data())
def test_a_tape_reads_what_was_appended(lengths: list[int], data: st.DataObject) -> None:
    whole = np.arange(sum(lengths), dtype=np.float32)
    tape = Tape(1000)
    for part in np.split(whole, np.cumsum(lengths)):
        tape.append(part)
    assert (tape.start, tape.end) == (1000, 1000 + len(whole))
    forgotten = data.draw(st.integers(0, len(whole) + 10))
    tape.forget(1000 + forgotten)
    assert tape.start == min(1000 + forgotten, tape.end)
    start = data.draw(st.integers(min(forgotten, len(whole)), len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    assert np.array_equal(tape.read(1000 + start, 1000 + end), whole[start:end])


def test_what_was_forgotten_takes_no_memory() -> None:
    tape = Tape()
    second = np.zeros(RATE, np.float32)
    tape.append(second)
    tracemalloc.start()
    for at in range(2, 600):
        tape.append(second)
        tape.forget(at * RATE - 100)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 3 * second.nbytes and peak < 5 * second.nbytes


def test_the_memory_of_a_long_utterance_is_given_back() -> None:
    tape = Tape()
    tracemalloc.start()
    tape.append(np.ones(300 * RATE, np.float32))
    tape.forget(300 * RATE - 100)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 8 * ROOM
    assert tape.read(tape.start, tape.end).tolist() == [1.0] * 100


def test_what_was_read_stays_as_it_was() -> None:
    tape = Tape()
    tape.append(np.ones(10, np.float32))
    read = tape.read(0, 10)
    for _ in range(100):
        tape.forget(tape.end)
        tape.append(np.zeros(ROOM // 7, np.float32))
        assert read.tolist() == [1.0] * 10
    tape.forget(5)
    assert tape.start == tape.end - ROOM // 7


def test_what_is_not_on_the_tape_cannot_be_read() -> None:
    tape = Tape(100)
    tape.append(np.zeros(10, np.float32))
    for start, end in ((99, 105), (100, 111), (105, 104)):
        with pytest.raises(IndexError, match=r"not on the tape \[100, 110\)"):
            tape.read(start, end)


def test_crumbs_are_put_together() -> None:
    tape = Tape()
    for i in range(10_000):
        tape.append(np.full(1, i, np.float32))
    assert tape.read(1234, 9876).tolist() == [float(i) for i in range(1234, 9876)]
    tape.forget(5000)
    assert tape.read(5000, 5010).tolist() == [float(i) for i in range(5000, 5010)]
