"""A button that is held while one talks; a clip that is recorded first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from web.browsing import DONE, FINALS, Server, browse, expect, finals, needs_chromium, record

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop")


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """One that says the same again and again."""
    spoken = record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}",
    )


def wait_for_text(page: Any) -> None:
    """In a line that goes on."""
    expect(page.locator("#lines li.open span").filter(has_text=re.compile("[a-z]")).first).to_be_visible()


def test_what_is_said_while_a_button_is_held_is_one_turn(server: Server, microphone: tuple[str, ...]) -> None:
    with browse(server.url, *microphone) as page:
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


def test_a_clip_is_recorded_then_recognised(server: Server, microphone: tuple[str, ...]) -> None:
    with browse(server.url, *microphone) as page:
        page.select_option("#source", "clip")
        page.click("#start")
        expect(page.locator("#status[data-state=recording]")).to_be_visible()
        expect(page.locator("#recorded")).to_have_text(re.compile("0:0[5-9]"))
        assert not finals(page)
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator(FINALS)).not_to_have_count(0)
        expect(page.locator("#notice")).to_be_hidden()
