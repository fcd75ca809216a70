"""Which wire a server speaks, by its address. Pure.

``saywire`` is our own client's (``connection.py``): the server finds the turns, and the session goes on
elsewhere when its connection breaks. Every other is a dialect of a remote engine (``engines/remote``): the
turns are found here, and each utterance goes to the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from ..calling import split
from ..config import DialectName
from ..errors import BadRequest
from .connection import KEY_VARIABLE

SAYWIRE = "saywire"
FUNASR_PORTS = (10095, 10096)
"""Where FunASR's runtime is, unless somebody moves it."""
USUAL_MODELS = {"funasr": "2pass", "funasr-realtime": "fun-asr-nano"}
"""By wires where there is one; to the second it is but a name."""
NAMES = tuple(sorted({SAYWIRE, *get_args(DialectName)}))


@dataclass(frozen=True, slots=True)
class Wire:
    name: str
    """``SAYWIRE``, or a dialect."""
    url: str
    key_variable: str = ""
    """Of the environment, where such a server's key usually is; empty: none may be sent there unasked."""
    model: str = ""
    """What to ask for where nobody says; empty: somebody must."""


def find_wire(url: str, forced: str = "") -> Wire:
    """``forced``: the wire, where the address does not tell. Raises BadRequest."""
    parts = split(url)
    host = parts.hostname or ""
    if forced and forced not in NAMES:
        raise BadRequest(f"no wire is called '{forced}'; there are: {', '.join(NAMES)}")
    name = forced or _guess(host, parts.port, parts.path.rstrip("/"))
    if not name:
        raise BadRequest(f"the address {url} does not tell which wire is spoken there; say it with --wire")
    return Wire(name, url, _key_variable(name, host), USUAL_MODELS.get(name, ""))


def _guess(host: str, port: int | None, path: str) -> str:
    azure = host.endswith(".openai.azure.com")
    if path.endswith("/api-ws/v1/realtime"):
        return "dashscope-realtime"
    if path.endswith("/api-ws/v1/inference"):
        return "dashscope-task"
    if host == "api.openai.com" or azure:
        return "azure-realtime" if azure else "openai-realtime"
    if port in FUNASR_PORTS and not path:
        return "funasr"
    return SAYWIRE if path in ("", "/v1") or path.endswith("/v1/realtime") else ""


def _key_variable(name: str, host: str) -> str:
    """A key goes where it belongs, or to a server that somebody named by its wire."""
    if name == SAYWIRE:
        return KEY_VARIABLE
    if name.startswith("dashscope") and host.endswith(".aliyuncs.com"):
        return "DASHSCOPE_API_KEY"
    if host == "api.openai.com":
        return "OPENAI_API_KEY"
    return "AZURE_OPENAI_API_KEY" if host.endswith(".openai.azure.com") else ""
