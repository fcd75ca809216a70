"""One server, asked over pooled connections: deadlines, tries again, and what went wrong in plain words.

Contract: ``ask`` answers or raises EngineFailed before ``timeout`` seconds are over (a server that dribbles
may double them). Tried again is what another try may mend: no connection, a connection that broke, an answer
that was cut off, 408, 429 and 5xx, after a random pause that doubles or as long as the server says
(RFC 9110, Retry-After). Transcribing twice harms nobody. The key never leaves this file but in its header:
errors name the host alone, and what servers say is searched for the key. Redirects are not followed: a
key is for one host. Safe to be used by several threads at once.
"""

from __future__ import annotations

import math
import random
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path

import httpx

from ...config import RemoteConfig
from ...errors import EngineFailed
from ..recognizer import Recognition
from .answer import NoTimes, Refusal, Stream, Unreadable, complaint, read
from .dialects import Dialect
from .request import Form, Json, Request

CONNECTING = 5.0
"""Seconds for a connection: a server that is there accepts at once."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
MOST = 8 * 2**20
"""Bytes of an answer: times of every word of two minutes are 20 kB."""
QUOTED = 120
"""Characters of an answer that an error shows."""


class Trouble(Exception):
    """One try failed."""

    def __init__(
        self, message: str, code: str = "remote_failed", *, again: bool = False, after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.again = again
        self.after = after
        """Seconds that the server wants to be left alone."""


class Client:
    def __init__(
        self,
        remote: RemoteConfig,
        dialect: Dialect,
        key: str,
        pause: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """``draw`` gives random numbers in [0, 1)."""
        self._remote = remote
        self._dialect = dialect
        self._key = key
        self._pause = pause
        self._draw = draw
        try:
            url = httpx.URL(remote.url)
        except httpx.InvalidURL as e:
            raise EngineFailed(f"remote.{remote.name}.url is no address: {e}", code="remote_refused") from e
        self._host = url.host
        self._url = url.copy_with(path=url.path.rstrip("/") + dialect.path)
        most = httpx.Limits(max_connections=remote.requests, max_keepalive_connections=remote.requests)
        self._http = httpx.Client(limits=most, headers=self._headers(), verify=_trust(remote))

    def ask(self, request: Request) -> Recognition:
        """Raises EngineFailed, whose code tells what kind of failure it was."""
        deadline = time.monotonic() + self._remote.timeout
        pauses = self._pauses()
        while True:
            try:
                return self._try(request, deadline)
            except Trouble as trouble:
                pause = max(next(pauses, math.inf), trouble.after)
                left = deadline - time.monotonic()
                if not trouble.again or pause >= left:
                    wish = f"; it wants to be left alone for {trouble.after:.0f} s" if trouble.after else ""
                    message = f"remote '{self._remote.name}' ({self._host}): {trouble}{wish}"
                    raise EngineFailed(message, code=trouble.code) from trouble
            self._pause(pause)

    def close(self) -> None:
        self._http.close()

    def _headers(self) -> dict[str, str]:
        headers = {"user-agent": "saywire", "accept-encoding": "identity"}
        if self._key:
            scheme = "Bearer " if self._dialect.key_header == "authorization" else ""
            headers[self._dialect.key_header] = scheme + self._key
        return headers

    def _pauses(self) -> Iterator[float]:
        """Between half and all of a pause that doubles, so that many clients do not come back together."""
        for attempt in range(self._remote.retries):
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempt)
            yield longest * (1 + self._draw()) / 2

    def _try(self, request: Request, deadline: float) -> Recognition:
        left = max(0.01, deadline - time.monotonic())
        timeout = httpx.Timeout(left, connect=min(left, CONNECTING))
        try:
            response = self._http.send(self._build(request, timeout), stream=True)
            try:
                return self._read(response, deadline)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout) as e:
            why = "no connection" if isinstance(e, httpx.ConnectTimeout) else str(e)
            what = f"cannot be reached: {why}; is it running, and is url right?"
            raise Trouble(what, "remote_unreachable", again=True) from e
        except httpx.TimeoutException as e:
            raise self._late() from e
        except httpx.RequestError as e:
            what = f"the connection broke: {e or type(e).__name__}"
            raise Trouble(what, "remote_unreachable", again=True) from e

    def _build(self, request: Request, timeout: httpx.Timeout) -> httpx.Request:
        match request:
            case Form(fields, file):
                named: dict[str, list[str]] = {}
                for name, value in fields:
                    named.setdefault(name, []).append(value)
                files = {"file": ("audio.wav", file, "audio/wav")}
                return self._http.build_request("POST", self._url, data=named, files=files, timeout=timeout)
            case Json(body):
                headers = {"content-type": "application/json"}
                return self._http.build_request(
                    "POST", self._url, content=body, headers=headers, timeout=timeout
                )

    def _read(self, response: httpx.Response, deadline: float) -> Recognition:
        chunks = self._chunks(response, deadline)
        if response.status_code != HTTPStatus.OK:
            raise self._judge(response, b"".join(chunks))
        kind = response.headers.get("content-type", "no content type").partition(";")[0].strip().lower()
        data = b""
        try:
            if kind == "text/event-stream":
                return self._follow(chunks)
            data = b"".join(chunks)
            return read(data, self._dialect.words)
        except Unreadable as e:
            what = f"answered with {kind} that is not a transcript ({e}): {self._quote(data)}"
            raise Trouble(f"{what}; check url and dialect", "remote_malformed") from e
        except NoTimes as e:
            what = f"model '{self._remote.model}' gives no word times; use a dialect that asks for none"
            raise Trouble(what, "remote_malformed") from e
        except Refusal as e:
            again = e.code.isdigit() and _may_pass(int(e.code))
            raise Trouble(f"failed while answering: {self._clean(str(e))}", again=again) from e

    def _follow(self, chunks: Iterator[bytes]) -> Recognition:
        """Read to the end, so that the connection can be used again; what comes after the end is not waited
        for in vain."""
        stream = Stream()
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
                raise self._late()
            yield chunk

    def _late(self) -> Trouble:
        what = f"no answer within {self._remote.timeout:g} s; remote.{self._remote.name}.timeout allows more"
        return Trouble(what, "remote_timeout")

    def _judge(self, response: httpx.Response, body: bytes) -> Trouble:
        """What a status other than 200 means."""
        status = response.status_code
        said, code = complaint(body)
        says = f"{status}: {self._clean(said)}" if said else f"{status}: {self._quote(body)}"
        match status:
            case HTTPStatus.UNAUTHORIZED:
                return Trouble(self._refused_key(), "remote_key_refused")
            case HTTPStatus.FORBIDDEN:
                return Trouble(f"{self._refused_key()} ({says})", "remote_key_refused")
            case HTTPStatus.TOO_MANY_REQUESTS:
                again = code != "insufficient_quota"  # OpenAI's word for an empty account
                after = _retry_after(response.headers)
                return Trouble(f"too many requests ({says})", "remote_overloaded", again=again, after=after)
            case _ if _may_pass(status):
                after = _retry_after(response.headers)
                return Trouble(f"failed ({says})", again=True, after=after)
            case _ if response.is_redirect:
                return Trouble(f"sends us elsewhere ({status}); put the address it means into url")
            case _:
                return Trouble(
                    f"refused the request ({says}); check url, model and dialect", "remote_refused"
                )

    def _refused_key(self) -> str:
        variable = self._remote.api_key_env
        if not variable:
            return f"wants a key; name its variable in remote.{self._remote.name}.api_key_env"
        return f"the key in ${variable} was refused"

    def _quote(self, data: bytes) -> str:
        text = self._clean(data.decode("utf-8", "replace"))
        return f"it begins with {text!r}" if text else "nothing was in it"

    def _clean(self, text: str) -> str:
        """One short line without the key. The key goes first: a cut must not leave a part of it."""
        text = text.replace(self._key, "(key)") if self._key else text
        return " ".join(text[: 10 * QUOTED].split())[:QUOTED]


def _may_pass(status: int) -> bool:
    return status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or 500 <= status < 600


def _trust(remote: RemoteConfig) -> ssl.SSLContext | bool:
    if not remote.ca:
        return True
    try:
        return ssl.create_default_context(cafile=Path(remote.ca).expanduser())
    except OSError as e:  # SSLError, too
        what = f"remote.{remote.name}.ca: no authorities in PEM can be read from {remote.ca}: {e}"
        raise EngineFailed(what, code="remote_refused") from e


def _retry_after(headers: httpx.Headers) -> float:
    """Seconds; 0 where the server does not say, or not in a known form."""
    text = headers.get("retry-after", "")
    try:
        return max(0.0, float(text)) if math.isfinite(float(text)) else 0.0
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    now = datetime.now(when.tzinfo or UTC)
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())
