from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

import httpx
import pytest

from saywire.server.pages import INDEX, KINDS, WATCH_PAGE, read_pages
from server.doubles import ScriptedHost, in_loop, serving, settings

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = read_pages()
HEAVIEST = 150_000


class Markup(HTMLParser):
    """The names a page refers to, and what a strict policy would not let it have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.ids: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attributes:
            self.attributes.setdefault(name, []).append(value or "")
            if name in ("src", "href"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name == "style" or name.startswith("on") or (value or "").startswith("javascript:"):
                self.inline.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        if self._tag in ("script", "style") and data.strip():
            self.inline.append(data)


MARKUP = Markup(PAGES[INDEX].body.decode())
WATCHING = Markup(PAGES[WATCH_PAGE].body.decode())
SCRIPTS = {"js/main.mjs": MARKUP, "js/watch.mjs": WATCHING}
"""What each of the two pages loads first."""


def read(name: str) -> str:
    return PAGES[name].body.decode()


def imports_of(name: str) -> set[str]:
    folder = PurePosixPath(name).parent
    found = re.findall(r"""(?:from|import|URL\()\s*['"]\./([^'"]+)['"]""", read(name))
    return {str(folder / one) for one in found}


def modules(*scripts: str) -> set[str]:
    """What a page loads, followed from its one script; without one: what both do."""
    seen: set[str] = set()
    waiting = set(scripts or SCRIPTS)
    while waiting:
        seen |= waiting
        waiting = {one for name in waiting for one in imports_of(name)} - seen
    return seen


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", INDEX), ("/test", INDEX), ("/web/index.html", INDEX), ("/watch", WATCH_PAGE)],
)
@in_loop
async def test_the_page_is_where_people_look(path, name):
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http, headers=HTML) as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.content == PAGES[name].body
        head = await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == answer.headers["content-length"]


@in_loop
async def test_every_file_is_served_as_what_it_is():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        for name, page in PAGES.items():
            answer = await client.get(f"/web/{name}")
            assert answer.content == page.body
            assert answer.headers["content-type"] == KINDS[PurePosixPath(name).suffix]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-cache"


@in_loop
async def test_what_is_not_a_file_of_the_page_is_not_found():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        for path in ("/web/", "/web/nothing.mjs", "/web/../config.py", "/web/%2e%2e/config.py", "/web/js"):
            assert (await client.get(path)).status_code == 404, path


@in_loop
async def test_a_file_that_is_known_is_not_sent_again():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http, headers=HTML) as client:
        for path in ("/", "/web/app.css"):
            tag = (await client.get(path)).headers["etag"]
            for known in (tag, f'"other", W/{tag}', "*"):
                again = await client.get(path, headers={"if-none-match": known})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert (await client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


@in_loop
async def test_the_page_needs_no_key_and_what_it_asks_does():
    locked = settings(api_keys=("k",))
    async with serving(ScriptedHost(), locked) as at, httpx.AsyncClient(base_url=at.http) as client:
        for path in ("/", "/test", "/watch", *(f"/web/{name}" for name in PAGES)):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get("/v1/models")).status_code == 401


@in_loop
async def test_the_policy_forbids_what_the_page_does_not_do():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http, headers=HTML) as client:
        policy = (await client.get("/")).headers["content-security-policy"]
    assert "default-src 'self'; connect-src 'self' ws: wss:;" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert not MARKUP.inline and not WATCHING.inline
    made = [
        name
        for name in modules()
        if re.search(r"innerHTML|insertAdjacentHTML|eval\(|document\.write", read(name))
    ]
    assert not made


def test_every_module_and_every_link_is_served() -> None:
    others = {INDEX, WATCH_PAGE, "app.css", "icon.svg"}
    assert modules() | others == {n for n in PAGES if not n.startswith("samples/")}
    here = {f"web/{name}" for name in PAGES} | {"docs"}
    for script, markup in SCRIPTS.items():
        assert f"web/{script}" in markup.links and set(markup.links) <= here


def test_nothing_comes_from_elsewhere() -> None:
    texts = {name: read(name) for name in PAGES if not name.startswith("samples/")}
    outside = [(name, url) for name, text in texts.items() for url in re.findall(r"https?://[\w.]*\w", text)]
    assert {url for _, url in outside} <= {"http://www.w3.org", "http://localhost"}  # a namespace; an advice


def test_the_page_is_light() -> None:
    assert sum(len(page.body) for name, page in PAGES.items() if not name.startswith("samples/")) < HEAVIEST


def test_the_samples_offered_are_there() -> None:
    offered = [value for value in MARKUP.attributes["value"] if value.endswith(".flac")]
    assert {f"samples/{name}" for name in offered} == {n for n in PAGES if n.startswith("samples/")}


def test_every_element_a_module_looks_for_is_on_the_page() -> None:
    for script, markup in SCRIPTS.items():
        loaded = modules(script)
        wanted = {one for name in loaded for one in re.findall(r"find\('([\w-]+)'\)", read(name))}
        assert len(wanted) > 8
        assert wanted <= set(markup.ids)
        assert len(markup.ids) == len(set(markup.ids))


def texts_of(language: str) -> set[str]:
    block = re.search(rf"^  {language}: {{\n(.*?)^  }},", read("js/texts.mjs"), re.M | re.S)
    assert block
    return set(re.findall(r"(?:^    |, )(\w+): '", block[1], re.M))


def test_every_text_is_there_in_both_languages() -> None:
    assert texts_of("en") == texts_of("zh")
    named = ("data-text", "data-label", "data-hint")
    for markup in SCRIPTS.values():
        assert {text for name in named for text in markup.attributes.get(name, ())} <= texts_of("en")
    said = {
        one
        for name in modules()
        for one in re.findall(r"(?:SourceError|notice|refuse|settle|status|state|say)\('(\w+)'", read(name))
    }
    assert len(said) > 10
    assert said <= texts_of("en")


def test_every_control_has_a_name() -> None:
    labelled = set(MARKUP.attributes["for"]) | {"theme", "single", "keep"}  # which stand inside their labels
    controls = re.findall(r'<(?:select|input|textarea|meter|progress)[^>]* id="([\w-]+)"', read(INDEX))
    assert len(controls) > 8
    assert set(controls) <= labelled
