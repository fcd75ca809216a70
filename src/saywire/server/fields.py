"""The text fields of a form, whichever way a client spells them.

The SDKs spell lists ``name[]`` and objects ``name[key]``; curl users write ``name`` and one JSON string.
Sources: openai-python 3.52.0 and openai-node 7.55.0 as recorded on the wire, 2026-11.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.datastructures import FormData

from ..errors import BadRequest

T = TypeVar("T")


class Fields:
    def __init__(self, form: FormData) -> None:
        self._pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]

    def one(self, name: str) -> str | None:
        """The last value; None where there is none or an empty one."""
        values = self.many(name, json=False)
        return values[-1] if values else None

    def many(self, name: str, json: bool = True) -> tuple[str, ...]:
        """The values of ``name`` and ``name[]``, without empty ones; a JSON list counts as its items."""
        values = [value.strip() for key, value in self._pairs if key in (name, f"{name}[]")]
        if json and len(values) == 1 and values[0].startswith("["):
            values = decode(values[0], list[str], name)
        return tuple(value for value in values if value)

    def object(self, name: str) -> dict[str, str]:
        """The values of ``name[key]``, by key."""
        return {
            key[len(name) + 1 : -1]: value
            for key, value in self._pairs
            if key.startswith(f"{name}[") and key.endswith("]") and len(key) > len(name) + 2
        }


def decode(text: str, kind: type[T], param: str) -> T:
    """Raises BadRequest for what is no JSON of that kind."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as e:
        raise BadRequest(f"{param} is not understood: {e}", param=param) from e
