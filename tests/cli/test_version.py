"""``saywire version``."""

from __future__ import annotations

from importlib import metadata

import pytest

from saywire.cli.version import version


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    version()
    assert capsys.readouterr().out == f"{metadata.version('saywire')}\n"
