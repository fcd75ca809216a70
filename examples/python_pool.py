"""Recognition inside a Python program, without a server: a pool of workers, a file through a session.

Install: saywire. Run: python python_pool.py SPEECH... (several are heard at the same time).
"""

import asyncio
import sys
from collections.abc import Iterator

from saywire.audio.container import decode
from saywire.config import Config, EngineConfig
from saywire.messages import Failed, Final
from saywire.runtime.files import read_file
from saywire.runtime.pool import Pool
from saywire.types import Options, Samples


def read(name: str) -> Iterator[Samples]:
    with open(name, "rb") as file:
        yield from decode(file, max_seconds=3600.0)


async def transcribe(pool: Pool, name: str) -> None:
    async for event in read_file(pool, read(name), Options(language="en")):
        match event:
            case Final(text=text, start=start, end=end) if text:
                print(f"{name} {start:6.2f} - {end:6.2f}  {text}")
            case Failed(error=error):
                raise error


async def main(names: list[str]) -> None:
    async with Pool(Config(engine=EngineConfig(model="sphinx"))) as pool, asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(transcribe(pool, name))


if __name__ == "__main__":  # workers may be started by importing this file again
    asyncio.run(main(sys.argv[1:]))
