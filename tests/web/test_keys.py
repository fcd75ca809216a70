"""Shortcuts, and the events of the connection for those who build on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from web.browsing import DONE, Server, browse, choose_file, expect, finals, needs_chromium, record

pytestmark = needs_chromium

SAID = "computer stop"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", "computer-stop")


def size(page: Any) -> float:
    return float(page.evaluate("parseFloat(getComputedStyle(document.querySelector('#lines')).fontSize)"))


def press(page: Any, key: str) -> None:
    page.locator(":focus").evaluate_all("(found) => found.forEach((one) => one.blur())")
    page.keyboard.press(key)


def test_shortcuts(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        choose_file(page, spoken)
        press(page, "Space")
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == [SAID]
        press(page, "f")
        expect(page.locator("html")).to_have_attribute("data-view", "large")
        before = size(page)
        press(page, "+")
        assert size(page) > before
        press(page, "-")
        press(page, "-")
        assert size(page) < before
        press(page, "Escape")
        expect(page.locator("html")).to_have_attribute("data-view", "page")
        with page.expect_download() as download:
            press(page, "Control+s")
        assert Path(download.value.path()).read_text("utf-8") == f"{SAID}\n"


def test_shortcuts_are_listed_and_those_of_one_key_can_be_switched_off(server: Server) -> None:
    with browse(server.url) as page:
        press(page, "?")
        expect(page.locator("#help")).to_be_visible()
        page.uncheck("#single")
        page.click("#help-close")
        press(page, "f")
        press(page, "?")
        expect(page.locator("html")).to_have_attribute("data-view", "page")
        expect(page.locator("#help")).to_be_hidden()
        page.reload()
        page.click("#help-open")
        expect(page.locator("#single")).not_to_be_checked()


def test_keys_that_are_typed_are_no_shortcuts(server: Server) -> None:
    with browse(server.url) as page:
        page.focus("#hotwords")
        page.keyboard.type("f ?+-")
        assert page.input_value("#hotwords") == "f ?+-"
        expect(page.locator("html")).to_have_attribute("data-view", "page")
        expect(page.locator("#start")).to_be_visible()


def test_developers_see_the_events(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        page.click("#drawer summary")
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        events = page.locator("#events li")
        texts = events.all_inner_texts()
        assert any(text.startswith('> {"type":"session.update"') for text in texts)
        assert any(text.startswith("<") and f'"transcript":"{SAID}"' in text for text in texts)
        assert any("characters of base64" in text for text in texts)
        assert max(map(len, texts)) < 4000
        page.click("#drawer-clear")
        expect(events).to_have_count(0)
