"""The families of sherpa-onnx's recognisers of whole recordings, told by what is in a model's folder.

Folders are as they are released: networks as .onnx (or .ort) beside tokens.txt, the name of the part
somewhere in the file's name. One network alone is told by the metadata its exporter wrote into it. Of int8
and larger files the int8 ones are taken. Sources: sherpa-onnx's offline_recognizer.py and
offline-*-model.cc, 2.0.1, November 2026.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EngineFailed

SENSE_VOICE_LANGUAGES = ("zh", "en", "ja", "ko", "yue")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a family is made by ``sherpa_onnx.OfflineRecognizer``."""

    constructor: str
    parts: Mapping[str, str]
    """The constructor's argument for each part of the model."""
    times: bool = False
    """Whether its tokens have times."""
    language: str = ""
    """The constructor's argument for the language, which "" leaves to the model."""
    languages: tuple[str, ...] = ()
    invents: bool = False
    """As ``Recognizer.invents``."""
    extra: Mapping[str, str] = field(default_factory=dict)


_TOKENS = {"tokens": "tokens"}
_MODEL = {"model": "model", **_TOKENS}
_PAIR = {"encoder": "encoder", "decoder": "decoder", **_TOKENS}
_TRANSDUCER = {**_PAIR, "joiner": "joiner"}
_MOONSHINE = {
    "preprocess": "preprocessor",
    "encode": "encoder",
    "uncached_decode": "uncached_decoder",
    "cached_decode": "cached_decoder",
    **_TOKENS,
}
_QWEN = {
    "conv_frontend": "conv_frontend",
    "encoder": "encoder",
    "decoder": "decoder",
    "tokenizer": "tokenizer",
}

KINDS: Mapping[str, Kind] = {
    "zipformer2_ctc": Kind("from_zipformer_ctc", _MODEL, times=True),
    "wenet_ctc": Kind("from_wenet_ctc", _MODEL, times=True),
    "telespeech_ctc": Kind("from_telespeech_ctc", _MODEL, times=True),
    "nemo_ctc": Kind("from_nemo_ctc", _MODEL, times=True),
    "sense_voice": Kind("from_sense_voice", _MODEL, True, "language", SENSE_VOICE_LANGUAGES),
    "paraformer": Kind("from_paraformer", {"model": "paraformer", **_TOKENS}),
    "transducer": Kind("from_transducer", _TRANSDUCER, times=True),
    "nemo_transducer": Kind(
        "from_transducer", _TRANSDUCER, times=True, extra={"model_type": "nemo_transducer"}
    ),
    "whisper": Kind("from_whisper", _PAIR, language="language", invents=True),
    "fire_red_asr": Kind("from_fire_red_asr", _PAIR, invents=True),
    "fire_red_asr_ctc": Kind("from_fire_red_asr_ctc", _MODEL, times=True),
    "qwen3_asr": Kind("from_qwen3_asr", _QWEN, invents=True),
    "moonshine": Kind("from_moonshine", _MOONSHINE, invents=True),
    "moonshine_v2": Kind("from_moonshine_v2", _PAIR, invents=True),
}


@dataclass(frozen=True, slots=True)
class OfflineModel:
    kind: str
    files: Mapping[str, Path]
    """Of each part."""


def find_model(folder: Path, kind: str | None = None) -> OfflineModel:
    """What is in a folder; ``kind``: where that is known already.

    Raises EngineFailed for what is no whole model of a known family.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() or path.name == "tokenizer")
    except OSError as e:
        raise EngineFailed(f"model folder '{folder.name}' cannot be read: {e.strerror}") from e
    if not any(path.suffix in (".onnx", ".ort") for path in files):
        found = ", ".join(path.name for path in files[:8]) or "no file"
        raise EngineFailed(
            f"'{folder.name}' is no model of sherpa-onnx: it has {found}; "
            "expected .onnx files beside tokens.txt; give the folder of an unpacked release"
        )
    if kind not in (None, *KINDS):
        raise EngineFailed(f"model '{folder.name}' is of kind '{kind}'; known are: {', '.join(KINDS)}")
    kind = kind or _tell(folder, files)
    parts = _choose(files, KINDS[kind].parts)
    if not parts:
        raise _say_half(folder, files)
    return OfflineModel(kind, parts)


def _tell(folder: Path, files: Sequence[Path]) -> str:
    if _choose(files, _QWEN):
        return "qwen3_asr"
    if _choose(files, _MOONSHINE):
        return "moonshine"
    if transducer := _choose(files, _TRANSDUCER):
        return "nemo_transducer" if _mentions(transducer["encoder"], b"EncDec") else "transducer"
    if pair := _choose(files, _PAIR):
        return _tell_pair(pair)
    if model := _choose(files, _MODEL):
        return _tell_single(folder, model["model"])
    raise _say_half(folder, files)


def _say_half(folder: Path, files: Sequence[Path]) -> EngineFailed:
    names = ", ".join(path.name for path in files)
    return EngineFailed(f"'{folder.name}' is half a model: it has {names}; download it again")


def _choose(files: Sequence[Path], parts: Mapping[str, str]) -> dict[str, Path]:
    """One file for each part, the int8 network where there are two; empty unless all are there."""
    chosen: dict[str, Path] = {}
    for part in parts:
        named = [path for path in files if _plays(path, part)]
        if not named:
            return {}
        chosen[part] = min(named, key=lambda path: (".int8" not in path.name, path.name))
    return chosen


def _plays(path: Path, part: str) -> bool:
    """Whether the file's name says so: ``tiny-encoder.int8.onnx``, but not ``uncached_decode`` for decode."""
    if part == "tokenizer":
        return path.name == part
    if part == "tokens":
        return path.name.endswith("tokens.txt")
    if path.suffix not in (".onnx", ".ort"):
        return False
    stem = path.stem.removesuffix(".int8")
    begins = stem.startswith(part) or (part in _TRANSDUCER and f"-{part}" in stem)
    return begins or (part == "model" and stem.endswith("-model"))


def _tell_pair(pair: Mapping[str, Path]) -> str:
    if pair["encoder"].suffix == ".ort":
        return "moonshine_v2"
    return "whisper" if _mentions(pair["encoder"], b"n_text_layer") else "fire_red_asr"


def _tell_single(folder: Path, model: Path) -> str:
    if _mentions(model, b"lfr_window_size"):
        return "sense_voice" if _mentions(model, b"lang_zh") else "paraformer"
    for kind in ("zipformer2_ctc", "wenet_ctc", "telespeech_ctc"):
        if _mentions(model, kind.encode()):
            return kind
    if _mentions(model, b"EncDecCTC") or _mentions(model, b"EncDecHybrid"):
        return "nemo_ctc"
    known = ", ".join(KINDS)
    raise EngineFailed(f"the network of '{folder.name}' does not say what it is; known are: {known}")


def _mentions(path: Path, word: bytes) -> bool:
    """Whether a word is in a network's metadata, which is text inside the file."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(word) >= 0
    except (OSError, ValueError) as e:  # ValueError: an empty file cannot be mapped
        raise EngineFailed(f"model file '{path.name}' cannot be read: {e}; download it again") from e
