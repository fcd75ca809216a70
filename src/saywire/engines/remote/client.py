"""One server asked over pooled HTTP connections: deadlines, tries again, answers.

Contract: ``ask`` answers or raises EngineFailed before ``timeout`` seconds are over (a server that dribbles
may double them). Tried again is what another try may mend: no connection, a connection that broke, an answer
that was cut off, 408, 429 and 5xx, after a random pause that doubles or as long as the server says
(RFC 9110, Retry-After). Transcribing twice harms nobody. What went wrong ``server.py`` has words for.
Redirects are not followed: a key is for one host. Safe to be used by several threads at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus

import httpx

from ...calling import PROXY_TROUBLE, is_here
from ...config import RemoteConfig
from ..recognizer import Recognition
from .answer import NoTimes, Refusal, Stream, Unreadable, read
from .dialects import Dialect
from .request import Form, Json, Request
from .server import Server, Trouble

CONNECTING = 5.0
"""Seconds for a connection: a server that is there accepts at once."""
MOST = 8 * 2**20
"""Bytes of an answer: times of every word of two minutes are 20 kB."""


class Client:
    def __init__(
        self,
        remote: RemoteConfig,
        dialect: Dialect,
        server: Server,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises EngineFailed for a proxy of the environment that is none."""
        self._remote = remote
        self._dialect = dialect
        self._server = server
        self._pause = pause
        most = httpx.Limits(max_connections=remote.requests, max_keepalive_connections=remote.requests)
        headers = server.headers | {"accept-encoding": "identity"} | dict(dialect.headers)
        trust = server.trust or httpx.create_ssl_context()
        try:
            asks = not is_here(server.url.host)  # a proxy
            self._http = httpx.Client(limits=most, headers=headers, verify=trust, trust_env=asks)
        except PROXY_TROUBLE as e:
            raise server.fail(server.judge_proxy(e)) from e

    def ask(self, request: Request) -> Recognition:
        """Raises EngineFailed, whose code tells what kind of failure it was."""
        deadline = time.monotonic() + self._remote.timeout
        pauses = self._server.pauses()
        while True:
            try:
                return self._try(request, deadline)
            except Trouble as trouble:
                pause = max(next(pauses, math.inf), trouble.after)
                left = deadline - time.monotonic()
                if not trouble.again or pause >= left:
                    raise self._server.fail(trouble) from trouble
            self._pause(pause)

    def close(self) -> None:
        self._http.close()

    def _try(self, request: Request, deadline: float) -> Recognition:
        left = max(0.01, deadline - time.monotonic())
        timeout = httpx.Timeout(left, connect=min(left, CONNECTING))
        try:
            response = self._http.send(self._build(request, timeout), stream=True)
            try:
                return self._read(response, deadline, request.begin if isinstance(request, Json) else "")
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout) as e:
            why = "no connection" if isinstance(e, httpx.ConnectTimeout) else str(e)
            raise self._server.judge_absence(why) from e
        except httpx.TimeoutException as e:
            raise self._server.judge_delay() from e
        except httpx.RequestError as e:
            raise self._server.judge_break(str(e) or type(e).__name__) from e

    def _build(self, request: Request, timeout: httpx.Timeout) -> httpx.Request:
        url = self._server.url
        match request:
            case Form(fields, file):
                named: dict[str, list[str]] = {}
                for name, value in fields:
                    named.setdefault(name, []).append(value)
                files = {"file": ("audio.wav", file, "audio/wav")}
                return self._http.build_request("POST", url, data=named, files=files, timeout=timeout)
            case Json(body):
                headers = {"content-type": "application/json"}
                return self._http.build_request("POST", url, content=body, headers=headers, timeout=timeout)

    def _read(self, response: httpx.Response, deadline: float, begin: str) -> Recognition:
        chunks = self._chunks(response, deadline)
        if response.status_code != HTTPStatus.OK:
            raise self._server.judge_status(response.status_code, response.headers, b"".join(chunks))
        kind = response.headers.get("content-type", "no content type").partition(";")[0].strip().lower()
        data = b""
        try:
            if kind == "text/event-stream":
                return self._follow(chunks, begin)
            data = b"".join(chunks)
            return read(data, self._dialect.words, begin)
        except Unreadable as e:
            what = f"answered with {kind} that is not a transcript ({e}): {self._server.quote(data)}"
            raise Trouble(f"{what}; check url and dialect", "remote_malformed") from e
        except NoTimes as e:
            what = f"model '{self._remote.model}' gives no word times; use a dialect that asks for none"
            raise Trouble(what, "remote_malformed") from e
        except Refusal as e:
            raise self._server.judge_refusal(e) from e

    def _follow(self, chunks: Iterator[bytes], begin: str) -> Recognition:
        """Read to the end, so that the connection can be used again; what comes after the end is not waited
        for in vain."""
        stream = Stream(begin)
        try:
            for chunk in chunks:
                stream.feed(chunk)
            stream.feed(b"\n\n")
        except (httpx.RequestError, Trouble):
            if not stream.complete:
                raise
        if not stream.complete:
            raise Trouble("the answer was cut off", "remote_unreachable", again=True)
        return stream.recognize()

    def _chunks(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        count = 0
        for chunk in response.iter_bytes():
            count += len(chunk)
            if count > MOST:
                raise Trouble(f"answered with more than {MOST} bytes", "remote_malformed")
            if time.monotonic() > deadline:
                raise self._server.judge_delay()
            yield chunk
