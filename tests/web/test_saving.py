"""What is saved and copied: the words, and the times that an upload of the same has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from web.browsing import (
    DONE,
    FINALS,
    Server,
    browse,
    choose_file,
    expect,
    hold_time,
    needs_chromium,
    play,
    record,
    save,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop")
SAID = ["please play five", "computer stop"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)


def test_what_is_saved_has_the_times_of_an_upload(server: Server, spoken: Path) -> None:
    form = {"model": "tiny", "response_format": "verbose_json", "timestamp_granularities[]": "segment"}
    answer = httpx.post(
        f"{server.url}v1/audio/transcriptions", data=form, files={"file": spoken.read_bytes()}
    )
    segments = answer.json()["segments"]
    with browse(server.url) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        saved = {name: save(page, name) for name in ("txt", "srt", "vtt", "json")}
    times = [
        (pytest.approx(one["start"], abs=0.002), pytest.approx(one["end"], abs=0.002)) for one in segments
    ]
    assert [one["text"].strip() for one in segments] == SAID
    assert saved["txt"].splitlines() == SAID
    lines = json.loads(saved["json"])["segments"]
    assert [(one["start"], one["end"]) for one in lines] == times
    assert [one["text"].strip() for one in lines] == SAID
    assert [" ".join(word["word"].strip() for word in one["words"]) for one in lines] == SAID
    assert read_cues(saved["srt"], ",") == [(*time, text) for time, text in zip(times, SAID, strict=True)]
    assert saved["vtt"].startswith("WEBVTT\n\n")
    assert read_cues(saved["vtt"].removeprefix("WEBVTT\n\n"), ".") == read_cues(saved["srt"], ",")


def read_cues(text: str, mark: str) -> list[tuple[float, float, str]]:
    """Start, end and text of each; a strict reader."""
    cues = [block.split("\n") for block in text.removesuffix("\n").split("\n\n")]
    stamp = rf"(\d\d):(\d\d):(\d\d){re.escape(mark)}(\d\d\d)"
    read = []
    for nth, cue in enumerate(cues, 1):
        if mark == ",":
            assert cue.pop(0) == str(nth)
        times, words = cue
        found = re.fullmatch(f"{stamp} --> {stamp}", times)
        assert found
        start, end = (
            int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000
            for h, m, s, ms in (found.groups()[:4], found.groups()[4:])
        )
        read.append((start, end, words))
    return read


def test_the_clock_begins_anew_once_all_is_cleared(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        saved = save(page, "srt")
        page.click("#clear")
        page.click("#start")
        expect(page.locator(FINALS)).to_have_count(len(SAID))
        expect(page.locator(DONE)).to_be_visible()
        assert save(page, "srt") == saved


def test_what_is_not_there_is_not_copied_or_saved(server: Server) -> None:
    with browse(server.url) as page:
        saved: list[object] = []
        page.on("download", lambda one: saved.append(one))
        for selector in ("#copy", "[data-save=srt]", "[data-save=json]"):
            page.click(selector)
            expect(page.locator("#notice[data-name=nothingYet]")).to_contain_text("nothing")
        assert not saved


def test_that_it_was_copied_is_told_for_a_moment(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        hold_time(page)
        page.set_input_files("#file", [])
        for before in ("", "noFile"):
            page.click("#copy")
            expect(page.locator("#notice")).to_have_text("Copied.")
            page.click("#copy")
            play(page, 10)
            expect(page.locator("#notice")).to_have_attribute("data-name", before)
            page.click("#start")


@pytest.mark.parametrize("host", ["127.0.0.1", "captions.test"])
def test_what_is_copied_has_its_times(server: Server, spoken: Path, host: str) -> None:
    """Also by a page that came over http from elsewhere, for which browsers have no clipboard."""
    url = server.url.replace("127.0.0.1", host)
    with browse(url, f"--host-resolver-rules=MAP {host} 127.0.0.1") as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        page.click("#copy")
        expect(page.locator("#notice")).to_have_text("Copied.")
        page.select_option("#source", "sample")
        page.focus("#hotwords")
        page.keyboard.press("Control+V")
        lines = page.input_value("#hotwords").splitlines()
        assert [line.partition(" ")[2] for line in lines] == SAID
        assert all(re.fullmatch(r"\[0:0\d\]", line.partition(" ")[0]) for line in lines)
