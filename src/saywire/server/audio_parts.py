"""Audio that a message carries, as a data URL, or names, as an address.

An address is only fetched from the hosts that ``server.audio_hosts`` names: a server that fetches whatever it
is told to can be sent into its own network. Redirects are not followed, for the same reason.
"""

from __future__ import annotations

import binascii
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

import httpx
import pybase64

from ..config import ServerConfig
from ..errors import BadAudio, BadRequest
from .problems import TooLarge

SPOOLED = 2**20
PATIENCE = httpx.Timeout(30.0)


@asynccontextmanager
async def fetch(audio: str, settings: ServerConfig) -> AsyncIterator[BinaryIO]:
    """The recording as a file. Raises BadRequest for what is no audio, or from where nothing is fetched."""
    if audio.startswith(("http://", "https://")):
        with tempfile.SpooledTemporaryFile(SPOOLED) as file:
            await _download(audio, settings, cast(BinaryIO, file))
            file.seek(0)
            yield cast(BinaryIO, file)
    else:
        yield io.BytesIO(read_data_url(audio))


def read_data_url(audio: str) -> bytes:
    """The bytes of ``data:...;base64,...``, or of base64 alone. Raises BadRequest."""
    if audio.startswith("data:"):
        head, comma, audio = audio.partition(",")
        if not comma or not head.endswith(";base64"):
            raise BadRequest("the audio is no data URL with base64: expected data:audio/wav;base64,...")
    try:
        data = pybase64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError) as e:
        raise BadRequest("the audio is neither an address nor valid base64") from e
    if not data:
        raise BadRequest("the audio is empty")
    return data


async def _download(address: str, settings: ServerConfig, file: BinaryIO) -> None:
    host = httpx.URL(address).host
    if host not in settings.audio_hosts:
        raise BadRequest(
            f"audio is not fetched from '{host[:80]}' here; send it as a data URL, or ask for the host to be "
            "named in server.audio_hosts"
        )
    read = 0
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client, client.stream("GET", address) as answer:
            if answer.status_code != 200:
                raise BadAudio(f"the address of the audio answered {answer.status_code}; expected 200")
            async for piece in answer.aiter_bytes():
                read += len(piece)
                if read > settings.max_upload_bytes:
                    raise TooLarge(f"the audio is larger than {settings.max_upload_bytes} bytes")
                file.write(piece)
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        raise BadAudio(f"the audio cannot be fetched: {e or type(e).__name__}") from e
