"""Real servers as test peers: `make test-peers` says where their environment is; without it nothing is here.

One server runs at a time: the next one takes the place of the last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.relay import Relay
from peers.vllm import TEMPLATE, Vllm

VARIABLE = "PEERS_ENVIRONMENT"

collect_ignore_glob = [] if os.environ.get(VARIABLE) else ["test_*.py"]


class Peers:
    def __init__(self, environment: Path, folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._running: Vllm | None = None

    def serve(self, model: str, *arguments: str | Path) -> Vllm:
        """The one that runs, if it is that and alive."""
        if self._running is None or self._running.name != model or not self._running.answers():
            self.stop()
            self._running = Vllm(self._environment, self._folder, model)
            self._running.start(*map(str, arguments))
        return self._running

    def stop(self) -> None:
        if self._running:
            self._running.stop()
        self._running = None


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    peers = Peers(Path(os.environ[VARIABLE]).absolute(), tmp_path_factory.mktemp("peers"))
    yield peers
    peers.stop()


@pytest.fixture(scope="module")
def whisper(peers: Peers) -> Vllm:
    return peers.serve("whisper")


@pytest.fixture(scope="module")
def qwen(peers: Peers) -> Vllm:
    return peers.serve("qwen", "--chat-template", TEMPLATE, "--trust-request-chat-template")


@pytest.fixture
def peers_template(qwen: Vllm) -> str:
    """The chat template that the model has brought along."""
    template: str = json.loads((qwen.model / "chat_template.json").read_text("utf-8"))["chat_template"]
    return template


@pytest.fixture
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    """Before the server of the test's module, which says in PEER whose it is."""
    server: Vllm = request.getfixturevalue(request.module.PEER)
    with Relay(server.port).open() as relay:
        yield relay
