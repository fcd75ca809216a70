"""A server on a free port that answers with the bytes it was told to, one reply a request."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Fate = Literal["keep", "close", "reset", "hang"]


@dataclass(frozen=True)
class Reply:
    """``fate``: of the connection, after the bytes."""

    data: bytes
    fate: Fate = "keep"


@dataclass(frozen=True)
class Asked:
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> list[tuple[str, bytes]]:
        """Of a form, in order."""
        boundary = b"--" + self.headers["content-type"].partition("boundary=")[2].encode()
        parts = [part.partition(b"\r\n\r\n") for part in self.body.split(boundary)[1:-1]]
        return [
            (head.decode().partition('name="')[2].partition('"')[0], value.removesuffix(b"\r\n"))
            for head, _, value in parts
        ]


@dataclass
class Peer:
    replies: list[Reply] = field(default_factory=list)
    """The last one for ever."""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    choose: Callable[[bytes], Reply] | None = None
    """The reply to a body, instead of ``replies``."""
    together: threading.Barrier | None = None
    """Requests are answered when so many have come."""
    context: ssl.SSLContext | None = None
    """Speaks TLS with it."""
    ending: threading.Event = field(default_factory=threading.Event)

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        if self.context:
            try:
                connection = self.context.wrap_socket(connection, server_side=True)
            except OSError:  # the client refuses our certificate
                return connection.close()
        with connection, connection.makefile("rb") as reader:
            while line := reader.readline().decode().strip():
                headers = {}
                while header := reader.readline().decode().strip():
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = reader.read(int(headers.get("content-length", 0)))
                self.asked.append(Asked(line, headers, body))
                if self.together:
                    self.together.wait()
                reply = self._reply(body)
                connection.sendall(reply.data)
                match reply.fate:
                    case "keep":
                        continue
                    case "hang":
                        self.ending.wait()
                    case "reset":  # closing without lingering sends RST
                        option = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
                return

    def _reply(self, body: bytes) -> Reply:
        if self.choose:
            return self.choose(body)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def open_peer(*replies: Reply, context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        peer = Peer(list(replies), url=address, context=context)
        thread = threading.Thread(target=peer.serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            peer.ending.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(
    body: bytes, kind: str = "application/json", status: str = "200 OK", fate: Fate = "keep", **headers: str
) -> Reply:
    lines = {"content-type": kind, "content-length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Reply(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body, fate)


def events(*data: str, end: bool = True, fate: Fate = "keep") -> Reply:
    """Server-sent events, each a chunk of its own; without ``end`` the body is not finished."""
    kind = b"content-type: text/event-stream; charset=utf-8\r\n"
    head = b"HTTP/1.1 200 OK\r\n" + kind + b"transfer-encoding: chunked\r\n\r\n"
    parts = [f"data: {text}\n\n".encode() for text in data]
    body = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
    return Reply(head + body + (b"0\r\n\r\n" if end else b""), fate)
