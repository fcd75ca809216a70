"""What is heard becomes text, on the real engine: a sample, a file, a microphone, another tab.

A microphone and a tab say the same again and again, and must be understood once: Chromium drops some of their
sound where the machine is busy.
"""

from __future__ import annotations

import json
import re
import wave
from pathlib import Path
from typing import Any

import pytest

from cli.program import SAMPLES
from e2e.house import talk
from server.audio import wav
from web.browsing import (
    DONE,
    FINALS,
    Server,
    browse,
    choose_file,
    expect,
    finals,
    hear,
    hold_time,
    microphone,
    needs_chromium,
    play,
    record,
    save,
    wait_for_partial,
)

pytestmark = needs_chromium

SPOKEN = ("please-play-five", "computer-stop")
SAID = ["please play five", "computer stop"]
PLAY = """() => {
    document.title = 'talking';
    const player = document.createElement('audio');
    Object.assign(player, {src: '/web/samples/spoken.wav', loop: true});
    document.body.append(player);
    return player.play();
}"""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)


def length(recording: Path) -> float:
    with wave.open(str(recording)) as file:
        return file.getnframes() / file.getframerate()


def test_a_sample_becomes_what_is_said_in_it(server: Server) -> None:
    said = next(
        one for one in json.loads((SAMPLES / "samples.json").read_text()) if one["name"] == "commands"
    )
    with browse(server.url) as page:
        page.select_option("#source", "sample")
        page.select_option("#sample", "commands.flac")
        page.select_option("#pace", "fast")
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == [one["text"] for one in said["said"]]
        assert page.locator("#progress").evaluate("(bar) => bar.value") == 1


def test_a_file_becomes_text_while_it_is_spoken(server: Server, spoken: Path) -> None:
    with browse(server.url, locale="zh-CN") as page:
        expect(page.locator("#start")).to_have_text("开始")
        hear(page, spoken)
        play(page, 0.9)
        wait_for_partial(page, 1)
        expect(page.locator(FINALS)).to_have_count(0)
        partial = page.locator("#lines li.open span").all_inner_texts()
        assert SAID[0].startswith("".join(partial).strip()) and "".join(partial).strip() != SAID[0]
        play(page, 30)
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == SAID


def test_a_microphone_becomes_text(server: Server, tmp_path: Path) -> None:
    with browse(server.url, *microphone(record(tmp_path / "spoken.wav", SPOKEN[1]))) as page:
        page.click("#start")
        expect(page.locator(FINALS).filter(has_text=SAID[1]).first).to_be_visible()
        expect(page.locator("#delay")).to_have_text(re.compile(r"\d\.\d s"))
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        assert page.locator("#device option").count() > 1


def test_the_sound_of_another_tab_becomes_text(server: Server) -> None:
    flags = (
        "--autoplay-policy=no-user-gesture-required",
        "--auto-select-tab-capture-source-by-title=talking",
    )
    with browse(server.url, *flags) as page:
        talking = page.context.new_page()
        talking.route(
            "**/spoken.wav", lambda route: route.fulfill(body=wav(talk(SPOKEN[1])), content_type="audio/wav")
        )
        talking.goto(f"{server.url}health")
        talking.evaluate(PLAY)
        page.bring_to_front()
        page.select_option("#source", "tab")
        page.click("#start")
        expect(page.locator(FINALS).filter(has_text=SAID[1]).first).to_be_visible()
        talking.close()
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator("#notice")).to_have_attribute("data-name", "sourceEnded")


def test_a_microphone_may_be_chosen(server: Server, tmp_path: Path) -> None:
    said = record(tmp_path / "spoken.wav", SPOKEN[1])
    with browse(server.url, *microphone(said), permissions=["microphone"]) as page:
        expect(page.locator("#device option")).not_to_have_count(1)
        page.select_option("#device", index=page.locator("#device option").count() - 1)
        page.click("#start")
        expect(page.locator(FINALS).first).to_be_visible()
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()


def test_what_is_chosen_is_asked_for(server: Server) -> None:
    said: list[dict[str, Any]] = []

    def answer(socket: Any) -> None:
        def hear(text: str) -> None:
            said.append(json.loads(text))
            if said[-1]["type"] == "session.close":
                socket.send(json.dumps({"type": "session.closed"}))

        socket.on_message(hear)
        socket.send(json.dumps({"type": "session.created", "session": {"id": "s"}}))

    with browse(server.url) as page:
        page.route_web_socket("**/v1/realtime**", answer)
        page.select_option("#source", "sample")
        page.select_option("#model", "tiny")
        page.select_option("#language", "zh")
        page.fill("#hotwords", "打开灯，cancel\nstop")
        page.click("#start")
        expect(page.locator("#status")).to_have_attribute("data-state", "listening")
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
    asked = [event["session"]["audio"]["input"] for event in said if "audio" in event.get("session", {})]
    assert asked[0]["transcription"] == {
        "model": "tiny",
        "language": "zh",
        "keywords": ["打开灯", "cancel", "stop"],
    }


def test_two_runs_make_one_transcript(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        choose_file(page, spoken)
        for _ in range(2):
            page.click("#start")
            expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == SAID * 2
        starts = [one["start"] for one in json.loads(save(page, "json"))["segments"]]
        assert starts[2:] == [pytest.approx(start + length(spoken), abs=0.002) for start in starts[:2]]
        page.click("#clear")
        expect(page.locator("#lines li")).to_have_count(0)


def test_a_file_that_is_dropped_on_the_page(server: Server, spoken: Path) -> None:
    drop = """(bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], 'talk.wav'));
        document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));
    }"""
    with browse(server.url) as page:
        page.evaluate(drop, list(spoken.read_bytes()))
        expect(page.locator("#file")).to_have_value(re.compile(r"talk\.wav$"))
        page.select_option("#pace", "fast")
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        assert finals(page) == SAID


def test_who_stops_with_a_double_click_gets_the_last_words(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        hear(page, spoken)
        play(page, 1)
        wait_for_partial(page, 1)
        page.dblclick("#stop")
        play(page, 1)
        expect(page.locator(DONE)).to_be_visible()
        assert json.loads(save(page, "json"))["segments"][-1]["end"]  # that of a final


def test_a_pause_is_not_heard(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        hold_time(page)
        choose_file(page, spoken, "paced")
        page.click("#start")
        page.click("#pause")
        expect(page.locator("#status")).to_have_attribute("data-state", "paused")
        play(page, 30)
        expect(page.locator("#pause")).to_have_text("Go on")
        assert page.locator("#progress").evaluate("(bar) => bar.value") == 0
        page.click("#pause")
        play(page, 30)
        expect(page.locator(DONE)).to_be_visible()
        ends = [one["end"] for one in json.loads(save(page, "json"))["segments"]]
        assert finals(page) == SAID and max(ends) < length(spoken)
