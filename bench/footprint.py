"""What a server takes: time to be ready, memory when idle and for each session, disk.

    python -m bench.footprint [MODEL]... [--sessions N] [--install]      the models sphinx and tiny by default

Memory is that of the whole tree of processes: the ingress, zygote, nursery and workers (``processes.py`` says
what PSS is). Ready is from the start of the process to the first 200 of /health; beside it the CPU time that
took of all processes, which a busy machine changes less. ``--install`` makes an empty environment, installs
the product into it and tells its size (minutes, and needs a package registry). Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from saywire.client.realtime import RealtimeSession, connect
from saywire.client.samples import find_sample
from saywire.messages import Audio, Commit, Configure, Final
from saywire.types import RATE, Options, Samples, Turns

from .processes import MB, Memory, cpu_seconds, find_tree, read_memory
from .running import ROOT, Running, serve, serving

TARGETS = {"sphinx": 300, "tiny": 200}
"""MB of idle PSS."""
READY = 3.0
DISK = 400
STARTS = 3
"""The fastest of so many starts counts: others work on the machine, too."""
CALM = 1.0
"""Seconds without work before memory is read."""


def tell(now: Memory, before: Memory, count: int) -> str:
    """What each of ``count`` sessions takes."""
    pss, rss = (now.pss - before.pss) / count, (now.rss - before.rss) / count
    return f"PSS {pss:+7.2f} MB, RSS {rss:+7.2f} MB each, {now.processes} processes"


async def settle() -> None:
    await asyncio.sleep(CALM)


async def hear(session: RealtimeSession, samples: Samples) -> None:
    """Ten seconds through the session, up to its final; the session stays open."""
    for start in range(0, len(samples), RATE):
        await session.send(Audio(samples[start : start + RATE]))
    await session.send(Commit())
    async for event in session:
        if isinstance(event, Final):
            return


async def measure_sessions(server: Running, model: str, count: int) -> None:
    spoken = find_sample("dictation").read()[: 10 * RATE]
    await settle()
    idle = read_memory(server.pid)
    told = "" if model not in TARGETS else f" (target under {TARGETS[model]} MB)"
    print(f"  idle         PSS {idle.pss:.0f} MB, RSS {idle.rss:.0f} MB, {idle.processes} processes{told}")
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connect(server.realtime)) for _ in range(count)]
        for session in opened:
            await session.send(Configure(Options(turns=Turns(voice=False))))
        await settle()
        print(f"  {count} sessions   {tell(read_memory(server.pid), idle, count)}")
        await asyncio.gather(*(hear(session, spoken) for session in opened))
        await settle()
        print(f"  with audio   {tell(read_memory(server.pid), idle, count)} (10 s of speech)")
    await settle()
    after = read_memory(server.pid)
    print(f"  all closed   PSS {after.pss:.0f} MB, RSS {after.rss:.0f} MB, {after.processes} processes")


def measure_server(model: str, count: int) -> None:
    starts = []
    for _ in range(STARTS):
        with serving(serve("--model", model)) as server:
            starts.append((server.ready, sum(cpu_seconds(find_tree(server.pid)).values())))
    listed = ", ".join(f"{ready:.2f}" for ready, _ in starts)
    ready, cpu = map(min, zip(*starts, strict=True))
    print(f"{model}\n  ready        {ready:.2f} s, of {listed} (target under {READY:g} s); CPU {cpu:.2f} s")
    with serving(serve("--model", model)) as server:
        asyncio.run(measure_sessions(server, model, count))


def measure_folder(folder: Path) -> float:
    """MB on disk."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_blocks for path in files) * 512 / MB


def measure_install() -> None:
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        empty = measure_folder(Path(folder))
        command = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--no-compile", str(ROOT)]
        constraints = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        subprocess.run(command, check=True, env=os.environ | constraints)
        packages = next(Path(folder).glob("lib/*/site-packages"))
        sizes = {entry.name: measure_folder(entry) for entry in packages.iterdir() if entry.is_dir()}
        whole = measure_folder(Path(folder))
        torch = "torch is there!" if (packages / "torch").exists() else "no torch"
        print(
            f"install      {whole:.0f} MB on disk, {whole - empty:.0f} without pip (target {DISK}); {torch}"
        )
        largest = sorted(sizes, key=lambda name: -sizes[name])[:6]
        print("             " + ", ".join(f"{name} {sizes[name]:.0f}" for name in largest))


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--install", action="store_true")
    chosen = parser.parse_args(arguments)
    for model in chosen.models or (() if chosen.install else TARGETS):
        measure_server(model, chosen.sessions)
    if chosen.install:
        measure_install()


if __name__ == "__main__":
    main(sys.argv[1:])
