"""The page's modules keep their JSDoc types: TypeScript looks, and makes nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

from web.browsing import node_modules

PROJECT = Path(__file__).with_name("tsconfig.json")


def test_types() -> None:
    run = subprocess.run(
        [node_modules() / ".bin" / "tsc", "--project", PROJECT], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
