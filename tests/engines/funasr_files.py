"""The files of a small streaming Paraformer, without its weights: laid out as paraformer-zh-streaming is
downloaded, its configuration (FunASR 1.4.16, paraformer_streaming/template.yaml) with small sizes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WIDTH, FEATURES = 32, 560
CHINESE = "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学"
ENGLISH = ("hello", "world", "that@@", "'s", "re@@", "al@@", "ly", "of", "i", "b", "m")
TOKENS = ("<blank>", "<s>", "</s>", *CHINESE, *ENGLISH, "<unk>")


def write_files(folder: Path, tokens: Sequence[str] = TOKENS) -> dict[str, Any]:
    """All but model.pt, and what is in the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = make_configuration()
    write_configuration(folder, configuration)
    (folder / "tokens.json").write_text(json.dumps(tokens, ensure_ascii=False), "utf-8")
    (folder / "am.mvn").write_text(make_scaling(), "utf-8")
    (folder / "seg_dict").write_text("hello hello\n", "utf-8")
    files = {
        "init_param": "model.pt",
        "config": "config.yaml",
        "tokenizer_conf": {"token_list": "tokens.json", "seg_dict_file": "seg_dict"},
        "frontend_conf": {"cmvn_file": "am.mvn"},
    }
    about = {"framework": "pytorch", "model": {"type": "funasr"}, "file_path_metas": files}
    (folder / "configuration.json").write_text(json.dumps(about), "utf-8")
    return configuration


def write_configuration(folder: Path, configuration: dict[str, Any]) -> None:
    """As JSON, which is YAML, a line for each part."""
    parts = (f"{name}: {json.dumps(part)}\n" for name, part in configuration.items())
    (folder / "config.yaml").write_text("".join(parts), "utf-8")


def make_configuration() -> dict[str, Any]:
    sizes = {"attention_heads": 4, "linear_units": 2 * WIDTH, "kernel_size": 11}
    return {
        "model": "ParaformerStreaming",
        "model_conf": {
            "ctc_weight": 0.0,
            "predictor_weight": 1.0,
            "predictor_bias": 1,
            "sampling_ratio": 0.75,
        },
        "encoder": "SANMEncoderChunkOpt",
        "encoder_conf": {
            **sizes,
            "output_size": WIDTH,
            "num_blocks": 3,
            "input_layer": "pe_online",
            "pos_enc_class": "SinusoidalPositionEncoder",
            "normalize_before": True,
            "sanm_shfit": 0,
            "selfattention_layer_type": "sanm",
            "chunk_size": [12, 15],
            "stride": [8, 10],
            "pad_left": [0, 0],
            "encoder_att_look_back_factor": [4, 4],
            "decoder_att_look_back_factor": [1, 1],
        },
        "decoder": "ParaformerSANMDecoder",
        "decoder_conf": {**sizes, "num_blocks": 2, "att_layer_num": 2, "sanm_shfit": 5},
        "predictor": "CifPredictorV2",
        "predictor_conf": {
            "idim": WIDTH,
            "threshold": 1.0,
            "l_order": 1,
            "r_order": 1,
            "tail_threshold": 0.45,
        },
        "frontend": "WavFrontendOnline",
        "frontend_conf": {"fs": 16000, "window": "hamming", "n_mels": 80, "lfr_m": 7, "lfr_n": 6},
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
        "normalize": None,
    }


def make_scaling() -> str:
    rows = {"AddShift": "-8.0", "Rescale": "0.2"}
    body = "".join(
        f"<{name}> {FEATURES} {FEATURES}\n<LearnRateCoef> 0 [ {' '.join([number] * FEATURES)} ]\n"
        for name, number in rows.items()
    )
    return f"<Nnet>\n<Splice> {FEATURES} {FEATURES}\n[ 0 ]\n{body}</Nnet>\n"
