from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest

from saywire.relay import spool as module
from saywire.relay.spool import DiskFailed, Spool
from saywire.types import RATE


def pcm(start: int, count: int) -> bytes:
    """Samples that are their own positions."""
    return b"".join((n % 65536).to_bytes(2, "little") for n in range(start, start + count))


def read_all(spool: Spool) -> bytes:
    data, at = b"", spool.start
    while at < spool.end:
        data += spool.read(at, spool.end)
        at = spool.start + len(data) // 2
    return data


def fill(spool: Spool, samples: int, block: int = 1600) -> None:
    for start in range(spool.end, spool.end + samples, block):
        spool.append(pcm(start, block))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight files of a second each."""
    monkeypatch.setattr(module, "SMALLEST", 8 * RATE * 2)


def test_what_goes_in_comes_out_in_pieces_of_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10**9)
    assert (spool.start, spool.end, spool.size) == (0, 0, 0)
    fill(spool, 3 * RATE)
    assert read_all(spool) == pcm(0, 3 * RATE)
    assert spool.read(5, 10) == pcm(5, 5)
    assert len(spool.read(0, spool.end)) == 2 * RATE
    spool.close()


def test_another_process_finds_all_of_it(tmp_path: Path) -> None:
    first = Spool(tmp_path, 10**9)
    fill(first, 40 * RATE)
    second = Spool(tmp_path, 10**9, 5 * RATE)  # the first never closed it
    assert (second.start, second.end) == (5 * RATE, 40 * RATE)
    fill(second, RATE)
    assert read_all(second) == pcm(5 * RATE, 36 * RATE)
    first.close()
    second.close()


def test_files_go_when_all_in_them_was_forgotten_and_not_before_they_are_swept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, 4 * RATE)
    assert len(list(tmp_path.iterdir())) == 4
    spool.forget(2 * RATE + 5)
    assert len(list(tmp_path.iterdir())) == 4 and spool.start == 2 * RATE + 5
    spool.sweep()
    assert len(list(tmp_path.iterdir())) == 2 and spool.size == 4 * RATE
    assert read_all(spool) == pcm(2 * RATE + 5, 2 * RATE - 5)
    spool.forget(spool.end)
    spool.sweep()
    assert not list(tmp_path.iterdir()) and spool.size == 0
    fill(spool, 10, 10)
    assert read_all(spool) == pcm(4 * RATE, 10)
    spool.close()


def test_the_oldest_goes_when_it_is_full_and_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, 3 * RATE)
    spool.forget(RATE // 2)
    fill(spool, 8 * RATE)
    assert not spool.cramped
    assert spool.size <= 8 * RATE * 2 and spool.end == 11 * RATE
    assert spool.start == spool.dropped + RATE // 2 == 3 * RATE
    assert read_all(spool) == pcm(spool.start, spool.end - spool.start)
    spool.close()


def test_half_a_sample_and_files_that_do_not_follow_are_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, 4 * RATE)
    spool.close()
    files = sorted(tmp_path.iterdir())
    files[1].write_bytes(files[1].read_bytes()[:-7])
    files[3].write_bytes(files[3].read_bytes()[:101])
    (tmp_path / "notes.txt").write_text("not ours")
    again = Spool(tmp_path, 0)
    assert (again.start, again.end) == (2 * RATE, 3 * RATE + 50)
    fill(again, 10, 10)
    assert read_all(again) == pcm(2 * RATE, RATE + 60)
    assert len(list(tmp_path.iterdir())) == 4
    again.close()


def test_what_lies_before_its_place_is_of_no_use(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, RATE)
    spool.close()
    later = Spool(tmp_path, 0, 5 * RATE)
    assert (later.start, later.end) == (5 * RATE, 5 * RATE) and not list(tmp_path.iterdir())


class Full:
    """A file on a disk with so much room."""

    def __init__(self, file: object, room: int, error: int = errno.ENOSPC) -> None:
        self._file, self.room, self._error = file, room, error

    def write(self, data: memoryview) -> int:
        if not self.room:
            raise OSError(self._error, "no space left")
        part = data[: self.room]
        self.room -= len(part)
        return self._file.write(part)  # type: ignore[attr-defined,no-any-return]

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def test_a_disk_that_is_full_takes_the_place_of_the_oldest(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, 2 * RATE + 1600)
    file = Full(spool._writing, 1001)
    spool._writing = file  # type: ignore[assignment]
    dropped: list[int] = []

    def unlink(count: int) -> None:
        dropped.append(count)
        file.room = 10**6
        Spool._remove(spool, count)

    spool._remove = unlink  # type: ignore[method-assign]
    spool.append(pcm(spool.end, 1600))
    assert dropped == [1] and spool.start == spool.dropped == RATE and spool.cramped
    assert read_all(spool) == pcm(RATE, RATE + 3200)
    spool.close()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_nothing_at_all_is_told(tmp_path: Path, error: int) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, 2 * RATE + 1600 if error == errno.EIO else 1600)
    spool._writing = Full(spool._writing, 11, error)  # type: ignore[assignment]
    with pytest.raises(DiskFailed, match=f"cannot write to {tmp_path}"):
        spool.append(pcm(spool.end, 1600))
    assert read_all(spool) == pcm(0, spool.end)
    spool.close()


def test_a_folder_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskFailed, match="choose another folder"):
        Spool(tmp_path / "file" / "audio", 0)


def test_any_history_keeps_what_was_not_forgotten(tmp_path: Path) -> None:
    dice = random.Random(1)
    for number in range(20):
        folder = tmp_path / str(number)
        spool = Spool(folder, 0)
        for _ in range(60):
            match dice.randrange(5):
                case 0:
                    spool.forget(dice.randrange(spool.start, spool.end + 1))
                case 1:
                    spool.sweep()
                case 2:
                    spool.close()
                    spool = Spool(folder, 0, spool.start)
                case _:
                    spool.append(pcm(spool.end, dice.randrange(1, RATE)))
            assert spool.size <= 9 * RATE * 2
            assert read_all(spool) == pcm(spool.start, spool.end - spool.start)
        spool.close()


def test_a_file_that_nobody_wrote_into_is_gone_on_with(tmp_path: Path) -> None:
    """Its relay was killed before it could, or the disk was full."""
    spool = Spool(tmp_path, 0)
    spool._begin_file()
    spool.close()
    again = Spool(tmp_path, 0)
    fill(again, RATE)
    again.forget(100)
    again.sweep()
    assert read_all(again) == pcm(100, RATE - 100) and again.size == 2 * RATE
    again.close()


def test_what_somebody_took_away_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    fill(spool, 2 * RATE)
    first, second = sorted(tmp_path.iterdir())
    first.unlink()
    second.write_bytes(b"half")
    with pytest.raises(DiskFailed, match="cannot read"):
        spool.read(0, 10)
    with pytest.raises(DiskFailed, match="its end is gone"):
        spool.read(RATE, spool.end)
    first.mkdir()
    with pytest.raises(DiskFailed, match="cannot write to"):
        spool.forget(RATE)
        spool.sweep()
    spool.close()
