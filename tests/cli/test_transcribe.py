"""``saywire transcribe`` with the engines that ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.program import SAMPLES, saywire
from saywire.cli.output import Format
from saywire.cli.transcribe import Job, plan
from saywire.client.samples import find_sample
from saywire.errors import BadRequest

COMMANDS = SAMPLES / "commands.flac"
TEXTS = [said.text for said in find_sample("commands").said]


def test_text_comes_a_line_for_each_utterance(tmp_path: Path) -> None:
    run = saywire("transcribe", COMMANDS, "--model", "tiny", home=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == TEXTS


def test_a_bad_file_is_told_and_the_others_are_done(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF is not enough")
    files = (bad, tmp_path / "nowhere.wav", COMMANDS)
    run = saywire("transcribe", *files, "--model", "tiny", home=tmp_path)
    assert run.returncode == 1
    first, second = run.stderr.splitlines()
    assert first.startswith(f"saywire: {bad}: this is no audio file that can be decoded")
    assert second == f"saywire: {files[1]}: cannot read it: No such file or directory"
    assert run.stdout.splitlines() == [f"{COMMANDS}: {text}" for text in TEXTS]


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    run = saywire(
        "transcribe", "-", "--model", "tiny", "--format", "json", home=tmp_path, stdin=COMMANDS.read_bytes()
    )
    assert run.returncode == 0, run.stderr
    transcript = json.loads(run.stdout)
    assert [segment["text"] for segment in transcript["segments"]] == TEXTS
    assert transcript["seconds"] == pytest.approx(13.503, abs=0.01)


def test_many_files_go_to_a_folder(tmp_path: Path) -> None:
    copies = [tmp_path / "one.flac", tmp_path / "two.flac"]
    for copy in copies:
        copy.write_bytes(COMMANDS.read_bytes())
    run = saywire("transcribe", *copies, "--model", "tiny", "--format", "srt", "-o", "out/", home=tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    one, two = (tmp_path / "out" / f"{name}.srt" for name in ("one", "two"))
    assert one.read_text("utf-8") == two.read_text("utf-8")
    assert one.read_text("utf-8").count(" --> ") == len(TEXTS)


@pytest.mark.parametrize("as_file", [False, True], ids=["words", "file"])
def test_the_engine_hears_only_the_words_it_is_told(tmp_path: Path, as_file: bool) -> None:
    words = "summer park night the during what"
    if as_file:
        (tmp_path / "words.txt").write_text(words.replace(" ", "\n"))
    run = saywire(
        "transcribe",
        SAMPLES / "dictation.flac",
        "--words",
        "words.txt" if as_file else words,
        home=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()
    assert set(run.stdout.split()) <= set(words.split())


def test_all_speech_is_matched_to_a_grammar(tmp_path: Path) -> None:
    grammar = tmp_path / "park.gram"
    grammar.write_text(
        "#JSGF V1.0; grammar park;"
        "public <all> = the (children | parents) were (playing | eating) in the park;"
    )
    run = saywire(
        "transcribe", SAMPLES / "dictation.flac", "--grammar", grammar, "--format", "jsonl", home=tmp_path
    )
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert "the children were playing in the park" in [line["text"] for line in lines]
    assert {line["file"] for line in lines} == {str(SAMPLES / "dictation.flac")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "tinny"), "no model 'tinny'; did you mean 'tiny'?"),
        (("--language", "xx"), "no engine here knows language 'xx'"),
        (("--grammar", "none.gram"), "cannot read none.gram: No such file or directory\n"),
        (("--grammar", str(COMMANDS)), f"cannot read {COMMANDS}: it is not text in UTF-8\n"),
        (("--set", "turns.silence=-1"), "turns.silence is '-1' (flag); expected a number from 0.05 to 60"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    run = saywire("transcribe", COMMANDS, *arguments, home=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("saywire: ") and message in run.stderr
    assert run.stdout == ""


def test_an_option_the_engine_lacks_is_told(tmp_path: Path) -> None:
    run = saywire("transcribe", COMMANDS, "--model", "tiny", "--words", "yes no", home=tmp_path)
    assert run.returncode == 1
    assert run.stderr.startswith(f"saywire: {COMMANDS}: ")
    assert len(run.stderr.splitlines()) == 1


def test_a_plan_gives_each_transcript_its_place(tmp_path: Path) -> None:
    assert plan(["a.wav"], None, Format.SRT) == [Job("a.wav", None, True)]
    assert plan(["a.wav", "b.wav"], None, Format.TEXT) == [
        Job("a.wav", None, False),
        Job("b.wav", None, False),
    ]
    assert plan(["x/a.wav"], str(tmp_path), Format.TEXT) == [Job("x/a.wav", tmp_path / "a.txt", True)]
    assert plan(["x/a.wav"], "new/", Format.VTT) == [Job("x/a.wav", Path("new/a.vtt"), True)]
    together = plan(["a.wav", "b.wav"], "all.jsonl", Format.JSONL)
    assert [job.output for job in together] == [Path("all.jsonl")] * 2


def test_a_plan_that_would_lose_something_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="write --output FOLDER/"):
        plan(["a.wav", "b.wav"], None, Format.SRT)
    with pytest.raises(BadRequest, match="would be written to"):
        plan(["x/a.wav", "y/a.wav"], str(tmp_path), Format.TEXT)


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_heard(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output in ("file/talk.txt", "file/"):
        run = saywire("transcribe", SAMPLES / "commands.flac", "--output", output, home=tmp_path)
        assert run.returncode == 2 and "saywire: cannot write to file/" in run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("format", ["text", "srt"])
def test_a_disk_that_is_full_is_told(tmp_path: Path, format: str) -> None:
    flags = ("--format", format, "--output", "/dev/full", "--model", "tiny")
    run = saywire("transcribe", SAMPLES / "commands.flac", *flags, home=tmp_path)
    assert run.returncode == 1 and "cannot write to /dev/full: No space left on device" in run.stderr
    assert "Traceback" not in run.stderr
