"""What a folder is, told by its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from engines.folders import CTC, TRANSDUCER, make_folder, onnx_head, tokens
from saywire.engines.layout import (
    FUNASR,
    OFFLINE,
    SMART_TURN,
    STREAMING,
    TINY,
    TURNS,
    WHISPER,
    Layout,
    recognise,
)
from saywire.engines.offline_models import KINDS
from saywire.engines.sherpa import TINY as SHIPPED
from saywire.errors import EngineFailed

NEMO = {"cache_last_channel_dim1": "17", "chunk_shift": "56", "window_size": "65", "vocab_size": "4"}
PARAFORMER = {"lfr_window_size": "7", "decoder_num_blocks": "16", "vocab_size": "5"}


def fill(folder: Path, **files: Mapping[str, str] | str) -> Path:
    """ONNX heads with this metadata, and texts; ``_`` stands for the dot of the suffix."""
    for name, what in files.items():
        data = what.encode() if isinstance(what, str) else onnx_head(what)
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


@pytest.mark.parametrize(("files", "kind"), [(TRANSDUCER, "transducer"), (CTC, "zipformer2_ctc")])
def test_real_streaming_folders(tmp_path: Path, files: tuple[str, ...], kind: str) -> None:
    layout = recognise(make_folder(tmp_path / "m", files))
    assert (layout.family, layout.kind, layout.streaming) == (STREAMING, kind, True)
    assert set(layout.files.values()) == set(files)
    assert 0 < layout.chunk <= 0.16


def test_the_shipped_folder() -> None:
    assert recognise(SHIPPED).family == TINY


def test_nemo_s_streaming_models(tmp_path: Path) -> None:
    table = tokens(5, blank_last=True)
    layout = recognise(fill(tmp_path, encoder_onnx=NEMO, decoder_onnx={}, joiner_onnx={}, tokens_txt=table))
    assert (layout.family, layout.kind) == (STREAMING, "nemo_transducer")
    assert (layout.chunk, layout.lookahead) == (pytest.approx(0.56), pytest.approx(0.09))


def test_nemo_s_streaming_ctc_models(tmp_path: Path) -> None:
    layout = recognise(fill(tmp_path, model_onnx=NEMO, tokens_txt=tokens(5, blank_last=True)))
    assert (layout.family, layout.kind) == (STREAMING, "nemo_ctc")


def test_streaming_paraformer(tmp_path: Path) -> None:
    layout = recognise(fill(tmp_path, encoder_onnx=PARAFORMER, decoder_onnx={}, tokens_txt=tokens(5)))
    assert (layout.family, layout.kind) == (STREAMING, "paraformer")


@dataclass(frozen=True)
class Release:
    """The files of a published folder; what networks say of themselves by the beginning of their name."""

    names: tuple[str, ...]
    says: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tokens: str = tokens(5)

    def unpack(self, folder: Path) -> Path:
        for name in self.names:
            path, stem = folder / name, name.partition(".")[0]
            path.parent.mkdir(exist_ok=True)
            if name.endswith("tokens.txt"):
                path.write_text(self.tokens)
            else:
                path.write_bytes(onnx_head(self.says.get(stem, {}), outputs=self.outputs.get(stem, ("y",))))
        return folder


PAIR = ("encoder.int8.onnx", "decoder.int8.onnx", "tokens.txt")
RELEASES: Mapping[str, Release] = {
    "sense_voice": Release(
        ("model.int8.onnx", "model.onnx", "tokens.txt"), {"model": {"lfr_window_size": "7", "lang_zh": "3"}}
    ),
    "paraformer": Release(("model.int8.onnx", "tokens.txt", "am.mvn"), {"model": {"lfr_window_size": "7"}}),
    "zipformer2_ctc": Release(("model.onnx", "tokens.txt"), {"model": {"model_type": "zipformer2_ctc"}}),
    "wenet_ctc": Release(("model.int8.onnx", "tokens.txt"), {"model": {"model_type": "wenet_ctc"}}),
    "telespeech_ctc": Release(("model.int8.onnx", "tokens.txt"), {"model": {"model_type": "telespeech_ctc"}}),
    "nemo_ctc": Release(("model.onnx", "tokens.txt"), {"model": {"model_type": "EncDecCTCModelBPE"}}),
    "transducer": Release(
        (
            "encoder-epoch-99-avg-1.onnx",
            "encoder-epoch-99-avg-1.int8.onnx",
            "decoder-epoch-99-avg-1.onnx",
            "joiner-epoch-99-avg-1.int8.onnx",
            "tokens.txt",
        ),
        {
            "encoder-epoch-99-avg-1": {"model_type": "zipformer2"},
            "decoder-epoch-99-avg-1": {"vocab_size": "5"},
        },
    ),
    "nemo_transducer": Release(
        ("encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx", "tokens.txt"),
        outputs={"decoder": ("outputs", "prednet_lengths")},
        tokens=tokens(5, blank_last=True),
    ),
    "whisper": Release(
        (
            "tiny.en-encoder.onnx",
            "tiny.en-encoder.int8.onnx",
            "tiny.en-decoder.int8.onnx",
            "tiny.en-tokens.txt",
        ),
        {"tiny": {"model_type": "whisper-tiny.en"}},
        tokens="IQ== 0\n",
    ),
    "canary": Release(PAIR, {"encoder": {"model_type": "EncDecMultiTaskModel"}}),
    "fire_red_asr": Release(PAIR),
    "moonshine": Release(
        (
            "preprocess.onnx",
            "encode.int8.onnx",
            "uncached_decode.int8.onnx",
            "cached_decode.int8.onnx",
            "tokens.txt",
        )
    ),
    "moonshine_v2": Release(("encoder_model.ort", "decoder_model_merged.ort", "tokens.txt")),
    "fire_red_asr_ctc": Release(("model.int8.onnx", "tokens.txt")),
    "qwen3_asr": Release(
        (
            "conv_frontend.onnx",
            "encoder.int8.onnx",
            "decoder.int8.onnx",
            "tokenizer/merges.txt",
            "tokenizer/vocab.json",
        )
    ),
    "funasr_nano": Release(
        ("encoder_adaptor.int8.onnx", "llm.int8.onnx", "embedding.int8.onnx", "Qwen3-0.6B/vocab.json")
    ),
}
"""As sherpa-onnx's makers publish each kind."""
NAMELESS = {"fire_red_asr_ctc"}
"""Kinds that their files do not tell."""


def test_there_is_a_release_of_every_kind() -> None:
    assert set(RELEASES) == set(KINDS)


@pytest.mark.parametrize("kind", RELEASES)
def test_offline_models_are_told_apart(tmp_path: Path, kind: str) -> None:
    release = RELEASES[kind]
    layout = recognise(release.unpack(tmp_path), kind if kind in NAMELESS else None)
    assert layout == recognise(tmp_path, kind)
    assert (layout.family, layout.kind, layout.streaming) == (OFFLINE, kind, False)
    assert set(layout.files) == set(KINDS[kind].parts)
    assert len(set(layout.files.values())) == len(layout.files)
    assert all((tmp_path / name).exists() for name in layout.files.values())
    assert {name for name in release.names if ".int8" in name} <= set(layout.files.values())


@pytest.mark.parametrize("kind", RELEASES)
def test_every_part_of_an_offline_model_is_missed(tmp_path: Path, kind: str) -> None:
    needed = recognise(RELEASES[kind].unpack(tmp_path), kind).files.values()
    for missing in needed:
        half = tmp_path / f"without-{missing}"
        half.mkdir()
        for name in needed:
            if name != missing:
                (half / name).symlink_to(tmp_path / name)
        with pytest.raises(EngineFailed, match=r"half a model: .* missing; download it again|is not a model"):
            recognise(half, kind)


def test_a_kind_that_is_not_known_or_not_told(tmp_path: Path) -> None:
    RELEASES["fire_red_asr_ctc"].unpack(tmp_path)
    with pytest.raises(EngineFailed, match="a network of type 'unknown', which no engine here loads"):
        recognise(tmp_path)
    with pytest.raises(EngineFailed, match="is of kind 'gigaformer'; known are: zipformer2_ctc"):
        recognise(tmp_path, "gigaformer")


@pytest.mark.parametrize("kind", ["zipformer2_ctc", "transducer", "nemo_transducer", "wenet_ctc"])
def test_tokens_without_a_blank_are_refused(tmp_path: Path, kind: str) -> None:
    (RELEASES[kind].unpack(tmp_path) / "tokens.txt").write_text("one 0\ntwo 1\n")
    with pytest.raises(EngineFailed, match=r"'tokens\.txt' has none of <blk>"):
        recognise(tmp_path, kind)


@pytest.mark.parametrize("kind", ["transducer", "zipformer2_ctc", "canary"])
def test_a_model_for_audio_of_another_rate_is_refused(tmp_path: Path, kind: str) -> None:
    release = RELEASES[kind]
    slow = {stem: {**says, "sample_rate": "8000"} for stem, says in release.says.items()}
    with pytest.raises(EngineFailed, match="was made for audio of 8,000 Hz, and this kind is given 16,000"):
        recognise(replace(release, says=slow).unpack(tmp_path))


def test_a_folder_of_faster_whisper(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    assert recognise(fill(tmp_path / "w", model_bin="", config_json="", tokenizer_json="")).family == WHISPER


@pytest.mark.parametrize(
    ("config", "kind", "streaming"),
    [
        ("# This is an example\nmodel: ParaformerStreaming\nmodel_conf:\n", "ParaformerStreaming", True),
        ('encoder: x\nmodel: "SeacoParaformer"\n', "SeacoParaformer", False),
        ("model: SenseVoiceSmall\n", "SenseVoiceSmall", False),
    ],
)
def test_models_of_funasr_say_what_they_are(tmp_path: Path, config: str, kind: str, streaming: bool) -> None:
    layout = recognise(fill(tmp_path, model_pt="", config_yaml=config, am_mvn="", tokens_json="[]"))
    assert (layout.family, layout.kind, layout.streaming) == (FUNASR, kind, streaming)


@pytest.mark.parametrize("missing", ["model_pt", "config_yaml", "am_mvn", "tokens_json"])
def test_half_a_model_of_funasr_is_told_what_is_missing(tmp_path: Path, missing: str) -> None:
    files = {"model_pt": "", "config_yaml": "model: ParaformerStreaming\n", "am_mvn": "", "tokens_json": "[]"}
    name = missing.replace("_", r"\.")
    with pytest.raises(EngineFailed, match=rf"half a funasr model: {name} missing"):
        recognise(fill(tmp_path, **{file: text for file, text in files.items() if file != missing}))


@pytest.mark.parametrize("config", ["", "conf:\n  model: Paraformer\n", "model:\nname: x\n"])
def test_a_model_of_funasr_that_does_not_say_what_it_is(tmp_path: Path, config: str) -> None:
    with pytest.raises(
        EngineFailed, match="does not say what the model is; expected a line like 'model: Para"
    ):
        recognise(fill(tmp_path, model_pt="", config_yaml=config))


def test_a_configuration_that_is_no_text_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, model_pt="")
    (tmp_path / "config.yaml").write_bytes(b"model: \xff\xfe")
    with pytest.raises(EngineFailed, match=r"config\.yaml of .* cannot be read"):
        recognise(tmp_path)


@pytest.mark.parametrize("missing", TRANSDUCER)
def test_half_a_model_is_told_what_is_missing(tmp_path: Path, missing: str) -> None:
    folder = make_folder(tmp_path / "m")
    (folder / missing).unlink()
    with pytest.raises(EngineFailed, match=rf"'m' is half a model: .*{missing[:5]}.* missing; download"):
        recognise(folder)


def test_half_a_whisper_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"half a faster-whisper model: tokenizer\.json missing"):
        recognise(fill(tmp_path, model_bin="", config_json=""))


def test_tokens_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    (folder / "tokens.txt").write_text(tokens(500))
    with pytest.raises(
        EngineFailed, match=r"has 500 tokens .* the network has \d+ outputs; take tokens.txt and"
    ):
        recognise(folder)


def test_a_folder_of_something_else_is_told_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"it has notes\.txt; expected encoder, decoder and joiner"):
        recognise(fill(tmp_path, notes_txt="buy milk"))
    with pytest.raises(EngineFailed, match="'nowhere' cannot be read"):
        recognise(tmp_path / "nowhere")


def test_a_turn_model_is_told_by_its_name_or_its_input_and_the_newest_for_a_cpu_is_taken(
    tmp_path: Path,
) -> None:
    head = onnx_head({}, ("input_features",), ("logits",))
    for name in ("v3.0", "v3.1-cpu", "v3.1-gpu", "v3.2-cpu", "v3.2-gpu"):
        (tmp_path / f"smart-turn-{name}.onnx").write_bytes(head)
    layout = recognise(tmp_path)
    assert (layout.family, layout.kind, layout.streaming) == (TURNS, SMART_TURN, False)
    assert layout.files == {"model": "smart-turn-v3.2-cpu.onnx"}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "model.onnx").write_bytes(head)
    assert recognise(tmp_path / "own") == Layout(TURNS, SMART_TURN, {"model": "model.onnx"})


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (onnx_head({}, ("input_values",)), "takes input_values; models of Smart Turn v3 take input_features"),
        (onnx_head({}, ("input_features",), ("a", "b")), "and have one output"),
        (onnx_head({}, ("input_features",))[:400], "not a whole ONNX model"),
    ],
)
def test_a_turn_model_that_is_none_is_refused(tmp_path: Path, head: bytes, problem: str) -> None:
    (tmp_path / "smart-turn-v2.onnx").write_bytes(head)
    with pytest.raises(EngineFailed, match=problem):
        recognise(tmp_path)


def test_an_encoder_that_nobody_streams_is_named(tmp_path: Path) -> None:
    odd = {"decode_chunk_len": "32", "model_type": "emformer"}
    fill(tmp_path, encoder_onnx=odd, decoder_onnx={}, joiner_onnx={}, tokens_txt=tokens(5))
    with pytest.raises(EngineFailed, match="of type 'emformer'; sherpa-onnx streams conformer"):
        recognise(tmp_path)
