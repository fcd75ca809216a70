"""One server: its address, its key, and what it says when it will not, in plain words.

Shared by those who ask over HTTP (``client.py``) and over a websocket (``realtime/``), so that a wrong key
or a server that is too busy is the same error everywhere. The key leaves this file in its header alone:
errors name the host, and what servers say is searched for the key.
"""

from __future__ import annotations

import math
import random
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Literal

import httpx

from ...calling import may_pass, split, tell_proxy
from ...config import RemoteConfig
from ...errors import BadRequest, EngineFailed
from .answer import Refusal, complaint

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
QUOTED = 120
"""Characters of an answer that an error shows."""

KeyHeader = Literal["authorization", "api-key"]

_KEYS = ("invalid_api_key", "invalidapikey", "authentication_error", "accessdenied", "access_denied")
_EMPTY = ("insufficient_quota", "arrearage", "allocationquota")
"""Words for an account that is empty, which no pause will fill."""
_BUSY = ("rate_limit", "throttling", "overloaded", "too_many", "limitrequests")
_WRONG = ("invalid", "model_not", "unknown", "unsupported", "not_supported", "missing", "modelnotfound")
_PASSING = (
    *("server_error", "internal", "processing_error", "session_expired", "shutting_down"),
    *("timeout", "requesttimeout"),
)
"""How the codes of errors begin, in lower case: OpenAI, vLLM, DashScope, saywire."""


class Trouble(Exception):
    """One try failed."""

    def __init__(
        self, message: str, code: str = "remote_failed", *, again: bool = False, after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.again = again
        """Whether another try may help."""
        self.after = after
        """Seconds that the server wants to be left alone."""


class Server:
    def __init__(
        self,
        remote: RemoteConfig,
        key: str,
        path: str,
        *,
        scheme: Literal["http", "ws"] = "http",
        key_header: KeyHeader = "authorization",
        roots: tuple[str, ...] = (),
        query: Mapping[str, str] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """``path`` is what is asked, under ``remote.url`` unless that ends with it; ``roots`` are other paths
        that the server is known by, taken off first. http and ws mean the same in ``remote.url``: the dialect
        knows its ``scheme``. ``draw`` gives random numbers in [0, 1). Raises EngineFailed for a wrong one."""
        self._remote = remote
        self._key = key
        self._key_header = key_header
        self._draw = draw
        self.trust = _read_trust(remote)
        """Whom to believe that it is this server; None: whom everybody believes."""
        try:
            split(remote.url)
            url = httpx.URL(remote.url)
        except (BadRequest, httpx.InvalidURL) as e:
            raise EngineFailed(f"remote.{remote.name}.url: {e}", code="remote_refused") from e
        safe = "s" if url.scheme in ("https", "wss") else ""
        url = url.copy_with(scheme=scheme + safe, path=_join(url.path.rstrip("/"), path, roots))
        self.url = url.copy_merge_params(query) if query else url

    @property
    def headers(self) -> dict[str, str]:
        headers = {"user-agent": "saywire"}
        if self._key:
            scheme = "Bearer " if self._key_header == "authorization" else ""
            headers[self._key_header] = scheme + self._key
        return headers

    def pauses(self) -> Iterator[float]:
        """Between half and all of a pause that doubles, so that many clients do not come back together."""
        for attempt in range(self._remote.retries):
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempt)
            yield longest * (1 + self._draw()) / 2

    def fail(self, trouble: Trouble) -> EngineFailed:
        """The last of all tries failed like this."""
        wish = f"; it wants to be left alone for {trouble.after:.0f} s" if trouble.after else ""
        message = f"remote '{self._remote.name}' ({self.url.host}): {trouble}{wish}"
        return EngineFailed(message, code=trouble.code)

    # What is wrong.

    def judge_absence(self, why: str) -> Trouble:
        if "CERTIFICATE_VERIFY_FAILED" in why:
            what = (
                f"is not trusted ({why}); name the authority that signed it in remote.{self._remote.name}.ca"
            )
            return Trouble(what, "remote_unreachable")
        what = f"cannot be reached: {why}; is it running, and is url right?"
        return Trouble(what, "remote_unreachable", again=True)

    def judge_proxy(self, error: Exception) -> Trouble:
        what = f"cannot be reached by the proxy of the environment: {tell_proxy(error)}"
        return Trouble(what, "remote_unreachable")

    def judge_break(self, why: str) -> Trouble:
        return Trouble(f"the connection broke: {self.clean(why)}", "remote_unreachable", again=True)

    def judge_delay(self) -> Trouble:
        what = f"no answer within {self._remote.timeout:g} s; remote.{self._remote.name}.timeout allows more"
        return Trouble(what, "remote_timeout")

    def judge_queue(self) -> Trouble:
        what = f"all {self._remote.requests} connections were busy for {self._remote.timeout:g} s"
        return Trouble(f"{what}; remote.{self._remote.name}.requests allows more", "remote_overloaded")

    def judge_status(self, status: int, headers: Mapping[str, str], body: bytes) -> Trouble:
        """What a status means that is not the one hoped for."""
        said, code = complaint(body)
        says = f"{status}: {self.clean(said)}" if said else f"{status}: {self.quote(body)}"
        match status:
            case HTTPStatus.UNAUTHORIZED:
                return self.judge_key()
            case HTTPStatus.FORBIDDEN:
                return self.judge_key(says)
            case HTTPStatus.TOO_MANY_REQUESTS:
                again = not _begins(code, _EMPTY)
                after = _retry_after(headers)
                return Trouble(f"too many requests ({says})", "remote_overloaded", again=again, after=after)
            case _ if may_pass(status):
                return Trouble(f"failed ({says})", again=True, after=_retry_after(headers))
            case _ if 300 <= status < 400:
                return Trouble(f"sends us elsewhere ({status}); put the address it means into url")
            case _:
                return self._refuse(says)

    def judge_refusal(self, refusal: Refusal) -> Trouble:
        """What an error means that came as a message, by its code."""
        said, code = self.clean(str(refusal)), refusal.code
        if code.isdigit():
            return Trouble(f"failed while answering: {said}", again=may_pass(int(code)))
        says = f"{self.clean(code)}: {said}" if code else said
        if _begins(code, _KEYS):
            return self.judge_key(says)
        if _begins(code, _EMPTY + _BUSY):
            again = not _begins(code, _EMPTY)
            return Trouble(f"too many requests ({says})", "remote_overloaded", again=again)
        if _begins(code, _WRONG):
            return self._refuse(says)
        return Trouble(f"failed while answering: {says}", again=_begins(code, _PASSING))

    def judge_key(self, says: str = "") -> Trouble:
        variable = self._remote.api_key_env
        what = f"the key in ${variable} was refused"
        if not variable:
            what = f"wants a key; name its variable in remote.{self._remote.name}.api_key_env"
        return Trouble(f"{what} ({says})" if says else what, "remote_key_refused")

    def _refuse(self, says: str) -> Trouble:
        return Trouble(f"refused the request ({says}); check url, model and dialect", "remote_refused")

    # What it said, without the key.

    def quote(self, data: bytes) -> str:
        text = self.clean(data.decode("utf-8", "replace"))
        return f"it begins with {text!r}" if text else "nothing was in it"

    def clean(self, text: str) -> str:
        """One short line without the key. The key goes first: a cut must not leave a part of it."""
        text = text.replace(self._key, "(key)") if self._key else text
        return " ".join(text[: 10 * QUOTED].split())[:QUOTED]


def _read_trust(remote: RemoteConfig) -> ssl.SSLContext | None:
    if not remote.ca:
        return None
    try:
        return ssl.create_default_context(cafile=Path(remote.ca).expanduser())
    except OSError as e:  # SSLError, too
        what = f"remote.{remote.name}.ca: no authorities in PEM can be read from {remote.ca}: {e}"
        raise EngineFailed(what, code="remote_refused") from e


def _begins(code: str, words: tuple[str, ...]) -> bool:
    return code.lower().startswith(words)


def _join(base: str, path: str, roots: tuple[str, ...]) -> str:
    if base.endswith(path):
        return base
    root = next((root for root in roots if base.endswith(root)), "")
    return base.removesuffix(root) + path


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds (RFC 9110, Retry-After); 0 where the server does not say, or not in a known form."""
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
