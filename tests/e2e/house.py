"""A real server on the real engines, which stands for all tests of a module; it stands still between them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from openai import AsyncOpenAI

from engines.recordings import read
from laws.speech import silence
from saywire.config import Config, EngineConfig, ListenerConfig, ServerConfig
from saywire.runtime.pool import Pool
from saywire.server.run import LOOP, Server
from saywire.types import Samples

T = TypeVar("T")


@dataclass
class House:
    runner: asyncio.Runner
    at: str
    """``127.0.0.1:port``."""
    doors: dict[str, str]
    """The same of each wire's own port."""


@asynccontextmanager
async def serve(config: Config, pool: Pool) -> AsyncIterator[dict[str, str]]:
    """Where it is, by wire; "" is the main port."""
    port = asyncio.get_running_loop().create_future()
    server = Server(config, pool, lambda _, number: port.set_result(number))
    serving = asyncio.create_task(server.serve())
    ports = {"": await port} | server.ports
    try:
        yield {wire: f"127.0.0.1:{number}" for wire, number in ports.items()}
    finally:
        server.stop()
        await serving


@asynccontextmanager
async def _serve_alone(config: Config) -> AsyncIterator[dict[str, str]]:
    async with Pool(config) as pool, serve(config, pool) as doors:
        yield doors


@contextmanager
def open_house(language: str = "en", wires: Sequence[str] = (), **server: Any) -> Iterator[House]:
    """``wires`` have ports of their own; ``server``: settings of it."""
    config = Config(
        ServerConfig(port=0, **server),
        EngineConfig(model="tiny", language=language, workers=1),
        listener=tuple(ListenerConfig(wire, wire, 0) for wire in wires),
    )
    with asyncio.Runner(loop_factory=LOOP) as runner:
        context = _serve_alone(config)
        doors = runner.run(context.__aenter__())
        yield House(runner, doors[""], doors)
        runner.run(context.__aexit__(None, None, None))


def open_sdk(at: str) -> AsyncOpenAI:
    """OpenAI's client of the server there; what fails is not tried again."""
    return AsyncOpenAI(
        api_key="any", base_url=f"http://{at}/v1", websocket_base_url=f"ws://{at}/v1", max_retries=0
    )


def at_home(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that runs in the loop of the house it is given."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: Any) -> None:
        kwargs["house"].runner.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return run


def in_thread(house: House, act: Callable[[], T]) -> T:
    """As users of a blocking SDK run it: in a thread that waits."""
    return house.runner.run(asyncio.wait_for(asyncio.to_thread(act), 60))


def talk(*names: str) -> Samples:
    """Recordings with a second of silence after each."""
    return np.concatenate([part for name in names for part in (read(name), silence(1.0))])
