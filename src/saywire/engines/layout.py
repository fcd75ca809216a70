"""What is in a folder that is said to be a model: which family it is of, and whether it is whole.

A family is what one engine can load (``engines/__init__.py``: FAMILIES). Files are told by their names
(``parts.py``) and by the metadata their exporters wrote into them, and checked so that no native library
meets one it would end the process over. Sources: the model loaders of sherpa-onnx (August 2026), the layouts
of faster-whisper and FunASR folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EngineFailed
from ..types import RATE
from .folder import read_metadata
from .offline_models import KINDS
from .onnx_header import OnnxHeader, read_header
from .parts import find_parts, need_parts
from .pieces import read_vocabulary
from .token_table import check_tokens, read_tokens

STREAMING, OFFLINE, TINY, WHISPER, FUNASR = "sherpa", "sherpa-offline", "saywire", "faster-whisper", "funasr"
"""The families."""
PUNCTUATION = "sherpa-punctuation"
"""A family that hears nothing: it finishes what others say (``punctuation.py``)."""
TURNS = "smart-turn"
"""A family that says nothing either: it finds out whether somebody has finished (``turns.py``)."""
SMART_TURN = "smart_turn_v3"
"""Its one kind."""
PARAFORMER_STREAMING = "ParaformerStreaming"
"""The one kind of FunASR that text comes from while somebody speaks."""
SEACO = "SeacoParaformer"
FUNASR_OFFLINE = (SEACO, "BiCifParaformer")
"""Kinds of FunASR that take whole recordings and know word times; the first hears hot words, too."""

ICEFALL_STREAMING = frozenset({"conformer", "ebranchformer", "lstm", "zipformer", "zipformer2"})
PUNCTUATION_MARKS = frozenset("，。？、_")
ENGLISH_MARKS = {"COMMA": "1", "PERIOD": "2", "QUESTION": "3", "UPPER": "1", "CAP": "2", "MIX_CASE": "3"}
"""What sherpa-onnx takes for granted in the metadata of punctuation models."""
MARKS = {
    "conv_frontend": "qwen3_asr",
    "encoder_adaptor": "funasr_nano",
    "uncached_decode": "moonshine",
    "cached_decode": "moonshine",
}
"""Parts that tell an offline kind by themselves."""
TOLD = ("sense_voice", "zipformer2_ctc", "wenet_ctc", "telespeech_ctc")
"""Offline kinds of one network whose exporters wrote their name, or that of their metadata, into it."""
_TURN_MODEL = re.compile(r"smart-turn.*\.onnx")
TURN_INPUTS = ("input_features",)
_CLASS = re.compile(r"^model:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
FRAME = 0.01
"""Seconds between feature frames, in every family here."""


@dataclass(frozen=True, slots=True)
class Layout:
    family: str
    kind: str
    """Within its family, as the engine of the family names them."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Name of the file, or of the folder of a tokenizer, for each part it plays."""
    chunk: float = 0.0
    """Seconds of audio of a step, for streaming families."""
    lookahead: float = 0.0
    """Seconds of audio a step sees beyond its chunk."""

    @property
    def streaming(self) -> bool:
        return self.family in (STREAMING, TINY) or self.kind == PARAFORMER_STREAMING


def recognise(folder: Path, kind: str | None = None) -> Layout:
    """``kind``: of an offline model of sherpa-onnx, where that is known already: some do not tell.

    Raises EngineFailed for what is no whole model of a known family, saying what is missing or wrong.
    """
    names = _list_files(folder)
    if "metadata.json" in names:
        metadata = read_metadata(folder)
        return Layout(TINY, "tiny", {name: name for name in metadata.sha256}, metadata.chunk)
    if {"model.bin", "config.json"} <= names:
        return _whole(folder, names, WHISPER, "ctranslate2", ("model.bin", "config.json", "tokenizer.json"))
    if {"model.pt", "config.yaml"} & names:
        return _recognise_funasr(folder, names)
    if turn_models := sorted(name for name in names if _TURN_MODEL.fullmatch(name)):
        return _recognise_turns(folder, turn_models)
    parts = find_parts(folder, names)
    if not parts.keys() - {"tokens", "tokenizer"}:
        raise EngineFailed(_say_what_is_there(folder, names))
    return _recognise_offline(folder, parts, kind) if kind else _tell(folder, parts)


def _tell(folder: Path, parts: Mapping[str, str]) -> Layout:
    if marks := sorted(MARKS.keys() & parts.keys()):
        return _recognise_offline(folder, parts, MARKS[marks[0]])
    if "joiner" in parts:
        return _recognise_transducer(folder, parts)
    if "model" in parts:
        return _recognise_single(folder, parts)
    return _recognise_pair(folder, parts)


def _recognise_turns(folder: Path, names: Sequence[str]) -> Layout:
    """Of several the newest, by its name, of those that are quantized for CPUs."""
    name = max(names, key=lambda name: ("-cpu" in name, name))
    header = read_header(folder / name)
    if header.inputs != TURN_INPUTS or len(header.outputs) != 1:
        raise EngineFailed(
            f"'{name}' takes {', '.join(header.inputs) or 'nothing'}; models of Smart Turn v3 take"
            f" {', '.join(TURN_INPUTS)} and have one output"
        )
    return Layout(TURNS, SMART_TURN, {"model": name})


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


def _recognise_transducer(folder: Path, parts: Mapping[str, str]) -> Layout:
    need_parts(folder, parts, ("encoder", "decoder", "joiner", "tokens"))
    encoder, decoder, _ = (read_header(folder / parts[name]) for name in ("encoder", "decoder", "joiner"))
    if "cache_last_channel_dim1" in encoder.metadata:
        tokens = read_tokens(folder / parts["tokens"])
        check_tokens(tokens, _plus_blank(encoder), parts["tokens"], blank_last=True)
        return _stream("nemo_transducer", parts, encoder)
    if len(decoder.outputs) > 1 or "decode_chunk_len" not in encoder.metadata:
        kind = "nemo_transducer" if len(decoder.outputs) > 1 else "transducer"
        return _recognise_offline(folder, parts, kind)
    kind = encoder.metadata.get("model_type", "")
    if kind not in ICEFALL_STREAMING:
        raise EngineFailed(
            f"the encoder of '{folder.name}' says it is of type '{kind}'; sherpa-onnx streams "
            + ", ".join(sorted(ICEFALL_STREAMING))
        )
    check_tokens(read_tokens(folder / parts["tokens"]), decoder.number("vocab_size"), parts["tokens"])
    return _stream("transducer", parts, encoder)


def _recognise_single(folder: Path, parts: Mapping[str, str]) -> Layout:
    model = read_header(folder / parts["model"])
    if {"punctuations", "COMMA"} & model.metadata.keys():
        return _recognise_punctuation(folder, parts["model"], model)
    if model.inputs == TURN_INPUTS:
        return _recognise_turns(folder, [parts["model"]])
    need_parts(folder, parts, ("tokens",))
    tokens = read_tokens(folder / parts["tokens"])
    if "cache_last_channel_dim1" in model.metadata:
        check_tokens(tokens, _plus_blank(model), parts["tokens"])
        return _stream("nemo_ctc", parts, model)
    if "decode_chunk_len" in model.metadata:
        check_tokens(tokens, model.width, parts["tokens"])
        return _stream("zipformer2_ctc", parts, model)
    kind = model.metadata.get("model_type", "")
    if "lfr_window_size" in model.metadata:
        kind = "sense_voice" if "lang_zh" in model.metadata else "paraformer"
    elif kind.startswith("EncDec"):
        kind = "nemo_ctc"
    elif kind not in TOLD:
        raise EngineFailed(
            f"'{folder.name}' has a network of type '{kind or 'unknown'}', which no engine here loads"
        )
    return _recognise_offline(folder, parts, kind)


def _recognise_punctuation(folder: Path, name: str, model: OnnxHeader) -> Layout:
    said = model.metadata
    if "punctuations" in said:
        marks, tokens = said["punctuations"].split("|"), said.get("tokens", "").split("|")
        fits = model.number("vocab_size") == len(tokens) and model.width in (None, len(marks))
        if not (fits and set(marks) >= PUNCTUATION_MARKS and said.get("unk_symbol") in tokens):
            raise EngineFailed(f"the tables inside '{name}' do not fit each other; download it again")
        return Layout(PUNCTUATION, "ct_transformer", {"model": name})
    if any(said.get(mark) != number for mark, number in ENGLISH_MARKS.items()):
        raise EngineFailed(f"'{name}' numbers its marks in a way of its own, which no engine here knows")
    vocabulary = folder / "bpe.vocab"
    files = {"model": name} | ({"vocabulary": vocabulary.name} if vocabulary.is_file() else {})
    need_parts(folder, files, ("vocabulary",))
    read_vocabulary(vocabulary)
    return Layout(PUNCTUATION, "cnn_bilstm", files)


def _recognise_pair(folder: Path, parts: Mapping[str, str]) -> Layout:
    need_parts(folder, parts, ("encoder", "decoder", "tokens"))
    if parts["encoder"].endswith(".ort"):
        return _recognise_offline(folder, parts, "moonshine_v2")
    encoder = read_header(folder / parts["encoder"])
    if {"decode_chunk_len", "cache_last_channel_dim1"} & encoder.metadata.keys():
        need_parts(folder, parts, ("joiner",))
    if "decoder_num_blocks" in encoder.metadata:
        read_header(folder / parts["decoder"])
        check_tokens(read_tokens(folder / parts["tokens"]), encoder.number("vocab_size"), parts["tokens"])
        return Layout(STREAMING, "paraformer", parts, chunk=0.6, lookahead=0.3)  # fixed there: 10 x 60 ms
    kind = encoder.metadata.get("model_type", "")
    if kind.startswith("whisper"):
        return _recognise_offline(folder, parts, "whisper")
    return _recognise_offline(folder, parts, "canary" if kind == "EncDecMultiTaskModel" else "fire_red_asr")


def _recognise_offline(folder: Path, parts: Mapping[str, str], kind: str) -> Layout:
    if kind not in KINDS:
        raise EngineFailed(f"model '{folder.name}' is of kind '{kind}'; known are: {', '.join(KINDS)}")
    needed = KINDS[kind].parts
    need_parts(folder, parts, tuple(needed))
    files = {part: parts[part] for part in needed}
    heads = {part: read_header(folder / name) for part, name in files.items() if name.endswith(".onnx")}
    for part, head in heads.items():
        _check_rate(head, files[part])
    if KINDS[kind].blank:
        _check_offline_tokens(kind, heads, read_tokens(folder / files["tokens"]), files["tokens"])
    return Layout(OFFLINE, kind, files)


def _check_offline_tokens(
    kind: str, heads: Mapping[str, OnnxHeader], tokens: dict[int, str], name: str
) -> None:
    if kind == "nemo_transducer":
        check_tokens(tokens, _plus_blank(heads["encoder"]), name, blank_last=True)
    elif kind == "transducer":
        check_tokens(tokens, heads["decoder"].number("vocab_size"), name)
    else:
        check_tokens(tokens, heads["model"].width, name)


def _check_rate(header: OnnxHeader, name: str) -> None:
    rate = header.number("sample_rate") or RATE
    if rate != RATE:
        raise EngineFailed(
            f"'{name}' was made for audio of {rate:,} Hz, and this kind is given {RATE:,} Hz;"
            " take a model of that rate"
        )


def _plus_blank(header: OnnxHeader) -> int | None:
    size = header.number("vocab_size")
    return None if size is None else size + 1


def _stream(kind: str, parts: Mapping[str, str], header: OnnxHeader) -> Layout:
    """A streaming model whose steps zipformers and NeMo name differently."""
    _check_rate(header, parts.get("encoder") or parts["model"])
    shift = header.number("decode_chunk_len") or header.number("chunk_shift") or 0
    window = header.number("T") or header.number("window_size") or 0
    return Layout(STREAMING, kind, parts, shift * FRAME, max(0, window - shift) * FRAME)
