"""Captions alone: large ones, and an overlay for broadcasting software."""

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
    hear,
    needs_chromium,
    record,
    served,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop", "three-one-eight", "computer-stop")
SAID = [name.replace("-", " ") for name in SPOKEN]
OVERLAY = "?view=overlay&bg=transparent&size=50&lines=2&source=sample&sample=commands.flac&pace=fast&start"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)


def shown(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#lines li:visible").all_inner_texts()]


def style(page: Any, selector: str, name: str) -> str:
    return str(page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{name}"))


def test_large_captions_are_the_last_lines_alone(server: Server, spoken: Path) -> None:
    with browse(server.url, viewport={"width": 1280, "height": 720}) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        page.click("#large")
        expect(page.locator("#controls")).to_be_hidden()
        assert shown(page) == SAID[-3:]
        before = float(style(page, "#lines", "fontSize").removesuffix("px"))
        assert before >= 60
        page.click("#leave")
        expect(page.locator("#controls")).to_be_visible()
        expect(page.locator("#leave")).to_be_hidden()
        assert len(shown(page)) == len(SAID)


def font(page: Any) -> float:
    return float(style(page, "#lines", "fontSize").removesuffix("px"))


def test_large_captions_fit_a_phone_and_are_sized_without_a_keyboard(server: Server, spoken: Path) -> None:
    with browse(server.url, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator("#larger")).to_be_hidden()
        page.click("#large")
        before = font(page)
        assert 24 <= before <= 40
        last = page.locator("#lines li").last.bounding_box()
        assert last["y"] + last["height"] > 700  # at the bottom, as everywhere
        page.tap("#larger")
        assert font(page) > before
        page.tap("#smaller")
        page.tap("#smaller")
        assert font(page) < before


def test_large_captions_say_that_the_server_is_away(tmp_path: Path, spoken: Path) -> None:
    with served(tmp_path) as server, browse(server.url) as page:
        hear(page, spoken)
        page.click("#large")
        expect(page.locator("#status")).to_be_hidden()
        server.kill()
        expect(page.locator("#status[data-state=away]")).to_be_visible()
        expect(page.locator("#status")).to_be_in_viewport()


def test_an_overlay_hears_and_shows_by_itself(server: Server) -> None:
    with browse(server.url, path=OVERLAY, color_scheme="dark") as page:
        expect(page.locator("#status")).to_have_attribute("data-state", "done")
        assert len(shown(page)) == 2 and page.locator("#lines li").count() > 2
        assert (
            style(page, "body", "backgroundColor")
            == style(page, "html", "backgroundColor")
            == "rgba(0, 0, 0, 0)"
        )
        assert style(page, "#lines", "fontSize") == "50px"
        for hidden in ("header button", "#controls", "footer", ".buttons", "#leave"):
            expect(page.locator(hidden).first).to_be_hidden()


def test_colours_are_colours_or_nothing(server: Server) -> None:
    with browse(server.url, path="?view=overlay&bg=rgb(0 128 0)&color=url(x)&size=1e9&lines=99") as page:
        assert style(page, "html", "backgroundColor") == "rgb(0, 128, 0)"
        assert style(page, "#lines", "fontSize") == "240px"
        assert style(page, "body", "color") == "rgb(255, 255, 255)"
