"""A relay that keeps the bytes between a client and a server, and tells when an answer begins."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Exchange:
    """What one connection carried."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)
    over: threading.Event = field(default_factory=threading.Event)


class Relay:
    def __init__(self, port: int) -> None:
        """``port``: of the server on this machine."""
        self._port = port
        self.exchanges: list[Exchange] = []
        self.watch: Callable[[Exchange], None] = lambda exchange: None
        """Called after each piece of an answer, before the client gets it."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def open(self) -> Iterator[Relay]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port: int = listening.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(listening,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                listening.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        exchange = Exchange()
        self.exchanges.append(exchange)
        with client:
            try:
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:  # as if the client had been refused itself
                reset(client)
                return
            with server:
                back = threading.Thread(target=self._bring_back, args=(server, client, exchange))
                back.start()
                carry(client, server, exchange.asked.extend)
                back.join()
        exchange.over.set()

    def _bring_back(self, server: socket.socket, client: socket.socket, exchange: Exchange) -> None:
        def keep(data: bytes) -> None:
            exchange.answered.extend(data)
            self.watch(exchange)

        carry(server, client, keep)


def carry(source: socket.socket, target: socket.socket, keep: Callable[[bytes], None]) -> None:
    """Until one of them ends; ends are passed on as they came."""
    try:
        while data := source.recv(65536):
            keep(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        reset(target)


def reset(connection: socket.socket) -> None:
    """The other side gets an RST, and whoever reads here is woken."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
