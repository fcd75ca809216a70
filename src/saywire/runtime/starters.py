"""How worker processes come to be: forked from a zygote, or spawned where there is no fork."""

from __future__ import annotations

import multiprocessing
import os
import socket
from typing import Protocol

from ..engines import Entry
from ..errors import ConfigError
from . import zygote
from .worker import work

PATIENCE = 1.0
"""Seconds that a spawned worker has to end (one that is loading does not look), before it is killed."""


class Starter(Protocol):
    def start(self, entry: Entry) -> socket.socket:
        """Start a worker for an engine; our end of the link to it. Raises OSError when the system cannot."""

    def retire(self, entry: Entry) -> None:
        """Free what is kept for further workers of an engine."""

    def end(self) -> None:
        """Free everything; the workers have ended with their links, or are ended."""


class Forking:
    """Workers are forked from one zygote, those of an engine that shares its memory from one of its own."""

    def __init__(self) -> None:
        self._zygote = zygote.start()
        self.nurseries: dict[str, socket.socket] = {}
        """By the name of the engine each has loaded."""

    @property
    def pid(self) -> int:
        return self._zygote.process.pid

    def start(self, entry: Entry) -> socket.socket:
        try:
            return self._fork(entry)
        except ConnectionError:  # whom we asked was killed
            self.retire(entry)
        try:
            return self._fork(entry)
        except ConnectionError:  # so it was not, or not only, the nursery
            self._zygote.end()
            self._zygote = zygote.start()
            return self._fork(entry)

    def retire(self, entry: Entry) -> None:
        if nursery := self.nurseries.pop(entry.name, None):
            nursery.close()

    def end(self) -> None:
        for nursery in self.nurseries.values():
            nursery.close()
        self._zygote.end()
        self._zygote.sweep()

    def _fork(self, entry: Entry) -> socket.socket:
        mother = self._nursery(entry) if entry.shares else self._zygote.requests
        return self._ask(mother, zygote.Request("worker", entry))

    def _nursery(self, entry: Entry) -> socket.socket:
        if entry.name not in self.nurseries:
            request = zygote.Request("nursery", entry)
            self.nurseries[entry.name] = self._ask(self._zygote.requests, request)
        return self.nurseries[entry.name]

    def _ask(self, mother: socket.socket, request: zygote.Request) -> socket.socket:
        ours, theirs = socket.socketpair()
        try:
            zygote.send_request(mother, request, theirs)
        except OSError:
            ours.close()
            raise
        return ours


class Spawning:
    """Each worker is a fresh interpreter, with its own copy of everything."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[multiprocessing.process.BaseProcess] = []

    def start(self, entry: Entry) -> socket.socket:
        ours, theirs = socket.socketpair()
        process = self._context.Process(target=work, args=(theirs, entry), daemon=True)
        process.start()
        theirs.close()
        self._processes = [p for p in self._processes if p.is_alive()] + [process]
        return ours

    def retire(self, entry: Entry) -> None:
        pass

    def end(self) -> None:
        for process in self._processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


def choose(how: str) -> Starter:
    """``fork``, ``spawn`` or ``auto``. Raises ConfigError."""
    can_fork = hasattr(os, "fork") and hasattr(socket, "send_fds")
    if how == "spawn" or (how == "auto" and not can_fork):
        return Spawning()
    if how in ("fork", "auto") and can_fork:
        return Forking()
    raise ConfigError(
        f"engine.start is '{how}'; this system has auto, spawn" + (", fork" if can_fork else "")
    )
