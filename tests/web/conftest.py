"""A server and a browser for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from web.browsing import Server, chromium, served


@pytest.fixture(scope="module", autouse=True)
def _browser() -> Iterator[None]:
    yield
    chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Tests must leave it as it was."""
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running
