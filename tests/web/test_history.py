"""What this browser keeps of what was said, and how it is made to forget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from web.browsing import (
    DONE,
    Server,
    browse,
    choose_file,
    expect,
    finals,
    hear,
    needs_chromium,
    record,
    save,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop")
SAID = [name.replace("-", " ") for name in SPOKEN]
TALKS = "#talks li"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)


def play(page: Any, spoken: Path) -> None:
    choose_file(page, spoken)
    page.click("#start")
    expect(page.locator(DONE)).to_be_visible()


def expect_talks(page: Any, count: int) -> None:
    page.click("#history-open")
    expect(page.locator(TALKS)).to_have_count(count)
    page.click("#history-close")


def test_a_transcript_is_kept_and_goes_on(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        play(page, spoken)
        saved = save(page, "json")
        expect_talks(page, 1)
        page.reload()
        expect(page.locator("#lines li")).to_have_count(0)
        page.click("#history-open")
        expect(page.locator(f"{TALKS} span")).to_have_text(SAID[0])
        page.click("[data-act=openTalk]")
        expect(page.locator("#history")).to_be_hidden()
        assert save(page, "json") == saved
        play(page, spoken)
        assert finals(page) == SAID * 2
        longer = save(page, "json")
        expect_talks(page, 1)  # which waits until all is written
        page.reload()
        page.click("#history-open")
        expect(page.locator(TALKS)).to_have_count(1)
        page.click("[data-act=openTalk]")
        assert save(page, "json") == longer


def test_it_is_forgotten_one_by_one_or_all_at_once_or_never_kept(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        for count in (1, 2, 3):
            play(page, spoken)
            expect_talks(page, count)
            page.click("#clear")
        page.click("#history-open")
        page.click(f"{TALKS}:nth-child(2) [data-act=delete]")
        expect(page.locator(TALKS)).to_have_count(2)
        page.once("dialog", lambda asked: asked.dismiss())
        page.click("#forget")
        expect(page.locator(TALKS)).to_have_count(2)
        page.once("dialog", lambda asked: asked.accept())
        page.click("#forget")
        expect(page.locator(TALKS)).to_have_count(0)
        expect(page.locator("#no-talks")).to_be_visible()
        page.uncheck("#keep")
        page.click("#history-close")
        play(page, spoken)
        expect_talks(page, 0)


def test_what_is_kept_nowhere_is_not_cleared_unasked(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        page.click("#history-open")
        page.uncheck("#keep")
        page.click("#history-close")
        page.click("#clear")  # of which nobody is asked: there is nothing
        play(page, spoken)
        page.once("dialog", lambda asked: asked.dismiss())
        page.click("#clear")
        assert finals(page) == SAID
        page.once("dialog", lambda asked: asked.accept())
        page.click("#clear")
        expect(page.locator("#lines li")).to_have_count(0)


def test_a_talk_cannot_be_opened_while_another_goes_on(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        play(page, spoken)
        hear(page, spoken)
        page.click("#history-open")
        expect(page.locator("#history-busy")).to_be_hidden()
        page.click("[data-act=openTalk]")
        expect(page.locator("#history-busy")).to_contain_text("Stop")
        page.click("#history-close")
        page.click("#history-open")
        expect(page.locator("#history-busy")).to_be_hidden()
