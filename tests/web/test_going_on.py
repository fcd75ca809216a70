"""A server that dies, and is begun anew, in the middle of what is said: nothing is lost, doubled or moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from web.browsing import (
    DONE,
    FINALS,
    Server,
    browse,
    choose_file,
    expect,
    finals,
    hear,
    needs_chromium,
    play,
    record,
    save,
    served,
    wait_for_partial,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop", "please-play-five")
SAID = [name.replace("-", " ") for name in SPOKEN]
AWAY, LISTENING = "#status[data-state=away]", "#status[data-state=listening]"
UP_TO = (0.9, 0.6)
"""Seconds into the first sentence, and from the moment after the first break on into the second."""
AGAIN = 2.0
"""Seconds within which it is tried again."""


def lose(server: Server, page: Any) -> None:
    server.kill()
    expect(page.locator(AWAY)).to_be_visible()


def finish(page: Any) -> None:
    play(page, 30)
    expect(page.locator(DONE)).to_be_visible()


def test_a_server_that_is_killed_in_mid_sentence(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", *SPOKEN)
    with served(tmp_path) as server:
        with browse(server.url) as page:
            choose_file(page, spoken)
            page.click("#start")
            expect(page.locator(DONE)).to_be_visible()
            assert finals(page) == SAID
            unbroken = save(page, "json")
        with browse(server.url) as page:
            hear(page, spoken)
            for nth, seconds in enumerate(UP_TO, 1):
                play(page, seconds)
                wait_for_partial(page, nth)
                expect(page.locator(FINALS)).to_have_count(nth - 1)
                lose(server, page)
                server.start()
                play(page, AGAIN)
                expect(page.locator(LISTENING)).to_be_visible()
            finish(page)
            assert json.loads(save(page, "json")) == json.loads(unbroken)
            assert finals(page) == SAID
            expect(page.locator("#notice")).to_be_hidden()


def test_a_network_that_goes_away(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", *SPOKEN)
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken)
        play(page, UP_TO[0])
        wait_for_partial(page, 1)
        page.context.set_offline(True)
        expect(page.locator(AWAY)).to_be_visible()
        page.context.set_offline(False)
        finish(page)
        assert finals(page) == SAID


def test_who_stops_while_the_server_is_away_gets_the_last_words_when_it_is_back(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", SPOKEN[0])
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken)
        play(page, UP_TO[0])
        wait_for_partial(page, 1)
        lose(server, page)
        play(page, 10)  # to its end, and so it stops
        expect(page.locator("#stop")).to_have_text("Do not wait")
        server.start()
        finish(page)
        assert finals(page) == SAID[:1]


def test_who_does_not_want_to_wait_keeps_what_was_shown(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", SPOKEN[0])
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken)
        play(page, UP_TO[0])
        wait_for_partial(page, 1)
        lose(server, page)
        page.click("#stop")
        expect(page.locator("#stop")).to_have_text("Do not wait")
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        assert len(finals(page)) == 1
