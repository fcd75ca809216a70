"""What is in a folder that is said to be a model: which family it is of, and which files play which part.

A family is what one engine can load (``engines/__init__.py``: FAMILIES). Files are told by their names and by
the metadata their exporters wrote into them, and checked so that no native library meets one it would end
the process over. Sources: the model loaders of sherpa-onnx (August 2026), the layouts of faster-whisper and
FunASR folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EngineFailed
from .folder import read_metadata
from .onnx_header import OnnxHeader, read_header
from .token_table import check_tokens, read_tokens

STREAMING, OFFLINE, TINY, WHISPER, FUNASR = "sherpa", "sherpa-offline", "saywire", "faster-whisper", "funasr"
"""The families."""
PARAFORMER_STREAMING = "ParaformerStreaming"
"""The one kind of FunASR that text comes from while somebody speaks."""
SEACO = "SeacoParaformer"
FUNASR_OFFLINE = (SEACO, "BiCifParaformer")
"""Kinds of FunASR that take whole recordings and know word times; the first hears hot words, too."""

ICEFALL_STREAMING = frozenset({"conformer", "ebranchformer", "lstm", "zipformer", "zipformer2"})
MARKS = {
    "conv_frontend.onnx": "qwen3_asr",
    "encoder_model.ort": "moonshine_v2",
    "preprocess.onnx": "moonshine",
    "encoder_adaptor.int8.onnx": "funasr_nano",
}
"""Files that tell an offline model of sherpa-onnx by themselves."""
_PART = re.compile(r"(?:([\w.]+-))?(encoder|decoder|joiner|model|ctc)(.*?)(\.int8)?\.onnx")
_CLASS = re.compile(r"^model:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
FRAME = 0.01
"""Seconds between feature frames, in every family here."""


@dataclass(frozen=True, slots=True)
class Layout:
    family: str
    kind: str
    """Within its family, as the engine of the family names them."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Name of the file for each part it plays."""
    chunk: float = 0.0
    """Seconds of audio of a step, for streaming families."""
    lookahead: float = 0.0
    """Seconds of audio a step sees beyond its chunk."""

    @property
    def streaming(self) -> bool:
        return self.family in (STREAMING, TINY) or self.kind == PARAFORMER_STREAMING


def recognise(folder: Path) -> Layout:
    """Raises EngineFailed for what is no whole model of a known family, saying what is missing or wrong."""
    names = _list_files(folder)
    if "metadata.json" in names:
        metadata = read_metadata(folder)
        return Layout(TINY, "tiny", {name: name for name in metadata.sha256}, metadata.chunk)
    if {"model.bin", "config.json"} <= names:
        return _whole(folder, names, WHISPER, "ctranslate2", ("model.bin", "config.json", "tokenizer.json"))
    if {"model.pt", "config.yaml"} & names:
        return _recognise_funasr(folder, names)
    if marks := sorted(MARKS.keys() & names):
        return Layout(OFFLINE, MARKS[marks[0]], {Path(name).stem: name for name in names})
    parts = choose_parts(names)
    if "joiner" in parts:
        return _recognise_transducer(folder, parts)
    if "model" in parts:
        return _recognise_single(folder, parts)
    if "encoder" in parts or "decoder" in parts:
        return _recognise_pair(folder, parts)
    raise EngineFailed(_say_what_is_there(folder, names))


def _list_files(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir() if path.is_file()}
    except OSError as e:
        raise EngineFailed(f"model folder '{folder.name}' cannot be read: {e.strerror}") from e


def _say_what_is_there(folder: Path, names: set[str]) -> str:
    found = ", ".join(sorted(names)[:8]) or "no file"
    return (
        f"'{folder.name}' is not a model this version knows: it has {found}; expected encoder, decoder and"
        " joiner or one model as .onnx beside tokens.txt, or model.bin beside config.json, or model.pt beside"
        " config.yaml; unpack the release and give the folder with these files"
    )


def _whole(folder: Path, names: set[str], family: str, kind: str, needed: Sequence[str]) -> Layout:
    missing = [name for name in needed if name not in names]
    if missing:
        raise EngineFailed(f"'{folder.name}' is half a {family} model: {', '.join(missing)} missing")
    return Layout(family, kind, {name.partition(".")[0]: name for name in needed})


def _recognise_funasr(folder: Path, names: set[str]) -> Layout:
    """Its kind is the name of its class in FunASR, which its configuration says."""
    needed: tuple[str, ...] = ("config.yaml", "model.pt")
    _whole(folder, names, FUNASR, "", needed)
    try:
        found = _CLASS.search((folder / "config.yaml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise EngineFailed(f"config.yaml of '{folder.name}' cannot be read: {e}; download it again") from e
    if found is None:
        raise EngineFailed(
            f"config.yaml of '{folder.name}' does not say what the model is; expected a line"
            f" like 'model: {PARAFORMER_STREAMING}', as FunASR's models have"
        )
    if found[1] in (PARAFORMER_STREAMING, *FUNASR_OFFLINE):
        needed += ("am.mvn", "tokens.json")
    return _whole(folder, names, FUNASR, found[1], needed)


def choose_parts(names: set[str]) -> dict[str, str]:
    """One file for each part: ``encoder-epoch-99-avg-1.int8.onnx`` and the like.

    All parts come from the same export (the same name after the part). Of two sizes the small one is taken,
    but for the decoder of a transducer: there int8 costs accuracy and saves nothing.
    """
    exports: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name in sorted(names):
        if match := _PART.fullmatch(name):
            part = "model" if match[2] == "ctc" else match[2]
            exports.setdefault((match[1] or "", match[3]), {}).setdefault(part, []).append(name)
    (prefix, _), best = max(exports.items(), key=lambda export: len(export[1]), default=(("", ""), {}))
    precise = {"decoder"} if "joiner" in best else set()
    parts = {
        part: min(files, key=lambda n: (".int8" in n) == (part in precise)) for part, files in best.items()
    }
    if f"{prefix}tokens.txt" in names:
        parts["tokens"] = f"{prefix}tokens.txt"
    return parts


def _need(folder: Path, parts: Mapping[str, str], needed: Sequence[str]) -> None:
    missing = [part for part in needed if part not in parts]
    if missing:
        files = ", ".join("tokens.txt" if part == "tokens" else f"{part}*.onnx" for part in missing)
        raise EngineFailed(
            f"'{folder.name}' is half a model: it has {', '.join(sorted(parts.values()))},"
            f" but {files} missing; download it again"
        )


def _recognise_transducer(folder: Path, parts: Mapping[str, str]) -> Layout:
    _need(folder, parts, ("encoder", "decoder", "joiner", "tokens"))
    encoder, decoder, _ = (read_header(folder / parts[name]) for name in ("encoder", "decoder", "joiner"))
    tokens = read_tokens(folder / parts["tokens"])
    if "cache_last_channel_dim1" in encoder.metadata:
        check_tokens(tokens, _plus_blank(encoder), parts["tokens"])
        return _nemo("nemo_transducer", parts, encoder)
    if len(decoder.outputs) > 1 or "decode_chunk_len" not in encoder.metadata:
        return Layout(OFFLINE, "nemo_transducer" if len(decoder.outputs) > 1 else "transducer", parts)
    kind = encoder.metadata.get("model_type", "")
    if kind not in ICEFALL_STREAMING:
        raise EngineFailed(
            f"the encoder of '{folder.name}' says it is of type '{kind}'; sherpa-onnx streams "
            + ", ".join(sorted(ICEFALL_STREAMING))
        )
    check_tokens(tokens, decoder.number("vocab_size"), parts["tokens"])
    return _zipformer("transducer", parts, encoder)


def _recognise_single(folder: Path, parts: Mapping[str, str]) -> Layout:
    _need(folder, parts, ("tokens",))
    model = read_header(folder / parts["model"])
    tokens = read_tokens(folder / parts["tokens"])
    if "cache_last_channel_dim1" in model.metadata:
        check_tokens(tokens, _plus_blank(model), parts["tokens"])
        return _nemo("nemo_ctc", parts, model)
    if "decode_chunk_len" in model.metadata:
        check_tokens(tokens, model.width, parts["tokens"])
        return _zipformer("zipformer2_ctc", parts, model)
    if "lfr_window_size" in model.metadata:
        return Layout(OFFLINE, "sense_voice" if "lang_zh" in model.metadata else "paraformer", parts)
    kind = model.metadata.get("model_type", "")
    if kind in ("zipformer2_ctc", "wenet_ctc", "telespeech_ctc") or kind.startswith("EncDec"):
        return Layout(OFFLINE, "nemo_ctc" if kind.startswith("EncDec") else kind, parts)
    raise EngineFailed(
        f"'{folder.name}' has a network of type '{kind or 'unknown'}', which no engine here loads"
    )


def _recognise_pair(folder: Path, parts: Mapping[str, str]) -> Layout:
    _need(folder, parts, ("encoder", "decoder", "tokens"))
    encoder, _ = (read_header(folder / parts[name]) for name in ("encoder", "decoder"))
    if {"decode_chunk_len", "cache_last_channel_dim1"} & encoder.metadata.keys():
        _need(folder, parts, ("joiner",))
    if "decoder_num_blocks" not in encoder.metadata:
        whisper = encoder.metadata.get("model_type", "").startswith("whisper")
        return Layout(OFFLINE, "whisper" if whisper else "fire_red_asr", parts)
    check_tokens(read_tokens(folder / parts["tokens"]), encoder.number("vocab_size"), parts["tokens"])
    return Layout(
        STREAMING, "paraformer", parts, chunk=0.6, lookahead=0.3
    )  # fixed in sherpa-onnx: 10 x 60 ms


def _plus_blank(header: OnnxHeader) -> int | None:
    size = header.number("vocab_size")
    return None if size is None else size + 1


def _nemo(kind: str, parts: Mapping[str, str], header: OnnxHeader) -> Layout:
    shift, window = header.number("chunk_shift") or 0, header.number("window_size") or 0
    return Layout(STREAMING, kind, parts, shift * FRAME, max(0, window - shift) * FRAME)


def _zipformer(kind: str, parts: Mapping[str, str], header: OnnxHeader) -> Layout:
    shift, window = header.number("decode_chunk_len") or 0, header.number("T") or 0
    return Layout(STREAMING, kind, parts, shift * FRAME, max(0, window - shift) * FRAME)
