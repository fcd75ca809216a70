"""A model hub on the loopback that behaves as badly as a test asks, and counts who asked for what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request is answered; the default is well."""

    status: int = 200
    drop_at: int | None = None
    """Bytes of the body after which the connection ends."""
    hang_at: int | None = None
    """Bytes of the body after which nothing more comes."""
    claim: int = 0
    """Added to the true Content-Length."""
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ranges: bool = True


WELL = Answer()


@dataclass(slots=True)
class Resource:
    data: bytes
    answers: list[Answer] = field(default_factory=list)
    """One for each request; after the last, all goes well."""
    etag: str = '"one"'
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Hub:
    address: str = ""
    resources: dict[str, Resource] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range of each."""
    released: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, data: bytes, *answers: Answer, etag: str = '"one"') -> str:
        self.resources[path] = Resource(data, list(answers), etag)
        return self.address + path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.hub.requests.append((self.path, wanted))
        resource = self.hub.resources.get(self.path)
        if resource is None:
            self._send(Answer(404), b"not here", ())
            return
        answer = resource.answers.pop(0) if resource.answers else WELL
        start = self._start(resource, answer, wanted)
        if start is not None and start >= len(resource.data):
            self._send(Answer(416), b"", (("Content-Range", f"bytes */{len(resource.data)}"),))
        elif answer.status != 200 or answer.body is not None:
            self._send(answer, answer.body or b"no", resource.headers)
        else:
            self._send_part(resource, answer, start)

    def _start(self, resource: Resource, answer: Answer, wanted: str) -> int | None:
        changed = self.headers.get("If-Range", resource.etag) != resource.etag
        return int(wanted[6:-1]) if wanted and answer.ranges and not changed else None

    def _send_part(self, resource: Resource, answer: Answer, start: int | None) -> None:
        headers = [*resource.headers] + ([("ETag", resource.etag)] if resource.etag else [])
        if start is None:
            self._send(answer, resource.data, tuple(headers))
            return
        size = len(resource.data)
        headers.append(("Content-Range", f"bytes {start}-{size - 1}/{size}"))
        self._send(answer, resource.data[start:], tuple(headers), 206)

    def _send(
        self, answer: Answer, body: bytes, headers: tuple[tuple[str, str], ...], status: int = 0
    ) -> None:
        self.send_response(status or answer.status)
        for name, value in (*headers, *answer.headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + answer.claim))
        self.end_headers()
        end = next((at for at in (answer.drop_at, answer.hang_at) if at is not None), len(body))
        self.wfile.write(body[:end])
        if answer.hang_at is not None:
            self.wfile.flush()
            self.hub.released.wait()
        if end < len(body) or answer.claim:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves in the middle is what some tests are about."""


@contextmanager
def serve() -> Iterator[Hub]:
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
