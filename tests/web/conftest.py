"""A server for all tests of a module, which must leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from web.browsing import Server, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running
