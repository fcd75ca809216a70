"""What the pages of docs/ say, held against the code, the stories and the examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from cli.program import ROOT
from saywire.protocols import NAMES, PROTOCOLS
from saywire.protocols.openai.events import AnyClientEvent
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.runtime.pool import CLOUD_NAMES
from saywire.settings import FIELDS, load

OPENAI = (ROOT / "docs" / "openai.md").read_text("utf-8")
STORIES = ROOT / "tests" / "protocols" / "golden"


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables between a heading and the next."""
    section = OPENAI.split(f"# {heading}\n")[1].split("\n#")[0]
    return [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]


def test_every_link_leads_somewhere() -> None:
    pages = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if "://" not in link
    ]
    assert len(links) > 5
    assert not [(page.name, link) for page, link in links if not (page.parent / link).exists()]


def test_the_pictures_are_there_and_light() -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        shown = re.findall(r'<img src="([^"]+)"', (ROOT / readme).read_text("utf-8"))
        assert len(shown) == 2
        assert all((ROOT / picture).stat().st_size < 100_000 for picture in shown)


def test_every_wire_and_every_name_of_one_has_its_page() -> None:
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert not [path for path in PROTOCOLS if f"{path.rstrip('/')}`" not in pages]
    assert not [path for path in NAMES.values() if f"{path.rstrip('/')}`" not in pages]


def test_every_setting_that_a_page_names_is_one() -> None:
    pages = (*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "README.zh-CN.md")
    told = "".join(page.read_text("utf-8") for page in pages)
    named = set(re.findall(r"`((?:server|engine|turns|models)\.[a-z_]+)", told))
    assert len(named) > 15 and not named - set(FIELDS)


def test_every_configuration_that_a_page_shows_is_one(tmp_path: Path) -> None:
    pages = (*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"))
    shown = [
        toml for page in pages for toml in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.S)
    ]
    assert len(shown) > 10
    for toml in shown:
        (tmp_path / "saywire.toml").write_text(toml, "utf-8")
        load(tmp_path / "saywire.toml", {}, {})


def test_every_story_is_there() -> None:
    named = [name for row in rows("Errors and closes")[1:] for name in row[3].strip().split(", ") if name]
    assert len(named) > 20
    assert not [name for name in named if not (STORIES / f"openai_realtime.{name}.txt").exists()]


def test_every_event_of_a_client_is_told_of() -> None:
    told = "".join(row[0] + row[1] for row in rows("What a client may send"))
    kinds = [str(kind.__struct_config__.tag) for kind in get_args(AnyClientEvent)]
    families = {kind: (kind, kind[kind.rindex(".") :], kind.split(".")[0] + ".*") for kind in kinds}
    assert not [kind for kind, words in families.items() if not any(word in told for word in words)]


def test_every_path_and_every_name_of_a_model_is_told_of() -> None:
    paths = [path for path, wire in PROTOCOLS.items() if wire is OpenAiRealtime]
    assert not [name for name in (*paths, *CLOUD_NAMES) if f"{name}`" not in OPENAI]
