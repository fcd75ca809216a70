"""The page in a real Chromium, on a real server: a microphone and a file become text and subtitles.

The policy of the page forbids the evaluation of strings, so that tests wait for selectors only.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.house import House, at_home, open_house, talk

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

SPOKEN, SAID = "computer-stop", "computer stop"
DONE = "#status[data-state=done]"
PLAY = """() => {
    document.title = 'talking';
    const player = document.createElement('audio');
    Object.assign(player, {src: '/web/samples/commands.flac', loop: true});
    document.body.append(player);
    return player.play();
}"""
FINALS = "#lines li:not(.open)"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as opened:
        yield opened


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((talk(SPOKEN) * 32767).astype(np.int16).tobytes())
    return path


@asynccontextmanager
async def browse(house: House, *flags: str, **context: Any) -> AsyncIterator[Any]:
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=CHROMIUM,
            args=list(flags),
            ignore_default_args=["--mute-audio"],  # it would silence what a tab gives, too
        )
        page = await (await browser.new_context(**context)).new_page()
        broken: list[object] = []
        page.on("pageerror", lambda error: broken.append(error))
        await page.goto(f"http://{house.at}/")
        await page.wait_for_selector("#model option[value=tiny]", state="attached")
        yield page
        assert not broken
        await browser.close()


@at_home
async def test_a_file_becomes_text_and_subtitles(house: House, spoken: Path) -> None:
    async with browse(house, locale="zh-CN") as page:
        assert await page.inner_text("#start") == "开始"
        await page.select_option("#source", "file")
        await page.select_option("#pace", "fast")
        await page.set_input_files("#file", spoken)
        await page.click("#start")
        await page.wait_for_selector(DONE)
        text = (await page.inner_text(f"{FINALS} span")).strip()
        assert text == SAID
        async with page.expect_download() as download:
            await page.click("[data-save=srt]")
        saved = (await (await download.value).path()).read_text("utf-8")
        assert saved.startswith("1\n00:00:0") and saved.endswith(f"\n{SAID}\n")


@at_home
async def test_a_microphone_becomes_text(house: House, spoken: Path) -> None:
    fake = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}%noloop",
    )
    async with browse(house, *fake, locale="en-GB") as page:
        await page.click("#start")
        await page.wait_for_selector(FINALS)
        assert (
            await page.inner_text(f"{FINALS} span")
        ).strip()  # a busy machine drops some of a fake microphone
        await page.click("#stop")
        await page.wait_for_selector(DONE)


@at_home
async def test_the_sound_of_another_tab_becomes_text(house: House) -> None:
    flags = (
        "--autoplay-policy=no-user-gesture-required",
        "--auto-select-tab-capture-source-by-title=talking",
    )
    async with browse(house, *flags, locale="en-GB") as page:
        talking = await page.context.new_page()
        await talking.goto(f"http://{house.at}/health")
        await talking.evaluate(PLAY)
        await page.bring_to_front()
        await page.select_option("#source", "tab")
        await page.click("#start")
        await page.wait_for_selector(FINALS)
        await talking.close()
        await page.wait_for_selector(DONE)
        assert await page.get_attribute("#notice", "data-name") == "sourceEnded"


@at_home
async def test_a_key_is_asked_for_where_one_is_wanted(house: House) -> None:
    async with browse(house, locale="en-GB") as page:
        asked: list[str | None] = []

        async def guard(route: Any) -> None:
            asked.append(await route.request.header_value("authorization"))
            await (route.continue_() if asked[-1] == "Bearer good" else route.fulfill(status=401))

        await page.route("**/v1/models", guard)
        await page.reload()
        await page.wait_for_selector("#notice[data-name=needKey]")
        await page.fill("#key", "bad")
        await page.press("#key", "Enter")
        await page.wait_for_selector("#notice[data-name=wrongKey]")
        await page.fill("#key", "good")
        await page.press("#key", "Enter")
        await page.wait_for_selector("#key-field", state="hidden")
        assert asked == [None, "Bearer bad", "Bearer good"]
        assert await page.is_hidden("#notice")


@at_home
async def test_without_a_microphone_it_says_so(house: House) -> None:
    async with browse(house, locale="en-GB") as page:
        await page.click("#start")
        await page.wait_for_selector("#notice[data-name=noDevice], #notice[data-name=denied]")
        assert await page.is_visible("#start")
