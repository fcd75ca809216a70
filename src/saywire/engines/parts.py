"""Which file of a model's folder plays which part of it, as its name says.

Source: the names that the exporters of icefall, NeMo, sherpa-onnx and their like write, as its releases and
the repositories of models have them, August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import EngineFailed

_PART = re.compile(
    r"(?:([\w.]+-))?(encoder_model|decoder_model_merged|encoder_adaptor|encoder|decoder|joiner|model|ctc"
    r"|conv_frontend|uncached_decode|cached_decode|preprocess|encode|llm|embedding)(.*?)(\.int8)?\.(?:onnx|ort)"
)
_ALSO = {"encoder_model": "encoder", "decoder_model_merged": "decoder", "ctc": "model"}


def find_parts(folder: Path, names: set[str]) -> dict[str, str]:
    """Of each part the name of its file, or of the folder of a language model's tokenizer."""
    return choose_parts(names) | _find_tokenizer(folder)


def choose_parts(names: set[str]) -> dict[str, str]:
    """One file for each part: ``encoder-epoch-99-avg-1.int8.onnx`` and the like.

    All parts come from the same export (the same name after the part). Of two sizes the small one is taken,
    but for the decoder of a transducer: there int8 costs accuracy and saves nothing.
    """
    exports: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name in sorted(names):
        if match := _PART.fullmatch(name):
            part = _ALSO.get(match[2], match[2])
            exports.setdefault((match[1] or "", match[3]), {}).setdefault(part, []).append(name)
    (prefix, _), best = max(exports.items(), key=lambda export: len(export[1]), default=(("", ""), {}))
    precise = {"decoder"} if "joiner" in best else set()
    parts = {
        part: min(files, key=lambda n: (".int8" in n) == (part in precise)) for part, files in best.items()
    }
    if tokens := {f"{prefix}tokens.txt", "tokens.txt"} & names:
        parts["tokens"] = max(tokens, key=len)
    return parts


def _find_tokenizer(folder: Path) -> dict[str, str]:
    found = sorted(path.parent.name for path in folder.glob("*/vocab.json"))
    return {"tokenizer": found[0]} if found else {}


def need_parts(folder: Path, parts: Mapping[str, str], needed: Sequence[str]) -> None:
    """Raises EngineFailed, which says what is there and what is missing."""
    missing = [part for part in needed if part not in parts]
    if missing:
        named = {"tokenizer": "a folder with the tokenizer's vocab.json"}
        named |= {"tokens": "tokens.txt", "vocabulary": "bpe.vocab"}
        files = ", ".join(named.get(part, f"{part}*.onnx") for part in missing)
        raise EngineFailed(
            f"'{folder.name}' is half a model: it has {', '.join(sorted(parts.values()))},"
            f" but {files} missing; download it again"
        )
