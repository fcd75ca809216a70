"""The live-caption page: the files of ``web/`` and the samples it can play, read once when the server starts.

Nothing else of the disk can be asked for. A page may run only scripts and styles of this server and none that
are written inline, and asks for each file again with its ETag, so that an update is seen at once.
Sources: RFC 9110, 8.8.3 and 13.1.2; Content Security Policy Level 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response

PACKAGE = Path(__file__).parent.parent
PREFIX = "/web/"
INDEX = "index.html"
TEST = "/test"
"""Where some who come from another server look for its page."""
WATCH = "/watch"
"""Where those come who read along; the token stands behind a #, and is not sent for the page."""
WATCH_PAGE = "watch.html"

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".flac": "audio/flac",
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served, by the end of its name, and as what."""

POLICY = "; ".join(
    (
        "default-src 'self'",
        "connect-src 'self' ws: wss:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": POLICY,
    "permissions-policy": "microphone=(self), display-capture=(self)",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Page:
    body: bytes
    kind: str
    tag: str
    """Its ETag, with the quotes."""


def read_page(path: Path) -> Page:
    body = path.read_bytes()
    return Page(body, KINDS[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def read_pages(package: Path = PACKAGE) -> Mapping[str, Page]:
    """By what stands behind ``/web/``: ``index.html``, ``js/main.mjs``, ``samples/dictation.flac``."""
    web = package / "web"
    places = {path.relative_to(web).as_posix(): path for path in web.rglob("*")}
    places |= {f"samples/{path.name}": path for path in (package / "samples").glob("*.flac")}
    return {name: read_page(path) for name, path in places.items() if path.suffix in KINDS}


def answer_page(page: Page, request: Request) -> Response:
    headers = HEADERS | {"etag": page.tag}
    if _has(request.headers.get("if-none-match", ""), page.tag):
        return Response(status_code=304, headers=headers)
    return Response(page.body, headers=headers | {"content-type": page.kind})


def _has(known: str, tag: str) -> bool:
    tags = [one.strip().removeprefix("W/") for one in known.split(",")]
    return tag in tags or "*" in tags


def add_pages(app: FastAPI, pages: Mapping[str, Page]) -> None:
    """A route for each file; what is not among them is not found like anything else."""

    def add(path: str, page: Page) -> None:
        async def show(request: Request) -> Response:
            return answer_page(page, request)

        app.router.add_route(path, show, methods=["GET"], include_in_schema=False)  # and HEAD

    for name, page in pages.items():
        add(PREFIX + name, page)
    add(TEST, pages[INDEX])
    add(WATCH, pages[WATCH_PAGE])
