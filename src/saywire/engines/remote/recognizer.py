"""A remote server as a recogniser of windows.

The windows of a batch are asked for at the same time. Whoever decodes tries the streams of a failed batch
again one by one: the answers to the others are kept for that, so that nobody is asked, or waited for, twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ...config import RemoteConfig
from ...errors import EngineFailed
from ..base import EngineInfo
from ..recognizer import Recognition, Window
from .client import Client
from .dialects import Dialect
from .request import write

Outcome = Recognition | EngineFailed


class Remote:
    """``recognizer.Recognizer``."""

    invents = True

    def __init__(self, remote: RemoteConfig, dialect: Dialect, client: Client) -> None:
        self._remote = remote
        self._dialect = dialect
        self._client = client
        self._threads = ThreadPoolExecutor(remote.requests, thread_name_prefix=remote.name)
        self._kept: dict[bytes, Outcome] = {}

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            self._remote.name,
            languages=self._remote.languages,
            words=self._dialect.words,
            hotwords=self._dialect.prompt != "none",
            max_batch=self._remote.requests,
        )

    @property
    def window(self) -> float:
        return self._remote.window

    @property
    def follows(self) -> bool:
        return self._dialect.follow != "none"

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        outcomes = self._ask_all(windows)
        errors = [outcome for outcome in outcomes if isinstance(outcome, EngineFailed)]
        if not errors:
            return [outcome for outcome in outcomes if isinstance(outcome, Recognition)]
        if len(windows) > 1:
            self._kept = dict(zip(map(identify, windows), outcomes, strict=True))
        raise errors[0]

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _ask_all(self, windows: Sequence[Window]) -> list[Outcome]:
        if len(windows) == 1:
            return [self._recall(windows[0]) or self._ask(windows[0])]
        self._kept = {}
        return list(self._threads.map(self._ask, windows))

    def _recall(self, window: Window) -> Outcome | None:
        return self._kept.pop(identify(window), None) if self._kept else None

    def _ask(self, window: Window) -> Outcome:
        try:
            return self._client.ask(write(self._dialect, self._remote, window))
        except EngineFailed as error:
            return error


def identify(window: Window) -> bytes:
    """The same for windows that have the same answer."""
    told = repr((window.options, window.before, window.prefix)).encode()
    return hashlib.sha256(told + window.samples.tobytes()).digest()
