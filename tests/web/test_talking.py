"""A button that is held while one talks; a clip that is recorded first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from web.browsing import DONE, FINALS, Server, browse, expect, finals, microphone, needs_chromium, record

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop")


@pytest.fixture(scope="module")
def flags(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    return microphone(record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN))


def wait_for_text(page: Any) -> None:
    """In a line that goes on."""
    expect(page.locator("#lines li.open span").filter(has_text=re.compile("[a-z]")).first).to_be_visible()


def test_what_is_said_while_a_button_is_held_is_one_turn(server: Server, flags: tuple[str, ...]) -> None:
    with browse(server.url, *flags) as page:
        page.select_option("#turns", "held")
        page.click("#start")
        expect(page.locator("#status[data-state=holdToTalk]")).to_be_visible()
        expect(page.locator("#pause")).to_be_hidden()
        page.keyboard.down("Space")
        expect(page.locator("#status[data-state=listening]")).to_be_visible()
        wait_for_text(page)
        page.keyboard.up("Space")
        expect(page.locator("#status[data-state=holdToTalk]")).to_be_visible()
        expect(page.locator(FINALS)).to_have_count(1)
        page.hover("#talk")
        page.mouse.down()
        wait_for_text(page)
        page.mouse.up()
        expect(page.locator(FINALS)).to_have_count(2)
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        assert len(finals(page)) == 2


def test_a_clip_is_recorded_then_recognised(server: Server, flags: tuple[str, ...]) -> None:
    with browse(server.url, *flags) as page:
        page.select_option("#source", "clip")
        page.click("#start")
        expect(page.locator("#status[data-state=recording]")).to_be_visible()
        expect(page.locator("#recorded")).to_have_text(re.compile("0:0[5-9]"))
        assert not finals(page)
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator(FINALS)).not_to_have_count(0)
        expect(page.locator("#notice")).to_be_hidden()


def test_a_recognition_that_takes_too_long_can_be_given_up(server: Server, flags: tuple[str, ...]) -> None:
    with browse(server.url, *flags) as page:
        asked = []
        page.route("**/v1/audio/transcriptions", lambda route: asked.append(route))  # and never answered
        page.select_option("#source", "clip")
        page.click("#start")
        expect(page.locator("#recorded")).to_have_text(re.compile("0:0[1-9]"))
        page.click("#stop")
        expect(page.locator("#status[data-state=recognising]")).to_be_visible()
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator("#notice")).to_be_hidden()
        assert len(asked) == 1


def test_a_clip_that_could_not_be_sent_is_kept_and_sent_again(server: Server, flags: tuple[str, ...]) -> None:
    with browse(server.url, *flags) as page:
        page.route("**/v1/audio/transcriptions", lambda route: route.abort())
        page.select_option("#source", "clip")
        page.click("#start")
        expect(page.locator("#recorded")).to_have_text(re.compile("0:0[5-9]"))
        page.click("#stop")
        expect(page.locator("#notice[data-name=clipKept]")).to_contain_text("does not answer")
        expect(page.locator("#source")).to_have_value("file")
        page.select_option("#pace", "fast")
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator(FINALS)).not_to_have_count(0)
