"""``saywire.json``, which the product writes into each model folder it installed: what the model is, and the
checksum of every file. An engine reads its name and languages there; the store (``runtime/models.py``) all.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..errors import EngineFailed

MANIFEST = "saywire.json"


class FileRecord(msgspec.Struct, frozen=True):
    path: str
    """Below the model's folder, with forward slashes."""
    size: int
    sha256: str
    published: bool = False
    """Whether the checksum was known before the download, and not only recorded after it."""


class Manifest(msgspec.Struct, frozen=True):
    name: str
    family: str
    kind: str
    files: tuple[FileRecord, ...]
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes; empty: not known."""
    streaming: bool = False
    summary: str = ""
    licence: str = ""
    source: str = ""
    """Where it came from: a URL, or the path it was imported from."""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def read_manifest(folder: Path) -> Manifest:
    """Raises EngineFailed where there is none that this version reads."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as e:
        raise EngineFailed(f"model folder '{folder.name}' has no readable {MANIFEST}: {e.strerror}") from e
    except msgspec.MsgspecError as e:
        raise EngineFailed(
            f"{MANIFEST} of model '{folder.name}' is damaged ({e}); remove the model and install it again"
        ) from e


def write_manifest(folder: Path, manifest: Manifest) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")
