"""Everybody can use the page: axe-core finds nothing, the keyboard is enough, it fits a phone.

And no script that is not the server's own can use it.
"""

from __future__ import annotations

import json
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
    needs_chromium,
    node_modules,
    record,
    served,
    wait_for_partial,
)

pytestmark = needs_chromium

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LOOKS = [
    ("en-GB", "light", DESKTOP),
    ("zh-CN", "dark", DESKTOP),
    ("en-GB", "dark", PHONE),
    ("zh-CN", "light", PHONE),
]
SPOKEN = ("please-play-five", "computer-stop")
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
CONTROLS = [
    *("theme", "language-switch", "source", "device", "turns", "model", "language", "hotwords", "start"),
    *("scroller", "copy", "txt", "srt", "vtt", "json", "clear", "large", "share"),
    *("history-open", "help-open"),
]
FOCUSED = """() => {
    const {id, dataset, tagName} = document.activeElement;
    const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
    return [id || dataset.save || tagName, `${outlineStyle} ${outlineWidth}`];
}"""
INJECT = """() => new Promise((resolve) => {
    const found = [];
    document.addEventListener('securitypolicyviolation', (event) => {
        found.push(event.effectiveDirective);
        if (found.length === 3) resolve(found.sort());
    });
    const make = (tag, fields) => document.body.append(Object.assign(document.createElement(tag), fields));
    make('script', {textContent: 'window.injected = true'});
    make('style', {textContent: 'body {display: none}'});
    make('script', {src: 'https://example.org/x.js'});
})"""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "spoken.wav", *SPOKEN)


def complaints(page: Any) -> list[str]:
    """What axe-core says against the page as it is: rule, weight, and where."""
    page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]
    return [f"{one['id']} ({one['impact']}): {node['html']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(("locale", "scheme", "viewport"), LOOKS, ids=lambda value: str(value)[:10])
def test_nothing_is_in_anybodys_way(
    server: Server, spoken: Path, locale: str, scheme: str, viewport: dict[str, int]
) -> None:
    with browse(server.url, locale=locale, color_scheme=scheme, viewport=viewport) as page:
        found = {"ready": complaints(page)}
        page.evaluate("document.getElementById('key-field').hidden = false")
        page.click("#start")
        expect(page.locator("#notice")).to_be_visible()
        found["trouble"] = complaints(page)
        choose_file(page, spoken, "paced")
        page.click("#start")
        wait_for_partial(page, 2)
        found["listening"] = complaints(page)
        expect(page.locator(DONE)).to_be_visible()
        page.click("footer summary")
        found["done"] = complaints(page)
    assert not [one for state in found.values() for one in state], json.dumps(
        found, indent=1, ensure_ascii=False
    )


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_it_fits(server: Server, spoken: Path, locale: str, viewport: dict[str, int]) -> None:
    with browse(server.url, locale=locale, viewport=viewport) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        for name in ("#start", "#status", "#scroller", "#clear"):
            box = page.locator(name).bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"], name


def test_the_keyboard_is_enough(server: Server) -> None:
    with browse(server.url) as page:
        seen = walk(page)
        assert [name for name in CONTROLS if name not in seen] == []
        assert [name for name, outline in seen.items() if outline.startswith(("none", "auto 0"))] == []
        page.focus("#source")
        page.keyboard.type("A sample")
        expect(page.locator("#sample")).to_be_visible()
        page.focus("#sample")
        page.keyboard.press("End")
        page.focus("#pace")
        page.keyboard.press("End")
        page.focus("#start")
        page.keyboard.press("Enter")
        expect(page.locator("#stop")).to_be_focused()  # what took its place
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator("#start")).to_be_focused()
        assert finals(page)
        page.focus("[data-save=txt]")
        with page.expect_download() as download:
            page.keyboard.press("Space")
        assert Path(download.value.path()).read_text("utf-8").split()


def test_the_keyboard_stays_where_sharing_begins_and_ends(server: Server) -> None:
    with browse(server.url) as page:
        page.focus("#share")
        page.keyboard.press("Enter")
        expect(page.locator("#share-copy")).to_be_focused()
        page.focus("#share-end")
        page.keyboard.press("Enter")
        expect(page.locator("#share")).to_be_focused()


def walk(page: Any) -> dict[str, str]:
    """What can be reached with the tabulator, once around, and how it is marked."""
    seen: dict[str, str] = {}
    while True:
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        if name == "BODY":
            return seen
        seen[name] = outline


def test_finals_are_read_out_and_partials_are_not(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        log = page.locator("#spoken")
        expect(log).to_have_attribute("aria-live", "polite")
        assert log.locator("p").all_inner_texts() == finals(page)
        assert page.locator("[aria-live], [role=status], [role=alert]").locator("li").count() == 0


def test_scripts_and_styles_of_others_do_nothing(server: Server) -> None:
    with pytest.raises(AssertionError, match="Security Policy"), browse(server.url) as page:
        assert page.evaluate(INJECT) == ["script-src-elem", "script-src-elem", "style-src-elem"]
        assert page.evaluate("window.injected") is None
        expect(page.locator("#start")).to_be_visible()


def test_the_page_remembers_language_and_looks(server: Server) -> None:
    with browse(server.url) as page:
        page.click("#language-switch")
        page.select_option("#theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator("#start")).to_have_text("开始")


def test_the_page_remembers_what_was_chosen_but_not_what_an_address_asked_for(server: Server) -> None:
    chosen = {"turns": "held", "source": "sample", "sample": "commands.flac"}
    chosen |= {"pace": "fast", "model": "tiny", "language": "zh"}
    with browse(server.url, path="?source=file&model=fake") as page:
        page.goto(server.url)
        expect(page.locator("#source")).to_have_value("microphone")
        for name, value in chosen.items():  # some before the server has told its models
            page.select_option(f"#{name}", value)
        page.fill("#hotwords", "seven")
        page.focus("#start")
        page.reload()
        for name, value in (chosen | {"hotwords": "seven"}).items():
            expect(page.locator(f"#{name}")).to_have_value(value)
        page.goto(f"{server.url}?source=file")
        expect(page.locator("#language")).to_have_value("zh")
        expect(page.locator("#source")).to_have_value("file")


def test_a_page_that_wants_a_key_remembers_what_was_chosen_once_it_has_it(tmp_path: Path) -> None:
    with (
        served(tmp_path, "--set", "server.api_keys=sk-1") as server,
        browse(server.url, key="sk-1") as page,
    ):
        page.select_option("#model", "tiny")
        page.reload()
        page.fill("#key", "sk-1")
        page.press("#key", "Enter")
        expect(page.locator("#model")).to_have_value("tiny")


def test_a_change_of_language_leaves_no_word_of_the_other(server: Server, spoken: Path) -> None:
    with browse(server.url) as page:
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        expect(page.locator("#detected")).to_have_text("Heard: English")
        page.click("#language-switch")
        expect(page.locator("#detected")).to_have_text("听到的是英语")
        page.select_option("#source", "sample")
        texts = [*page.locator("#controls label:visible, #sample option").all_inner_texts()]
        assert [text for text in texts if text.isascii()] == []


def test_nothing_is_in_the_way_of_readers_and_in_dialogs(server: Server, spoken: Path) -> None:
    with browse(server.url, color_scheme="dark") as page:
        page.click("#share")
        expect(page.locator("#sharing")).to_be_visible()
        choose_file(page, spoken)
        page.click("#start")
        expect(page.locator(DONE)).to_be_visible()
        found = {"sharing": complaints(page)}
        for name in ("history", "help"):
            page.click(f"#{name}-open")
            expect(page.locator(f"#{name}")).to_be_visible()
            found[name] = complaints(page)
            page.click(f"#{name}-close")
        page.goto(page.input_value("#link"))
        expect(page.locator(FINALS)).to_have_count(len(SPOKEN))
        found["reading"] = complaints(page)
        page.click("#large")
        found["large"] = complaints(page)
        assert not [one for state in found.values() for one in state], json.dumps(found, indent=1)
