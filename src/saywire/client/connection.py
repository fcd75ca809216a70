"""How programs come to a session on a server: ``saywire.connect``, with ``async`` or without."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from anyio.from_thread import start_blocking_portal

from ..errors import BadRequest
from ..messages import Configure, Configured, Failed
from ..types import RATE, Options, Turns
from . import realtime
from .dial import to_address
from .plain import PlainSession
from .session import Session

KEY_VARIABLE = "SAYWIRE_API_KEY"


@dataclass(frozen=True, slots=True)
class Connection:
    """What ``connect`` was asked; enter it, with or without ``async``, for the session."""

    addresses: tuple[str, ...]
    api_key: str | None
    options: Options
    rate: int
    ca: Path | None
    patience: float
    wire_rate: int
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _thread: ExitStack = field(default_factory=ExitStack)
    _entered: Lock = field(default_factory=Lock)

    async def __aenter__(self) -> Session:
        if not self._entered.acquire(blocking=False):
            raise BadRequest("this connection is open already; connect once more for another session")
        async with AsyncExitStack() as stack:
            stack.callback(self._entered.release)
            joined = realtime.connect(self.addresses, self.api_key, self.wire_rate, self.ca, self.patience)
            session = await stack.enter_async_context(joined)
            await _agree(session, self.options)
            talk = Session(session, self.rate)
            stack.push_async_callback(talk.close)
            await self._open.enter_async_context(stack.pop_all())
            return talk

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def __enter__(self) -> PlainSession:
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            session = PlainSession(stack.enter_context(portal.wrap_async_context_manager(self)), portal)
            stack.callback(session.leave)
            self._thread.push(stack.pop_all())
            return session

    def __exit__(self, *_: object) -> None:
        self._thread.close()


async def _agree(session: realtime.RealtimeSession, options: Options) -> None:
    """Raises the server's refusal."""
    await session.send(Configure(options))
    async for event in session:
        match event:
            case Configured():
                return
            case Failed(error=error):
                raise error


def connect(
    url: str | Sequence[str],
    *,
    api_key: str | None = None,
    model: str | None = None,
    language: str | None = None,
    prompt: str = "",
    hotwords: Sequence[str] = (),
    turns: Turns | None = None,
    rate: int = RATE,
    ca: str | os.PathLike[str] | None = None,
    patience: float = realtime.PATIENCE,
    wire_rate: int = RATE,
) -> Connection:
    """A session on the server at ``url``: ``async with`` gives a Session, ``with`` a PlainSession.

    ``url``: ``http://HOST:PORT`` (or https, ws, wss); of several the first is called, and the others in turn
    when a connection breaks. ``api_key``: without one, that of the environment variable SAYWIRE_API_KEY.
    ``model``, ``language`` (ISO 639-1), ``prompt`` (what the audio is about), ``hotwords`` (to prefer) and
    ``turns`` (how utterances end; ``Turns(voice=False)``: only by ``commit``): what is left out, the server
    chooses. ``rate``: of the audio that is sent, Hz, 4,000 to 768,000. ``ca``: a PEM file of the authorities
    to trust, instead of the system's. ``patience``: seconds without progress after which a session that
    breaks again and again is given up. ``wire_rate``: of the audio on the wire, Hz; some servers take only
    24,000.

    Raises BadRequest for an address that is none, and for ``hotwords`` that are one text. Entering raises
    BadRequest for a rate or a file that is none, UnknownModel, Unsupported or another BadRequest for what the
    server refuses, NotAllowed for a wrong key, Overloaded, and EngineFailed where no such server answers.
    """
    urls = (url,) if isinstance(url, str) else to_texts("url", url)
    if not urls:
        raise BadRequest("connect needs the address of a server")
    options = Options(model, language, prompt, to_texts("hotwords", hotwords), turns=turns or Turns())
    key = api_key or os.environ.get(KEY_VARIABLE)
    trusted = Path(ca) if ca else None
    return Connection(tuple(map(to_address, urls)), key, options, rate, trusted, patience, wire_rate)


def to_texts(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Raises BadRequest for one text, which is a sequence, too, and for what holds anything else."""
    found = tuple(texts)
    if isinstance(texts, str) or not all(isinstance(text, str) for text in found):
        raise BadRequest(f"{name} must be a list of texts, as in ['one', 'another']; it is {texts!r}")
    return found
