"""Every command that README.md and the pages of docs/ offer as runnable, run.

A block that begins with three backticks and ``sh runnable`` is run by bash in the root of the
repository. Lines that start a server (``saywire serve``, ``make serve``) are left out: one is there, on a
free port, in the place of ``localhost:8000`` and ``127.0.0.1:8000``. Blocks must not need a network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.program import ROOT, environment, served

BLOCK = re.compile(r"^```sh runnable\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"\b(?:localhost|127\.0\.0\.1):8000\b")
SERVER = re.compile(r"^(?:saywire|make) serve\b.*$", re.MULTILINE)


def blocks() -> list[str]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [block for page in pages for block in BLOCK.findall(page.read_text("utf-8"))]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.mark.parametrize("block", blocks())
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_a_runnable_block_runs(block: str, address: str, tmp_path: Path) -> None:
    script = ADDRESS.sub(address, SERVER.sub("", block))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment(tmp_path, PATH=path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, f"{script}\n{run.stdout}\n{run.stderr}"


def test_the_readme_has_runnable_blocks() -> None:
    assert blocks()
