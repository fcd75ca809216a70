"""What programs may use: the public names, and what it costs to import them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import saywire
from cli.program import ROOT, environment

SOURCE = ROOT / "src" / "saywire" / "__init__.py"


def test_every_public_name_is_there() -> None:
    for module, names in saywire.PLACES.items():
        for name in names:
            found = getattr(saywire, name)
            assert getattr(found, "__module__", f"saywire.{module}") in (f"saywire.{module}", "types")
            assert name in dir(saywire)


def test_types_are_checked_by_the_same_names() -> None:
    told: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(SOURCE.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            told.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    assert told == {module: set(names) for module, names in saywire.PLACES.items()}


def test_another_name_is_none() -> None:
    with pytest.raises(AttributeError, match="no attribute 'transcibe'"):
        _ = saywire.transcibe  # type: ignore[attr-defined]


def test_importing_it_loads_nothing(tmp_path: Path) -> None:
    code = "import saywire, sys; print([name for name in sys.modules if name in ('numpy', 'asyncio')])"
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout) == (0, "[]\n")
