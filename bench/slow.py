"""A server whose model takes 2 s for every decode step, whatever it hears: ``python -m bench.slow``.

Everything else is the product's. It serves one model, ``slow``, on a free port, and prints where.
"""

from __future__ import annotations

from saywire.config import Config, EngineConfig, ServerConfig
from saywire.engines import Entry
from saywire.runtime.pool import Pool
from saywire.server.run import run, serve

SLOW = Entry("slow", "fake:load_slow", (), "pip install saywire", (), "takes 2 s a step")


async def main() -> None:
    settings = Config(ServerConfig(port=0, drain_seconds=0.0), EngineConfig(model="slow", workers=1))
    async with Pool(settings, (SLOW,)) as pool:
        await serve(settings, pool, lambda host, port: print(f"http://{host}:{port}/", flush=True))


if __name__ == "__main__":
    run(main())
