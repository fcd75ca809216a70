from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from saywire.client.frames import Point
from saywire.client.wire import Place
from saywire.messages import Final
from saywire.relay import journal as module
from saywire.relay.journal import Begun, Gap, Journal, LeftOut, Line
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


def finals(journal: Journal) -> list[int]:
    return [line.final.utterance for line in journal.read() if line.final]


def say(journal: Journal, number: int) -> None:
    place = Place(Point("sess_1", number, number, number, None, "context" * 9), number, number)
    journal.write(Line(place=place))
    journal.write(Line(final=Final(number, "hello", number, number + 1.0), place=place))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHORTEST", 2_000)
    monkeypatch.setattr(module, "MOST", 20_000)


@pytest.mark.usefixtures("short")
def test_it_does_not_grow_for_ever_and_loses_the_oldest_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write(Line(BEGUN, place=Place(Point("sess_1"))))
    journal.write(Line(gap=Gap(0, 2)))
    for number in range(40):
        say(journal, number)
    assert finals(journal) == list(range(40)) and path.stat().st_size < 2 * 40 * 150
    for number in range(40, 1000):
        say(journal, number)
        assert path.stat().st_size < 21_000
    kept = finals(journal)
    assert kept == list(range(1000 - len(kept), 1000)) and len(kept) > 20
    again = Journal(path)
    assert again.place == journal.place and again.place and again.place.utterance == 999
    assert (again.begun, again.lost) == (BEGUN, 2.0) == (journal.begun, journal.lost)
    assert again.left_out == journal.left_out == LeftOut(1000 - len(kept), 2.0)
    say(again, 1000)
    assert finals(again) == [*kept, 1000]
    for one in (journal, again):
        one.close()
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.usefixtures("short")
def test_without_room_for_a_new_one_the_old_one_grows_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int) -> None:
        raise OSError(28, "No space left on device")

    journal = Journal(tmp_path / "journal.jsonl")
    journal.write(Line(BEGUN, place=PLACE))
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fail)
        for number in range(200):
            say(journal, number)
        assert finals(journal) == list(range(200)) and os.listdir(tmp_path) == ["journal.jsonl"]
    for number in range(200, 220):
        say(journal, number)
    assert finals(journal)[-1] == 219 and journal.left_out.finals > 0
    journal.close()


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from saywire.relay.journal import Journal

STEPS = {"open", "write", "flush", "fsync", "close", "replace", "stat"}
master, path = Path(sys.argv[1]), Path(sys.argv[2])
before = Journal(master)
expected = [line.final for line in before.read() if line.final]
for step in range(1000):
    shutil.copy(master, path)
    child = os.fork()
    if not child:
        journal, left = Journal(path), iter(range(step))

        def kill(frame, event, called):
            if event == "c_call" and called.__name__ in STEPS and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(kill)
        journal._compact()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    after = Journal(path)
    assert [line.final for line in after.read() if line.final] == expected
    assert (after.begun, after.place, after.lost) == (before.begun, before.place, before.lost)
    assert os.listdir(path.parent) == [path.name]
    if code == 0:
        print(step)
        break
    assert code == -signal.SIGKILL
"""
"""Kills before each word with the system."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is a word of Unix")
def test_whoever_is_killed_while_it_is_written_anew_leaves_one_that_is_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "master.jsonl")
    journal.write(Line(BEGUN, place=PLACE))
    journal.write(Line(gap=Gap(0, 2)))
    for number in range(100):
        say(journal, number)
    journal.close()
    (tmp_path / "spool").mkdir()
    path = tmp_path / "spool" / "journal.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, journal._path, path],
        env=os.environ | {"PYTHONPATH": str(Path(module.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 100 and path.stat().st_size < journal._path.stat().st_size / 2
