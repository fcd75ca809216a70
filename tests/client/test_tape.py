from __future__ import annotations

from saywire.client.tape import MemoryTape


def pcm(start: int, count: int) -> bytes:
    """Samples that are their own positions."""
    return b"".join(n.to_bytes(2, "little") for n in range(start, start + count))


def test_blocks_come_back_as_they_went_in() -> None:
    tape = MemoryTape()
    tape.append(pcm(0, 3))
    tape.append(pcm(3, 4))
    assert (tape.start, tape.end) == (0, 7)
    assert tape.read(0, 7) == pcm(0, 3) and tape.read(3, 7) == pcm(3, 4)
    assert tape.read(1, 7) == pcm(1, 2) and tape.read(4, 6) == pcm(4, 2)


def test_what_is_forgotten_is_gone_and_the_rest_is_not() -> None:
    tape = MemoryTape()
    for start in range(0, 9, 3):
        tape.append(pcm(start, 3))
    tape.forget(4)
    tape.forget(2)
    assert (tape.start, tape.end) == (4, 9) and tape.read(4, 9) == pcm(4, 2)
    tape.forget(6)
    assert tape.read(6, 9) == pcm(6, 3)
    tape.forget(100)
    assert (tape.start, tape.end) == (9, 9)
    tape.append(pcm(9, 2))
    assert tape.read(9, 11) == pcm(9, 2)
