"""One file from the web, whole or not at all: resumed where it broke off, and compared with its checksum.

Contract: the file appears under its name only when it is complete and right. Until then it is ``NAME.part``,
with ``NAME.part.json`` saying of which URL and version, so that a later call, of another process too, goes on
where this one stopped. A dropped connection is tried again, with growing pauses, as long as it brings news.
Proxies come from the environment (HTTPS_PROXY, NO_PROXY, ...), as httpx reads it.
Sources: RFC 9110 sections 13.1.5 (If-Range), 14 (ranges), 15.3.7 (206), 15.5.17 (416); Hugging Face's
X-Linked-Etag, which is the sha256 of a large file (huggingface_hub, file_download.py).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from ..errors import FetchFailed
from .contents import checksum
from .patience import PATIENT, Patience

SPARE = 64 * 2**20
"""Bytes of disk that a download leaves free."""
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another try may change."""
MOST_BYTES = 64 * 2**30

Progress = Callable[[int, int | None], None]
"""Called with bytes that are here and bytes in all, where that is known."""


def ignore(done: int, total: int | None) -> None:
    """A progress nobody watches."""


@dataclass(frozen=True, slots=True)
class Fetched:
    size: int
    sha256: str
    published: bool
    """Whether there was a checksum to compare it with."""


class _State(msgspec.Struct):
    """What is known of the part of a file."""

    url: str
    validator: str = ""
    """A strong ETag, or the date of the last change; empty: the part cannot be continued safely."""


@dataclass(slots=True)
class _Dropped(Exception):
    """A try failed that is worth another one."""

    why: str
    after: float = 0.0


def fetch(
    client: httpx.Client,
    url: str,
    path: Path,
    *,
    sha256: str = "",
    limit: int = MOST_BYTES,
    progress: Progress = ignore,
    patience: Patience = PATIENT,
) -> Fetched:
    """Download to ``path``. Raises FetchFailed; what came so far stays for the next call, unless wrong."""
    part = _Part(url, path, limit, progress, sha256)
    failures, furthest = 0, part.size
    while True:
        try:
            part.go_on(client)
            return part.finish()
        except _Dropped as dropped:
            failures = 1 if part.size > furthest else failures + 1
            furthest = max(furthest, part.size)
            if failures >= patience.tries:
                raise FetchFailed(
                    f"{url}: {dropped.why}, {failures} times in a row, at byte {part.size:,};"
                    " look at the network and call again: it goes on from there"
                ) from dropped
            patience.wait(failures, dropped.after)


@dataclass(slots=True)
class _Part:
    """A file that is being downloaded."""

    url: str
    path: Path
    limit: int
    progress: Progress
    expected: str
    """Its sha256, or empty until a server tells it."""
    size: int = 0
    total: int | None = None
    _state: _State = field(init=False)

    def __post_init__(self) -> None:
        self._state = _State(self.url)
        try:
            state = msgspec.json.decode(self._note.read_bytes(), type=_State)
            if state.url == self.url and (state.validator or self.expected):
                self._state, self.size = state, self._file.stat().st_size
        except (OSError, msgspec.MsgspecError):
            pass  # there is nothing to go on from

    @property
    def _file(self) -> Path:
        return self.path.with_name(self.path.name + ".part")

    @property
    def _note(self) -> Path:
        return self.path.with_name(self.path.name + ".part.json")

    def go_on(self, client: httpx.Client) -> None:
        """One request, to the end of the file. Raises _Dropped, FetchFailed."""
        headers = {}
        if self.size:
            headers["Range"] = f"bytes={self.size}-"
            if self._state.validator:
                headers["If-Range"] = self._state.validator
        try:
            with client.stream("GET", self.url, headers=headers) as response:
                if self._judge(response):
                    self._receive(response)
        except (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.InvalidURL) as e:
            raise FetchFailed(f"{self.url}: {e}; is the address of the source right?") from e
        except httpx.TimeoutException as e:
            raise _Dropped("the server fell silent") from e
        except httpx.TransportError as e:
            raise _Dropped(str(e) or type(e).__name__) from e
        except OSError as e:
            raise FetchFailed(f"cannot write {self._file}: {e.strerror}; make room, and call again") from e

    def _judge(self, response: httpx.Response) -> bool:
        """Whether the body is what we want; the part is cut back where it must be."""
        status = response.status_code
        if response.url.scheme != "https" and self.url.startswith("https:"):
            raise FetchFailed(
                f"{self.url} leads to {response.url}, which is not encrypted; it was not followed"
            )
        if status in PASSING:
            raise _Dropped(f"the server answered {status}", _seconds_asked(response))
        if status == 416 and _range_total(response) == self.size:
            return False  # it was complete already
        if status == 416:
            self._begin_anew()
            raise _Dropped("what was here does not fit the file")
        if status not in (200, 206):
            raise FetchFailed(
                f"{self.url}: the server answered {status} {response.reason_phrase}; {_hint(status)}"
            )
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise FetchFailed(
                f"{self.url}: a web page came instead of the file; a proxy or a log-in page may be in between"
            )
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchFailed(f"{self.url}: the file came compressed, though that was not asked for")
        self._note_version(response)
        return True

    def _note_version(self, response: httpx.Response) -> None:
        length = response.headers.get("Content-Length", "")
        if response.status_code == 200:
            self._begin_anew()
            self.total = int(length) if length.isdecimal() else None
        else:
            if _range_start(response) != self.size:
                self._begin_anew()
                raise _Dropped("another part of the file came than was asked for")
            self.total = _range_total(response)
        for answer in (*response.history, response):
            linked = answer.headers.get("X-Linked-Etag", "").strip('"')
            if not self.expected and re.fullmatch(r"[0-9a-f]{64}", linked):
                self.expected = linked
        etag = response.headers.get("ETag", "")
        strong = etag if etag.startswith('"') else ""
        self._state = _State(self.url, strong or response.headers.get("Last-Modified", ""))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_bytes(msgspec.json.encode(self._state))
        self._check_room()

    def _check_room(self) -> None:
        missing = (self.total or 0) - self.size
        free = shutil.disk_usage(self.path.parent).free
        if missing + SPARE > free:
            raise FetchFailed(
                f"{self.path.name} needs {missing >> 20:,} MB more, but {self.path.parent}"
                f" has {free >> 20:,} MB free; make room, or set models.folder to a larger disk"
            )
        if (self.total or 0) > self.limit:
            raise FetchFailed(f"{self.url} has {self.total:,} bytes; {self.limit:,} are the most it may have")

    def _receive(self, response: httpx.Response) -> None:
        try:
            with self._file.open("ab") as file:
                for block in response.iter_raw():  # of a given size, it would lose the last at a drop
                    file.write(block)
                    self.size += len(block)
                    if self.size > self.limit:
                        raise FetchFailed(f"{self.url} does not end after {self.limit:,} bytes; it was left")
                    self.progress(self.size, self.total)
        finally:
            self.size = self._file.stat().st_size if self._file.exists() else 0
        if self.total is not None and self.size < self.total:
            raise _Dropped(f"the connection ended {self.total - self.size:,} bytes too early")

    def _begin_anew(self) -> None:
        self.size, self.total = 0, None
        self._file.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self) -> Fetched:
        """Compare it, and give it its name. Raises FetchFailed."""
        if not self._file.exists():
            self._file.touch()  # a file of no bytes
        found = checksum(self._file)
        if self.expected and found != self.expected:
            self._begin_anew()
            raise FetchFailed(
                f"{self.url} came damaged or changed: sha256 {found[:12]}, expected {self.expected[:12]};"
                " it was thrown away: call again, or take another source (models.sources)"
            )
        with self._file.open("rb") as file:
            os.fsync(file.fileno())
        self._file.replace(self.path)
        self._note.unlink(missing_ok=True)
        return Fetched(self.path.stat().st_size, found, bool(self.expected))


def _seconds_asked(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _range_start(response: httpx.Response) -> int | None:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _range_total(response: httpx.Response) -> int | None:
    match = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _hint(status: int) -> str:
    if status in (401, 403):
        return (
            "it wants to know who asks, or does not serve this region; take another source (models.sources)"
        )
    if status in (404, 410):
        return "the file is not there any more; take another source (models.sources)"
    return "take another source (models.sources)"
