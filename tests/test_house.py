"""The rules of the house that a machine can check: imports, sizes, tests that mirror the sources."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "saywire"
SOURCES = sorted(PACKAGE.rglob("*.py"))

LAZY = {"__init__.py", "engines/__init__.py", "cli/__init__.py"}
"""Files that load modules by name when they are wanted: public names, heavy engines, one command of many."""
LAST_RESORTS = {"server/connection.py", "runtime/worker.py"}
"""The outermost loops, where anything at all may arrive."""
LONGEST = 60
MEDIAN = 10

UNTESTED = {
    "config.py": "data; test_settings.py holds how it is read",
    "errors.py": "plain data; protocols test how each error looks",
    "engines/base.py": "contract only; tests/engines/contract.py proves each engine",
    "engines/recognizer.py": "contract only; tests/engines/test_windowed.py holds its wrapper",
    "protocols/base.py": "contract only",
    "runtime/base.py": "contract only",
}
"""Modules without a test file of their own, and why."""

TESTED_IN = {
    "__init__.py": "test_public.py",
    "cli/__init__.py": "cli/test_main.py",
    "engines/__init__.py": "engines/test_entries.py",
    "engines/automaton.py": "engines/test_jsgf.py",
    "engines/sphinx_decoder.py": "engines/test_sphinx.py",
    "engines/windowed_stream.py": "engines/test_windowed.py",
}
"""Modules whose test file has another name."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(parse(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from the signature to the end, without the docstring."""
    docstring = function.body[0] if ast.get_docstring(function) else None
    lines = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - lines


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_no_import_contract_is_broken() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        if name(path) not in LAZY
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) or is_named(node, "import_module", "__import__")
    ]
    assert not hidden


def is_named(node: ast.AST, *names: str) -> bool:
    return getattr(node, "attr", getattr(node, "id", None)) in names


def test_only_the_outermost_loops_catch_everything() -> None:
    greedy = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        if name(path) not in LAST_RESORTS
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]
    assert not greedy


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Cleaning up and raising on is no catching."""
    kinds = ast.walk(handler.type) if handler.type else [ast.Name("Exception")]
    raises_on = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    return not raises_on and any(is_named(kind, "Exception", "BaseException") for kind in kinds)


def test_functions_are_short() -> None:
    lengths = {f"{name(p)}:{f.name}": length(f) for p in SOURCES for f in functions(p)}
    assert statistics.median(lengths.values()) <= MEDIAN
    assert not {where: n for where, n in lengths.items() if n > LONGEST}


def test_every_module_says_what_it_is_for() -> None:
    assert not [name(path) for path in SOURCES if parse(path).body and not ast.get_docstring(parse(path))]


def test_every_module_with_logic_has_its_test() -> None:
    logical = {name(path) for path in SOURCES if any(True for _ in functions(path))}
    untested = {where for where in logical if not expected_test(where).exists()}
    assert not untested - set(UNTESTED), "write these tests, or say in UNTESTED why not"
    assert set(UNTESTED) <= untested, "tested or gone: take them out of UNTESTED"


def expected_test(where: str) -> Path:
    path = Path(where)
    return ROOT / "tests" / TESTED_IN.get(where, path.parent / f"test_{path.stem.strip('_')}.py")


def requirements(distribution: str) -> Iterator[str]:
    for line in metadata.requires(distribution) or ():
        if "extra ==" not in line:
            yield re.split(r"[^\w.-]", line, maxsplit=1)[0].lower()


def test_the_base_install_has_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in project["dependencies"]]
    seen: set[str] = set()
    while waiting:
        distribution = waiting.pop()
        if distribution in seen:
            continue
        seen.add(distribution)
        try:
            waiting.extend(requirements(distribution))
        except metadata.PackageNotFoundError:  # meant for another system or Python
            continue
    assert "numpy" in seen and len(seen) > 20
    assert not seen & {"torch", "torchaudio", "tensorflow", "onnxruntime", "scipy"}


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-extras.txt"])
def test_the_constraints_name_exact_versions_and_no_host(file: str) -> None:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin) for pin in pins)
    assert not [line for line in lines if "://" in line]
    pinned = {pin.split("==")[0].lower().replace("_", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    more = (
        [line for extra in extras for line in extra]
        if "extras" in file
        else project["dependency-groups"]["dev"]
    )
    wanted = [*project["project"]["dependencies"], *more]
    assert {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in wanted} <= pinned
