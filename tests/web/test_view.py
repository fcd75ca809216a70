"""Thousands of lines: a partial touches its own line only, and what is read stays where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from web.browsing import FINALS, Server, browse, expect, needs_chromium

pytestmark = needs_chromium

SAID = "conversation.item.input_audio_transcription."
LINES = 1000
RECORD = """() => {
    window.touched = [];
    const find = ({target}) => target.closest?.('li') ?? target;
    new MutationObserver((records) => touched.push(...records.map(find)))
        .observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
TOUCHED = (
    "touched.map((one) => one === document.querySelector('#lines li.open') ? 'open' : one.id || one.nodeName)"
)
LEFT = "(box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight)"


class Talk:
    """A server's side of the wire, which says what a test wants."""

    def __init__(self) -> None:
        self.socket: Any = None
        self.said = 0

    def answer(self, socket: Any) -> None:
        self.socket = socket
        socket.on_message(lambda _: None)
        self.say(type="session.created", session={"id": "s"})

    def say(self, **event: object) -> None:
        self.socket.send(json.dumps(event))

    def finish(self, lines: int) -> None:
        for _ in range(lines):
            self.said += 1
            item = {"item_id": f"item_{self.said}", "start": self.said * 4, "end": self.said * 4 + 3}
            self.say(type=f"{SAID}completed", transcript=f"line {self.said}", seq=self.said, **item)

    def grow(self, text: str) -> None:
        self.say(type=f"{SAID}delta", item_id="open", delta="", unstable=text)


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def page(server: Server, talk: Talk) -> Iterator[Any]:
    """It plays a sample to the test."""
    with browse(server.url) as page:
        page.route_web_socket("**/v1/realtime**", talk.answer)
        page.select_option("#source", "sample")
        page.click("#start")
        expect(page.locator("#status")).to_have_attribute("data-state", "listening")
        yield page


def test_a_partial_touches_its_own_line(page: Any, talk: Talk) -> None:
    talk.finish(LINES)
    talk.grow("what may")
    expect(page.locator("#lines li.open")).to_contain_text("what may")
    expect(page.locator(FINALS)).to_have_count(LINES)
    page.evaluate(RECORD)
    talk.grow("what may change")
    expect(page.locator("#lines li.open")).to_contain_text("what may change")
    touched = page.evaluate(TOUCHED)
    assert "open" in touched and "LI" not in touched


def test_what_is_heard_is_drawn(page: Any) -> None:
    """It plays a sample, as it is spoken; columns of silence have the height of a line."""
    drawn = """() => {
        const canvas = document.getElementById('wave');
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const rows = new Set();
        data.forEach((value, at) => {
            if (at % 4 === 3 && value) rows.add(Math.floor(at / 4 / canvas.width));
        });
        return rows.size;
    }"""
    expect(page.locator("#wave")).to_be_visible()
    while page.evaluate(drawn) < 10:
        page.evaluate("new Promise(requestAnimationFrame)")


def test_it_follows_what_is_said_unless_somebody_reads_back(page: Any, talk: Talk) -> None:
    scroller, jump = page.locator("#scroller"), page.locator("#jump")
    talk.finish(100)
    expect(page.locator(FINALS)).to_have_count(100)
    expect(page.locator(FINALS).last).to_be_in_viewport()
    expect(jump).to_be_hidden()
    page.hover("#scroller")
    page.mouse.wheel(0, -600)
    expect(jump).to_be_visible()
    talk.finish(10)
    expect(page.locator(FINALS)).to_have_count(110)
    expect(jump).to_be_visible()
    assert scroller.evaluate(LEFT) > 400
    jump.click()
    expect(jump).to_be_hidden()
    expect(page.locator(FINALS).last).to_be_in_viewport()
    assert scroller.evaluate(LEFT) <= 1


def test_a_partial_does_not_move_the_lines_above_it(page: Any, talk: Talk) -> None:
    talk.finish(3)
    expect(page.locator(FINALS)).to_have_count(3)
    before = page.locator(FINALS).last.bounding_box()
    talk.grow("what may change " * 3)
    expect(page.locator("#lines li.open")).to_contain_text("what may change")
    assert page.locator(FINALS).last.bounding_box() == before
    page.click("#clear")
    expect(page.locator("#lines li")).to_have_count(1)  # what is being said
