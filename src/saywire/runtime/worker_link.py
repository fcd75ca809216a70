"""The ingress's end of the link to one worker, and a session's place in it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import Protocol, cast

from .. import messages as m
from ..engines.base import EngineInfo
from ..errors import EngineFailed, SaywireError
from .hosted import Hosted
from .link import Down, Drop, Hello, Ping, Refused, Trying, Unpacker, pack

log = logging.getLogger(__name__)

PATIENCE = 3
"""Questions whether it is there that a worker may leave unanswered; then it hangs, and is killed. No step of
an engine takes half a minute."""
LOADING = 600.0
"""Seconds that a worker may take to load its engine: gigabytes from a slow disk need a minute or two."""
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # which on Windows kills as well


class Employer(Protocol):
    """Who is told what becomes of a worker."""

    @property
    def model(self) -> str:
        """That its workers load."""

    def greeted(self, info: EngineInfo) -> None:
        """It has loaded its engine."""

    def refused(self, error: SaywireError) -> None:
        """It cannot."""

    def lost(self, link: WorkerLink) -> None:
        """Its link has ended."""

    def left(self) -> None:
        """A seat became free."""


class WorkerLink(asyncio.Protocol):
    """Our end of the link to one worker."""

    def __init__(self, employer: Employer) -> None:
        self.sessions: dict[int, Hosted] = {}
        self.pid = 0
        """Of the worker process; 0 while it is loading."""
        self.expected = False
        """Whether the link's end is."""
        self.tried = 0
        """The session that the worker last said might kill it."""
        self._unanswered = 0
        self._loading: asyncio.TimerHandle | None = None
        self.gone = asyncio.get_running_loop().create_future()
        self._employer = employer
        self._unpacker = Unpacker()
        self._transport: asyncio.Transport | None = None

    @property
    def model(self) -> str:
        return self._employer.model

    def send(self, number: int, message: Down) -> None:
        """To a dead worker it goes nowhere: the session keeps it and gives it to the next."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(pack(number, message))

    def close(self) -> None:
        """Let the worker end; its end of the link says when it has."""
        self.expected = True
        if self._transport and not self._transport.is_closing():
            self._transport.write_eof()

    def ask(self) -> None:
        """Is it there? Kills one that has not said anything to many such questions."""
        if self._unanswered >= PATIENCE:
            log.error("worker %d hangs and is killed", self.pid)
            self.kill()
        elif self.pid:
            self._unanswered += 1
            self.send(0, Ping())

    def kill(self) -> None:
        """End a worker that does not end by itself. While its end of the link is open, its id is its own."""
        if self.gone.done():
            return
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, KILL)
        if self._transport:
            self._transport.abort()

    def left(self) -> None:
        self._employer.left()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none by inheritance
        self._loading = asyncio.get_running_loop().call_later(LOADING, self._give_up_loading)

    def data_received(self, data: bytes) -> None:
        self._unanswered = 0
        for number, message in self._unpacker.feed(data):
            match message:
                case Hello(info, pid):
                    self._stop_timer()
                    self.pid = pid
                    self._employer.greeted(info)
                case Refused(error):
                    self._refuse(error)
                case Trying():
                    self.tried = number
                case _ if hosted := self.sessions.get(number):
                    assert isinstance(message, m.Event)
                    hosted.hear(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._employer.lost(self)
        self.gone.set_result(None)

    # Inside.

    def _refuse(self, error: SaywireError) -> None:
        self._stop_timer()
        self.expected = True
        self._employer.refused(error)

    def _give_up_loading(self) -> None:
        what = f"model '{self.model}' was not loaded within {LOADING:.0f} s"
        self._refuse(EngineFailed(f"{what}; does its disk, or its device, answer?"))
        self.kill()

    def _stop_timer(self) -> None:
        if self._loading:
            self._loading.cancel()


class Place:
    """``hosted.Seat``: one session's place in one worker."""

    def __init__(self, link: WorkerLink, number: int) -> None:
        self._link = link
        self._number = number

    @property
    def model(self) -> str:
        return self._link.model

    def send(self, message: Down) -> None:
        self._link.send(self._number, message)

    def take(self, hosted: Hosted) -> None:
        self._link.sessions[self._number] = hosted
        hosted.seated(self)

    def leave(self) -> None:
        self._link.send(self._number, Drop())
        if self._link.sessions.pop(self._number, None):
            self._link.left()
