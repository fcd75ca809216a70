"""``saywire demo``: the real server on a free port, and a client that plays it the samples."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..client.measure import Errors, Latency, count_errors, measure
from ..client.realtime import connect
from ..client.replay import Replay, replay
from ..client.samples import Sample, find_sample, load_samples
from ..config import Config, EngineConfig, ServerConfig
from ..messages import Configure
from ..runtime.pool import Pool
from ..server.run import Server, run
from ..texts import join
from .screen import Screen

WIRE = "/v1/realtime"


def demo(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SAMPLE]...", help="Only these: dictation, commands.")
    ] = None,
) -> None:
    """Hear the samples recognised in real time, by a server that this starts."""
    samples = [find_sample(name) for name in names] if names else load_samples()
    if not run(_demo(Console(highlight=False, soft_wrap=True), samples)):
        raise typer.Exit(1)


async def _demo(console: Console, samples: Sequence[Sample]) -> bool:
    """Whether everything was recognised well enough."""
    well = True
    console.print("Starting a server on a free port ...")
    async with _server() as address:
        console.print(
            f"It is at http://{address}/ and is now spoken to over ws://{address}{WIRE}, in real time.\n"
        )
        for sample in samples:
            well = await _play(console, f"ws://{address}{WIRE}", sample) and well
    console.print("Now try it yourself: `saywire serve`, then open http://127.0.0.1:8000/ in a browser.")
    return well


class Guest(Server):
    """A server inside another program, which keeps the signals to itself."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _server() -> AsyncGenerator[str]:
    """Its host and port."""
    settings = Config(ServerConfig(port=0, drain_seconds=2.0), EngineConfig(workers=1))
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with Pool(settings) as pool:
        server = Guest(settings, pool, lambda host, port: started.set_result(f"{host}:{port}"))
        serving = asyncio.create_task(server.serve())
        await asyncio.wait((started, serving), return_when=asyncio.FIRST_COMPLETED)
        try:
            yield started.result()
        finally:
            server.stop()
            await serving


async def _play(console: Console, address: str, sample: Sample) -> bool:
    console.print(Text.assemble((sample.name, "bold"), f"  {sample.about}; engine {sample.model}"))
    screen = Screen(console)
    with screen:
        async with connect(address) as session:
            await session.send(Configure(sample.options))
            played = await replay(session, sample.read(), sample.stops(), screen.show)
    errors = count_errors(sample.text, join(screen.finals))
    _report(console, sample, played, errors)
    return errors.rate <= sample.most_wrong and screen.failure is None


def _report(console: Console, sample: Sample, played: Replay, errors: Errors) -> None:
    latency = measure(played.heard, sample.said, played.stops)
    table = Table.grid(padding=(0, 2))
    for name, value in _figures(sample, latency):
        table.add_row("", name, value)
    table.add_row("", "word errors", f"{errors.wrong} of {errors.words}")
    console.print(table, "")


def _figures(sample: Sample, latency: Latency) -> list[tuple[str, str]]:
    """Names as in the field; a figure that could not be measured is left out."""
    silence = sample.options.turns.silence
    known = [
        ("first partial, after the first audio", latency.first_partial),
        ("first partial, after speech began", latency.first_partial_from_speech),
        ("partial lag, p95", latency.partial_lag),
    ]
    rows = [(name, _ms(value)) for name, value in known if value is not None]
    if sample.turns == "voice" and latency.finals:
        name = f"final latency, median, of it {_ms(silence)} silence setting"
        rows.append((name, _ms(statistics.median(latency.finals))))
    if latency.after_stop:
        rows.append(("final after stop, median", _ms(statistics.median(latency.after_stop))))
    return rows


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
