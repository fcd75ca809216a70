"""A server that dies, and is begun anew, in the middle of what is said: nothing is lost, doubled or moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from web.browsing import (
    DONE,
    Server,
    browse,
    choose_file,
    expect,
    finals,
    needs_chromium,
    record,
    save,
    served,
    wait_for_partial,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop", "please-play-five", "computer-stop", "please-play-five")
"""Longer than what happens to the server takes: it must not be over before."""
SAID = [name.replace("-", " ") for name in SPOKEN]
AWAY = "#status[data-state=away]"


def hear(page: Any, spoken: Path, pace: str) -> None:
    choose_file(page, spoken, pace)
    page.click("#start")


def test_a_server_that_is_killed_in_mid_sentence(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", *SPOKEN)
    with served(tmp_path) as server:
        with browse(server.url) as page:
            hear(page, spoken, "fast")
            expect(page.locator(DONE)).to_be_visible()
            assert finals(page) == SAID
            unbroken = save(page, "json")
        with browse(server.url) as page:
            hear(page, spoken, "paced")
            for nth in (1, 2):
                wait_for_partial(page, nth)
                restart(server, page)
            expect(page.locator(DONE)).to_be_visible()
            assert json.loads(save(page, "json")) == json.loads(unbroken)
            assert finals(page) == SAID
            expect(page.locator("#notice")).to_be_hidden()


def restart(server: Server, page: Any) -> None:
    server.kill()
    expect(page.locator(AWAY)).to_be_visible()
    server.start()
    expect(page.locator(AWAY)).to_have_count(0)


def test_a_network_that_goes_away(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", *SPOKEN)
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken, "paced")
        wait_for_partial(page, 2)
        page.context.set_offline(True)
        expect(page.locator(AWAY)).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == SAID


def test_who_stops_while_the_server_is_away_gets_the_last_words_when_it_is_back(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", "computer-stop")
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken, "paced")
        wait_for_partial(page, 1)
        server.kill()
        expect(page.locator(AWAY)).to_be_visible()
        page.click("#stop")
        server.start()
        expect(page.locator(DONE)).to_be_visible()
        assert len(finals(page)) == 1 and "computer stop".startswith(finals(page)[0])


def test_who_does_not_want_to_wait_keeps_what_was_shown(tmp_path: Path) -> None:
    spoken = record(tmp_path / "spoken.wav", "computer-stop")
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken, "paced")
        wait_for_partial(page, 1)
        server.kill()
        expect(page.locator(AWAY)).to_be_visible()
        page.click("#stop")
        expect(page.locator("#stop")).to_have_text("Do not wait")
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        assert len(finals(page)) == 1
