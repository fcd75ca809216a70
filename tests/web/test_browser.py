"""The page in a real Chromium, on a real server: a microphone, a tab and a file become text and subtitles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web.browsing import (
    DONE,
    FINALS,
    Server,
    browse,
    choose_file,
    expect,
    finals,
    microphone,
    needs_chromium,
    record,
    save,
    served,
)

pytestmark = needs_chromium

SPOKEN, SAID = "computer-stop", "computer stop"
PLAY = """() => {
    document.title = 'talking';
    const player = document.createElement('audio');
    Object.assign(player, {src: '/web/samples/commands.flac', loop: true});
    document.body.append(player);
    return player.play();
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", SPOKEN)


def test_a_file_becomes_text_and_subtitles(server: Server, spoken: Path) -> None:
    with browse(server.url, locale="zh-CN") as page:
        expect(page.locator("#start")).to_have_text("开始")
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == [SAID]
        saved = save(page, "srt")
        assert saved.startswith("1\n00:00:0") and saved.endswith(f"\n{SAID}\n")


def test_a_microphone_becomes_text(server: Server, spoken: Path) -> None:
    with browse(server.url, *microphone(spoken)) as page:
        page.click("#start")
        expect(page.locator(FINALS)).not_to_have_count(0)
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        assert any(finals(page))


def test_the_sound_of_another_tab_becomes_text(server: Server) -> None:
    flags = (
        "--autoplay-policy=no-user-gesture-required",
        "--auto-select-tab-capture-source-by-title=talking",
    )
    with browse(server.url, *flags) as page:
        talking = page.context.new_page()
        talking.goto(f"{server.url}health")
        talking.evaluate(PLAY)
        page.bring_to_front()
        page.select_option("#source", "tab")
        page.click("#start")
        expect(page.locator(FINALS)).not_to_have_count(0)
        talking.close()
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator("#notice")).to_have_attribute("data-name", "sourceEnded")


def test_a_key_is_asked_for_where_one_is_wanted(server: Server) -> None:
    with browse(server.url) as page:
        asked: list[str | None] = []

        def guard(route: Any) -> None:
            asked.append(route.request.header_value("authorization"))
            route.continue_() if asked[-1] == "Bearer good" else route.fulfill(status=401)

        page.route("**/v1/models", guard)
        page.reload()
        expect(page.locator("#notice")).to_have_attribute("data-name", "needKey")
        page.fill("#key", "bad")
        page.press("#key", "Enter")
        expect(page.locator("#notice")).to_have_attribute("data-name", "wrongKey")
        page.fill("#key", "good")
        page.press("#key", "Enter")
        expect(page.locator("#key-field")).to_be_hidden()
        assert asked == [None, "Bearer bad", "Bearer good"]
        expect(page.locator("#notice")).to_be_hidden()


def test_without_a_microphone_it_says_so(server: Server) -> None:
    with browse(server.url) as page:
        page.click("#start")
        expect(page.locator("#notice[data-name=noDevice], #notice[data-name=denied]")).to_be_visible()
        expect(page.locator("#start")).to_be_visible()
