"""What a request comes with: its path, and its keys, wherever clients put them.

A key comes as ``Authorization: Bearer``, as ``api-key`` (Azure's clients) or ``x-api-key``, as the query
``api_key`` or ``api-key``, or, since a browser cannot set headers on a websocket, as the subprotocol
``openai-insecure-api-key.<key>``. The secret of somebody whose captions are shared comes in such ways, too:
proxies write addresses down, not headers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

KEY_SUBPROTOCOL = "openai-insecure-api-key."
KEY_HEADERS = ("api-key", "x-api-key")
KEY_QUERIES = ("api_key", "api-key")
SHARE_HEADER = "saywire-share"
SHARE_SUBPROTOCOL = "saywire-share."


def offered_keys(scope: Scope) -> Iterator[str]:
    headers = Headers(scope=scope)
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        yield key.strip()
    for name in KEY_HEADERS:
        if name in headers:
            yield headers[name]
    query = parse_qs(scope["query_string"].decode("latin-1"))
    for name in KEY_QUERIES:
        yield from query.get(name, ())
    for name in scope.get("subprotocols", ()):
        if name.startswith(KEY_SUBPROTOCOL):
            yield name.removeprefix(KEY_SUBPROTOCOL)


def offered_share(headers: Mapping[str, str], query: Mapping[str, str], subprotocols: Sequence[str]) -> str:
    """A speaker's secret, as it came; empty: none did."""
    named = next((name for name in subprotocols if name.startswith(SHARE_SUBPROTOCOL)), "")
    return headers.get(SHARE_HEADER) or named.removeprefix(SHARE_SUBPROTOCOL) or query.get("share", "")


def path_in(scope: Scope) -> str:
    """Within this application, wherever that is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
