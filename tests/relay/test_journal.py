from __future__ import annotations

from pathlib import Path

import pytest

from saywire.client.frames import Point
from saywire.client.wire import Place
from saywire.messages import Final
from saywire.relay.journal import Begun, Gap, Journal, Line
from saywire.relay.spool import DiskFailed
from saywire.types import Word

BEGUN = Begun("sess_1", 1.0, "mic")
FINAL = Final(3, "打开 the window", 1.0, 2.5, (Word("打", 1.0, 1.2, 0.5),), "zh")
PLACE = Place(Point("sess_1", 16_000, 17_000, 4, None, "context"), 4, 4)


def test_another_process_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.jsonl"
    first = Journal(path)
    assert first.begun is None and first.place is None
    lines = [Line(BEGUN, place=Place(Point("sess_1"))), Line(final=FINAL, place=PLACE), Line(gap=Gap(1, 3.5))]
    for line in lines:
        first.write(line)
    second = Journal(path)
    assert (second.begun, second.place, second.lost) == (BEGUN, PLACE, 2.5)
    assert list(second.read()) == lines == list(first.read())
    first.close()
    second.clear()
    second.close()
    assert not path.exists()


@pytest.mark.parametrize("torn", [b'{"final":{"utter', b'{"gap":{"start":1,"end":2}}', b"\x00\x00\n{}\n"])
def test_a_line_that_was_not_written_to_its_end_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write(Line(BEGUN, place=PLACE))
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = Journal(path)
    assert path.read_bytes() == whole and again.place == PLACE and again.lost == 0
    again.write(Line(final=FINAL))
    assert [line.final for line in again.read()] == [None, FINAL]
    again.close()


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskFailed, match="cannot write"):
        Journal(tmp_path / "file" / "journal.jsonl")


def test_a_disk_that_takes_half_a_line_gets_none_of_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write(Line(BEGUN, place=PLACE))
    real = journal._file
    assert real

    class Full:
        def write(self, data: bytes) -> int:
            return real.write(data[:7])

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

    journal._file = Full()  # type: ignore[assignment]
    with pytest.raises(DiskFailed, match="No space left"):
        journal.write(Line(gap=Gap(0, 1)))
    journal._file = real
    journal.write(Line(final=FINAL))
    assert [line.final for line in journal.read()] == [None, FINAL] and journal.lost == 0
    journal.close()
