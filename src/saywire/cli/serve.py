"""``saywire serve``: settings in, a running server out."""

from __future__ import annotations

import ipaddress
import logging
import os
from typing import Annotated

import typer

from .. import __version__
from ..config import Config
from ..protocols import NAMES
from ..runtime.pool import Pool, find_stray_aliases
from ..server import run as server
from ..server.tls import AUTHORITY, find_folder
from . import flags


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    model: flags.Model = None,
    language: flags.Language = None,
    tls_self_signed: Annotated[
        bool,
        typer.Option("--tls-self-signed", help="https and wss, with a certificate made for this machine."),
    ] = False,
    tls_cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="https and wss, with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[
        str | None, typer.Option(metavar="FILE", help="The certificate's private key (PEM).")
    ] = None,
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run the server. It stops at Ctrl-C, after the open sessions have got their last words."""
    given = {
        "server.host": host,
        "server.port": port,
        "server.tls_self_signed": tls_self_signed or None,
        "server.tls_cert": tls_cert,
        "server.tls_key": tls_key,
        "engine.model": model,
        "engine.language": language,
    }
    settings = flags.load(config, sets, given).config
    if not verbose:
        logging.getLogger("aioice").setLevel(logging.WARNING)  # it tells of every pair of addresses
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    typer.echo(flags.describe_model(settings))
    for alias, problem in find_stray_aliases(settings).items():
        typer.echo(f"engine.aliases has {alias}, but {problem}", err=True)
    server.run(_serve(settings))


async def _serve(settings: Config) -> None:
    def tell(host: str, port: int) -> None:
        typer.echo(ready(settings, host, port))

    async with Pool(settings) as pool:
        await server.serve(settings, pool, tell)


def ready(config: Config, host: str, port: int) -> str:
    """The lines that tell a person, or a program that waits for the first, where the server is."""
    settings, address = config.server, reachable(host, port)
    s = "s" if settings.tls else ""
    rows = [("base URL", f"http{s}://{address}/v1")]
    rows += [(name, f"ws{s}://{address}{path}") for name, path in NAMES.items()]
    rows += [(one.wire, f"at port {one.port or 'of its own'}, any path") for one in config.listener]
    rows.append(("docs", f"http{s}://{address}/docs"))
    if settings.tls_self_signed:
        rows.append(("trust", f"{find_folder(os.environ) / AUTHORITY}, as in curl --cacert"))
    lines = [f"saywire {__version__} is ready: http{s}://{address}/"]
    lines += [f"  {name:<15}  {what}" for name, what in rows]
    if not settings.api_keys and not ipaddress.ip_address(host).is_loopback:
        lines.append("  anybody who reaches this port may use it: set server.api_keys to change that")
    return "\n".join(lines)


def reachable(host: str, port: int) -> str:
    """The address as a browser on this machine takes it."""
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        return f"localhost:{port}"
    return f"[{host}]:{port}" if ip.version == 6 else f"{host}:{port}"
