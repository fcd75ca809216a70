"""Somebody speaks on the page, others read along at the link it gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from web.browsing import (
    DONE,
    PATIENCE,
    Server,
    browse,
    choose_file,
    expect,
    finals,
    needs_chromium,
    record,
    save,
    served,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop", "three-one-eight")
SAID = [name.replace("-", " ") for name in SPOKEN]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)


def share(page: Any) -> str:
    page.click("#share")
    expect(page.locator("#sharing")).to_be_visible()
    return str(page.input_value("#link"))


@contextmanager
def watching(page: Any, link: str) -> Iterator[Any]:
    """In the same browser, without anything the speaker's page has."""
    context = page.context.browser.new_context(locale="en-GB")
    viewer = context.new_page()
    viewer.set_default_timeout(PATIENCE)
    viewer.goto(link)
    yield viewer
    context.close()


def expect_lines(page: Any, texts: Sequence[str | re.Pattern[str]]) -> None:
    expect(page.locator("#lines li:not(.open) span:nth-of-type(1)")).to_have_text(texts)


def play(page: Any, spoken: Path, pace: str = "fast") -> None:
    choose_file(page, spoken, pace)
    page.click("#start")


def test_who_has_the_link_sees_what_the_speaker_sees(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        link = share(page)
        with watching(page, link) as viewer:
            expect(viewer.locator("#status[data-state=watchWaiting]")).to_be_visible()
            play(page, spoken)
            expect_lines(viewer, SAID)
            expect(page.locator(DONE)).to_be_visible()
            assert finals(page) == SAID
            assert save(viewer, "srt") == save(page, "srt")
            with watching(page, link) as late:
                expect_lines(late, SAID)
            with watching(page, link.replace("#", "?view=overlay&lines=1#")) as overlay:
                expect_lines(overlay, SAID)
                assert overlay.locator("#lines li:visible").all_inner_texts() == SAID[-1:]
            viewer.keyboard.press("f")
            expect(viewer.locator("html")).to_have_attribute("data-view", "large")
            viewer.keyboard.press("Escape")
            expect(viewer.locator("html")).to_have_attribute("data-view", "page")
            play(page, spoken)
            expect_lines(viewer, SAID * 2)
            expect(page.locator(DONE)).to_be_visible()
            assert save(viewer, "srt") == save(page, "srt")
            page.click("#share-end")
            expect(viewer.locator("#notice[data-name=captionsOver]")).to_be_visible()
        assert any("/v1/realtime" in url for url in asked)
        assert not any("share=" in url for url in asked)  # the speaker's secret, for whoever logs addresses


def test_sharing_begins_in_the_middle_and_ends_when_it_is_taken_back(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        play(page, spoken, "paced")
        expect(page.locator("#lines li:nth-child(2)")).to_be_visible()
        link = share(page)
        with watching(page, link) as viewer:
            expect_lines(viewer, SAID)
            expect(page.locator(DONE)).to_be_visible()
            page.click("#share-end")
            expect(viewer.locator("#notice[data-name=captionsOver]")).to_be_visible()
            assert share(page) != link
        with watching(page, link) as viewer:
            expect(viewer.locator("#notice[data-name=noCaptions]")).to_be_visible()


def test_viewers_keep_when_the_server_is_killed_in_mid_sentence(tmp_path: Path, spoken: Path) -> None:
    with served(tmp_path) as server, browse(server.url) as page:
        link = share(page)
        with watching(page, link) as viewer:
            play(page, spoken, "paced")
            expect(viewer.locator("#lines li:nth-child(2) span").filter(has_text="e").first).to_be_visible()
            server.kill()
            expect(page.locator("#status[data-state=away]")).to_be_visible()
            server.start()
            expect_lines(viewer, SAID)
            expect(page.locator(DONE)).to_be_visible()
            assert save(viewer, "srt") == save(page, "srt")


def test_viewers_see_what_is_said_behind_a_transcript_of_the_history(server: Server, spoken: Path) -> None:
    with browse(server.url) as page, watching(page, share(page)) as viewer:
        for times in (1, 2):
            play(page, spoken)
            expect_lines(viewer, SAID * times)
            expect(page.locator(DONE)).to_be_visible()
            page.click("#clear")
        page.click("#history-open")
        page.click("#talks li:last-child [data-act=openTalk]")  # it ended long ago by the clock of the share
        expect(page.locator("#history")).to_be_hidden()
        play(page, spoken)
        expect_lines(viewer, SAID * 3)
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == SAID * 2


def test_a_link_to_this_computer_says_that_others_cannot_open_it(server: Server) -> None:
    with browse(server.url) as page:
        share(page)
        expect(page.locator("#share-local")).to_contain_text("--host")
    elsewhere = f"http://captions.test:{server.port}/"
    with browse(elsewhere, "--host-resolver-rules=MAP captions.test 127.0.0.1") as page:
        share(page)
        expect(page.locator("#share-local")).to_be_hidden()


def test_a_reader_sees_where_lines_are_missing(server: Server) -> None:
    def tell(route: Any) -> None:
        told = [line(1, "first"), line(2, "half", final=False)]
        later = {"fresh": False, "missing": True, "speaking": True, "lines": [line(1003, "last")]}
        events = [{"fresh": True, "missing": False, "speaking": True, "lines": told}, later]
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        route.fulfill(content_type="text/event-stream", body=f"retry: 99999999\n{body}")

    def line(id: int, text: str, final: bool = True) -> dict[str, object]:
        told = {"id": id, "start": id * 3.0, "end": id * 3.0 + 2, "text": text}
        return told | {"unstable": "", "final": final, "gone": False}

    with browse(server.url) as page:
        page.route("**/v1/captions/*", tell)
        page.goto(f"{server.url}watch#token")
        expect_lines(page, ["first", re.compile("missing"), "last"])
        assert "missing" not in save(page, "txt")


def test_a_link_without_a_token_leads_to_no_captions(server: Server) -> None:
    with browse(server.url) as page, watching(page, f"{server.url}watch") as viewer:
        expect(viewer.locator("#notice[data-name=noCaptions]")).to_be_visible()
        expect(viewer.locator("#status")).to_have_text("Not connected")  # the server is not away


def test_where_a_key_is_wanted_viewers_need_none(tmp_path: Path, spoken: Path) -> None:
    locked = ("--set", "server.api_keys=sk-1")
    with (
        served(tmp_path, *locked) as server,
        browse(server.url, key="sk-1") as page,
        watching(page, share(page)) as viewer,
    ):
        play(page, spoken)
        expect_lines(viewer, SAID)
        expect(viewer.locator("#notice")).to_be_hidden()
