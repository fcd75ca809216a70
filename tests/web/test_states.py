"""What is wrong is said in words of its own: no permission, no signal, no key, nothing shared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.house import talk
from laws.speech import silence
from server.audio import wav
from web.browsing import DONE, Server, browse, expect, microphone, needs_chromium, served

pytestmark = needs_chromium

KEEP = """(() => {
    const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => (window.stream = await get(wish));
})()"""
"""The page's own track, for what a fake device has no switch for."""
SHARE_NOTHING = """(() => {
    navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException('', 'NotAllowedError'); };
})()"""
SHARE_NO_AUDIO = """(() => {
    const get = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getDisplayMedia = (wish) => get({...wish, audio: false});
})()"""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing at all for six seconds, then words."""
    path = tmp_path_factory.mktemp("quiet") / "quiet.wav"
    path.write_bytes(wav(np.concatenate([silence(6.0), talk("computer-stop")])))
    return path


def expect_notice(page: Any, name: str, words: str) -> None:
    expect(page.locator("#notice")).to_have_attribute("data-name", name)
    expect(page.locator("#notice")).to_have_text(re.compile(words))
    expect(page.locator("#notice")).to_be_visible()


def expect_idle(page: Any) -> None:
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator("#status")).to_have_attribute("data-state", "idle")


def test_a_microphone_that_is_denied(server: Server) -> None:
    with browse(server.url, "--use-fake-device-for-media-stream", "--deny-permission-prompts") as page:
        page.click("#start")
        expect_notice(page, "denied", "not allowed")
        expect_idle(page)


def test_a_machine_without_a_microphone(server: Server) -> None:
    with browse(server.url) as page:
        page.click("#start")
        expect(page.locator("#notice[data-name=noDevice], #notice[data-name=denied]")).to_be_visible()
        expect_idle(page)


def test_a_page_that_may_have_no_microphone(server: Server) -> None:
    """Of http, and not of this machine, as a browser sees it."""
    elsewhere = f"http://captions.test:{server.port}/"
    with browse(elsewhere, "--host-resolver-rules=MAP captions.test 127.0.0.1") as page:
        assert page.evaluate("window.isSecureContext") is False
        expect_notice(page, "insecure", "https")
        page.select_option("#source", "file")
        expect(page.locator("#notice")).to_be_hidden()
        page.select_option("#source", "tab")
        page.click("#start")
        expect_notice(page, "insecure", "https")
        expect_idle(page)


def test_a_microphone_that_gives_nothing(server: Server, quiet: Path) -> None:
    with browse(server.url, *microphone(quiet)) as page:
        page.click("#start")
        expect_notice(page, "noSignal", "silent")
        expect(page.locator("#notice")).to_be_hidden()  # when the words come
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()


def test_a_microphone_while_the_server_is_away(tmp_path: Path, quiet: Path) -> None:
    with served(tmp_path) as server, browse(server.url, *microphone(quiet)) as page:
        server.kill()
        page.click("#start")
        expect_notice(page, "unreachable", "does not answer")
        expect_idle(page)


def test_a_microphone_that_is_muted(server: Server, quiet: Path) -> None:
    with browse(server.url, *microphone(quiet)) as page:
        page.evaluate(KEEP)
        page.click("#start")
        expect(page.locator("#status")).to_have_attribute("data-state", "listening")
        page.evaluate("window.stream.getAudioTracks()[0].dispatchEvent(new Event('mute'))")
        expect_notice(page, "muted", "muted")
        page.evaluate("window.stream.getAudioTracks()[0].dispatchEvent(new Event('unmute'))")
        expect(page.locator("#notice[data-name=muted]")).to_have_count(0)


def test_a_microphone_that_is_pulled_out(server: Server, quiet: Path) -> None:
    with browse(server.url, *microphone(quiet)) as page:
        page.evaluate(KEEP)
        page.click("#start")
        expect(page.locator("#status")).to_have_attribute("data-state", "listening")
        page.evaluate("window.stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
        expect_notice(page, "sourceEnded", "ended")
        expect(page.locator(DONE)).to_be_visible()


def test_a_tab_that_is_shared_without_its_audio(server: Server) -> None:
    with browse(server.url, "--auto-select-tab-capture-source-by-title=Live captions") as page:
        page.evaluate(SHARE_NO_AUDIO)
        page.select_option("#source", "tab")
        page.evaluate("document.title = 'Live captions'")
        page.context.new_page().goto(f"{server.url}test")  # a page does not offer itself
        page.bring_to_front()
        page.click("#start")
        expect_notice(page, "noAudioShared", "No audio")
        expect_idle(page)


def test_a_choice_of_nothing(server: Server) -> None:
    with browse(server.url) as page:
        page.evaluate(SHARE_NOTHING)
        page.select_option("#source", "tab")
        page.click("#start")
        expect_notice(page, "cancelled", "Nothing")
        expect_idle(page)


def test_a_file_that_is_none(server: Server, tmp_path: Path) -> None:
    text = tmp_path / "talk.wav"
    text.write_text("not audio")
    with browse(server.url) as page:
        page.select_option("#source", "file")
        page.click("#start")
        expect_notice(page, "noFile", "Choose")
        page.set_input_files("#file", text)
        page.click("#start")
        expect_notice(page, "badFile", "decode")
        expect_idle(page)


def test_a_key_is_asked_for_where_one_is_wanted(server: Server) -> None:
    with browse(server.url) as page:
        asked: list[str | None] = []

        def guard(route: Any) -> None:
            asked.append(route.request.header_value("authorization"))
            route.continue_() if asked[-1] == "Bearer good" else route.fulfill(status=401)

        page.route("**/v1/models", guard)
        page.reload()
        expect_notice(page, "needKey", "wants")
        page.fill("#key", "bad")
        page.press("#key", "Enter")
        expect_notice(page, "wrongKey", "not know")
        page.fill("#key", "good")
        page.press("#key", "Enter")
        expect(page.locator("#key-field")).to_be_hidden()
        assert asked == [None, "Bearer bad", "Bearer good"]
        expect(page.locator("#notice")).to_be_hidden()


def test_a_server_that_does_not_answer(server: Server) -> None:
    with browse(server.url) as page:
        page.route("**/v1/models", lambda route: route.abort())
        page.reload()
        expect_notice(page, "unreachable", "does not answer")
    with browse(server.url) as page:
        page.route("**/samples/*", lambda route: route.abort())
        page.select_option("#source", "sample")
        page.click("#start")
        expect_notice(page, "unreachable", "does not answer")
        expect_idle(page)
