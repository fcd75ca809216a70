from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.program import ROOT
from saywire.client.saving import FORMATS, Saved, open_all, set_aside
from saywire.errors import BadRequest
from saywire.messages import Final
from saywire.types import Word

CLOCK = r"\d\d:\d\d:\d\d[,.]\d{3}"
CUE = re.compile(rf"(?:(\d+)\n)?({CLOCK}) --> ({CLOCK})\n((?:.+\n)+)\n")
SUFFIXES = sorted(FORMATS)


def final(text: str, start: float, end: float) -> Final:
    return Final(0, text, start, end, (Word(text, start, end),), "en")


def cues(text: str) -> list[tuple[str, str]]:
    """Beginning and text of each; fails for what is no subtitle file."""
    body = text.removeprefix("WEBVTT\n\n")
    found = CUE.findall(body)
    assert CUE.sub("", body) == ""
    assert all(number in ("", str(n)) for n, (number, *_) in enumerate(found, 1))
    return [(start, words.strip()) for _, start, _, words in found]


def check(suffix: str, text: str) -> int:
    """How many finals a valid file has."""
    match suffix:
        case ".json":
            return len(json.loads(text)["segments"])
        case ".srt" | ".vtt":
            return len(cues(text))
        case ".jsonl":
            return len([json.loads(line) for line in text.splitlines()])
    assert text == "" or text.endswith("\n")
    return len(text.splitlines())


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        (".txt", "them: a & b\nme: 好的\n"),
        (
            ".srt",
            "1\n00:00:00,500 --> 00:00:02,000\nme: 好的\n\n2\n00:00:01,000 --> 00:00:03,000\nthem: a & b\n\n",
        ),
        (
            ".vtt",
            "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n<v me>好的\n\n"
            "00:00:01.000 --> 00:00:03.000\n<v them>a &amp; b\n\n",
        ),
    ],
)
def test_two_voices_in_the_order_of_each_format(tmp_path: Path, suffix: str, expected: str) -> None:
    """The one that began first was final last."""
    saved = Saved(tmp_path / f"talk{suffix}")
    saved.add(final("a & b", 1.0, 3.0), "them")
    saved.add(final("好的", 0.5, 2.0), "me")
    saved.add(final(" ", 4.0, 5.0), "me")
    assert (tmp_path / f"talk{suffix}").read_text("utf-8") == expected
    assert saved.close(6.0)


def test_json_has_labels_words_and_the_length_of_what_was_heard(tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    saved = Saved(file)
    assert json.loads(file.read_text())["segments"] == []
    saved.add(final("two", 1.0, 3.0), "them")
    saved.add(final("one", 0.5, 2.0), "me")
    assert json.loads(file.read_text())["seconds"] == 3.0
    saved.close(7.5)
    body = json.loads(file.read_text())
    assert (body["text"], body["seconds"]) == ("one two", 7.5)
    assert body["segments"][0] == {
        "start": 0.5,
        "end": 2.0,
        "text": "one",
        "language": "en",
        "words": [{"text": "one", "start": 0.5, "end": 2.0}],
        "label": "me",
    }


def test_lines_of_json_name_a_voice_only_where_there_are_several(tmp_path: Path) -> None:
    saved = Saved(tmp_path / "talk.jsonl")
    saved.add(final("one", 0.0, 1.0))
    saved.add(final("two", 1.0, 2.0), "我")
    one, two = map(json.loads, (tmp_path / "talk.jsonl").read_text("utf-8").splitlines())
    assert "label" not in one and two["label"] == "我" and two["start"] == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30), st.sampled_from(["me", "them"])), max_size=12)
)
def test_cues_are_in_order_and_of_one_voice_never_overlap(tmp_path_factory, said) -> None:
    """However finals come; of one voice they come in order."""
    file = tmp_path_factory.mktemp("saved") / "talk.vtt"
    saved, ends = Saved(file), {"me": 0, "them": 0}
    for begin, length, label in said:
        start = max(begin, ends[label])
        ends[label] = start + length
        saved.add(final("word " * length, float(start), float(ends[label])), label)
        times = [start for start, _ in cues(file.read_text())]
        assert times == sorted(times)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_reader_finds_a_valid_file_at_any_moment(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"talk{suffix}"
    saved, done = Saved(file), threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            seen.append(check(suffix, file.read_text("utf-8")))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(300):
        back = 1.5 if n % 7 == 0 and n else 0.0
        saved.add(final("说了" * 20, n - back, n + 0.5), "them" if back else "me")
    done.set()
    reader.join()
    assert seen == sorted(seen) and check(suffix, file.read_text("utf-8")) == 300


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_kill_9_leaves_a_valid_file_with_all_that_was_final(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"talk{suffix}"
    code = (
        "import itertools, sys; from pathlib import Path; from saywire.messages import Final\n"
        f"from saywire.client.saving import Saved; saved = Saved(Path({str(file)!r}))\n"
        "for n in itertools.count(): saved.add(Final(n, 'said ' * 9, n, n + 1)); print(n, flush=True)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for _ in range(50):
            process.stdout.readline()
        process.kill()
    assert check(suffix, file.read_text()) >= 50
    assert len(list(tmp_path.iterdir())) <= 2, "of what it wrote beside, the last at most"


def test_a_file_that_is_there_is_kept_unless_it_may_go(tmp_path: Path) -> None:
    file = tmp_path / "talk.srt"
    file.write_text("precious")
    with pytest.raises(BadRequest, match="is there already; choose another name, or --force"):
        Saved(file)
    assert file.read_text() == "precious"
    Saved(file, overwrite=True)
    assert file.read_text() == ""


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_a_talk_that_never_began_may_go(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"talk{suffix}"
    Saved(file).close(0.0)
    Saved(file).add(final("one", 0.0, 1.0))
    with pytest.raises(BadRequest, match="is there already"):
        Saved(file)


@pytest.mark.parametrize(
    ("name", "message"),
    [("talk.doc", r"must end in \.txt, \.jsonl, \.srt"), ("talk.txt/talk.txt", "cannot save to")],
)
def test_what_cannot_be_saved_to_is_told_before_anybody_speaks(tmp_path, name, message):
    (tmp_path / "talk.txt").write_text("")
    with pytest.raises(BadRequest, match=message):
        Saved(tmp_path / name)


def test_the_same_file_twice(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="twice"):
        open_all([tmp_path / "a.txt", tmp_path / "b" / ".." / "a.txt"], False, print)
    assert len(open_all([tmp_path / "a.txt", tmp_path / "new" / "a.srt"], False, print)) == 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    said: list[str] = []
    file = tmp_path / f"talk{suffix}"
    saved = Saved(file, warn=said.append)
    saved.add(final("one", 0.0, 1.0))
    before = file.read_bytes()
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", refuse)
        saved.add(final("two", 1.0, 2.0))
        saved.add(final("two and a half", 2.0, 2.0))
        assert file.read_bytes() == before and len(said) == 1 and "No space left" in said[0]
        assert not saved.close(3.0) and len(said) == 2
    saved.add(final("three", 2.0, 3.0))
    assert check(suffix, file.read_text()) == 4 and saved.close(3.0)


def refuse(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    (tmp_path / "link.json").symlink_to(real)
    real.write_text("")
    Saved(tmp_path / "link.json", overwrite=True).add(final("one", 0.0, 1.0))
    assert (tmp_path / "link.json").is_symlink() and check(".json", real.read_text()) == 1


def test_what_is_told_again_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    saved = Saved(path)
    for number in range(3):
        saved.add(Final(number, f"said {number}", number, number + 1.0), now=False)
    assert path.read_text("utf-8") == ""
    assert saved.close(3.0) and path.read_text("utf-8") == "said 0\nsaid 1\nsaid 2\n"


def test_a_file_is_set_aside_under_the_next_free_name(tmp_path: Path) -> None:
    path = tmp_path / "talk.v2.srt"
    assert set_aside(path) is None
    for number in (1, 2):
        path.write_text(str(number))
        assert set_aside(path) == tmp_path / f"talk.v2.{number}.srt"
    assert not path.exists() and (tmp_path / "talk.v2.1.srt").read_text() == "1"
    (tmp_path / "file").write_text("")
    assert set_aside(tmp_path / "file" / "talk.srt") is None
