"""The engine of a server's realtime websocket.

A step waits until something was answered, but never longer than ``STEP``, so that whoever ends meanwhile is
not kept waiting by those whose server is slow. Each stream has a connection of its own, so that nobody's
words can reach another's session; ``requests`` is how many there may be.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from ....config import RemoteConfig
from ....errors import EngineFailed, OutOfOrder
from ....types import Options
from ...base import EngineInfo, Stream
from ...demands import check_demands
from ..server import Server
from .background import Background
from .dialects import Dialect
from .line import Line, Places
from .stream import LiveStream

STEP = 0.05
"""Seconds that a step may take. A batch that fails is decoded again one by one: that many for each."""


class Realtime:
    def __init__(self, remote: RemoteConfig, dialect: Dialect, key: str) -> None:
        """Connects to nothing yet. Raises EngineFailed for an address or a model that is none."""
        check_model(remote, dialect)
        self._remote = remote
        self._dialect = dialect
        self._server = make_server(remote, dialect, key)
        self._places = Places(remote.requests)
        self._news = threading.Condition()
        self._count = 0  # of settled turns
        self._background = Background(remote.name)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            self._remote.name,
            languages=self._remote.languages,
            stability="native",
            words=self._dialect.words,
            hotwords=self._dialect.hotwords,
            max_batch=self._remote.requests,
            long_steps=True,
        )

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self.info, options)
        make_wire = partial(self._dialect.make, self._remote, options)
        line = Line(self._server, self._places, make_wire, self._remote.timeout, self._note)
        return LiveStream(
            self._background,
            line,
            options,
            rate=self._dialect.rate,
            longest=self._remote.window,
            timeout=self._remote.timeout,
            words=self._dialect.words,
        )

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, LiveStream) and stream.ready]
        most = self._remote.requests
        if len(batch) != len(streams) or not 1 <= len(batch) <= most:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {most}, all ready"
            )
        with self._news:
            count = self._count
            self._news.wait_for(lambda: self._count != count or any(s.settled for s in batch), STEP)
        errors = [error for stream in batch if stream.settled and (error := collect(stream))]
        if errors:
            raise errors[0]

    def close(self) -> None:
        self._background.close()

    def _note(self) -> None:
        with self._news:
            self._count += 1
            self._news.notify_all()


def collect(stream: LiveStream) -> EngineFailed | None:
    """Have a stream take its answer. The error of one does not keep the others from theirs."""
    try:
        stream.collect()
    except EngineFailed as error:
        return error
    return None


def check_model(remote: RemoteConfig, dialect: Dialect) -> None:
    if dialect.models and remote.model not in dialect.models:
        there = ", ".join(dialect.models)
        what = f"remote.{remote.name}.model is '{remote.model}'; a server of {remote.dialect} has: {there}"
        raise EngineFailed(what, code="remote_refused")


def make_server(remote: RemoteConfig, dialect: Dialect, key: str) -> Server:
    queries = {"none": {}, "intent": {"intent": "transcription"}, "model": {"model": remote.model}}
    return Server(
        remote,
        key,
        dialect.path,
        scheme="ws",
        key_header=dialect.key_header,
        roots=dialect.roots,
        query=queries[dialect.query],
    )
