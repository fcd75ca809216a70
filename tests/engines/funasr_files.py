"""The files of small Paraformers, without their weights: laid out as paraformer-zh-streaming is downloaded,
their configurations (FunASR 1.4.16, paraformer_streaming/template.yaml; what seaco_paraformer/model.py takes)
with small sizes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STREAMING = "ParaformerStreaming"
WIDTH, FEATURES = 32, 560
CHINESE = "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学"
ENGLISH = ("hello", "world", "that@@", "'s", "re@@", "al@@", "ly", "of", "i", "b", "m")
TOKENS = ("<blank>", "<s>", "</s>", *CHINESE, *ENGLISH, "<unk>")


def write_files(folder: Path, tokens: Sequence[str] = TOKENS, kind: str = STREAMING) -> dict[str, Any]:
    """All but model.pt, and what is in the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = make_configuration() if kind == STREAMING else make_offline_configuration(kind)
    write_configuration(folder, configuration)
    (folder / "tokens.json").write_text(json.dumps(tokens, ensure_ascii=False), "utf-8")
    (folder / "am.mvn").write_text(make_scaling(), "utf-8")
    (folder / "seg_dict").write_text("hello hello\nreally re@@ al@@ ly\n阿 阿\n", "utf-8")
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


def make_offline_configuration(kind: str) -> dict[str, Any]:
    """Of SeacoParaformer or BiCifParaformer."""
    configuration = make_configuration()
    encoder = ("output_size", "attention_heads", "linear_units", "num_blocks", "pos_enc_class", "kernel_size")
    encoder += ("normalize_before", "sanm_shfit", "selfattention_layer_type")
    configuration["encoder_conf"] = {name: configuration["encoder_conf"][name] for name in encoder}
    configuration["encoder_conf"]["input_layer"] = "pe"
    configuration["decoder_conf"]["sanm_shfit"] = 0
    twice = {"smooth_factor2": 0.25, "noise_threshold2": 0.01, "upsample_times": 3, "use_cif1_cnn": False}
    configuration["predictor_conf"] |= twice | {"upsample_type": "cnn_blstm"}
    configuration |= {
        "model": kind,
        "encoder": "SANMEncoder",
        "predictor": "CifPredictorV3",
        "frontend": "WavFrontend",
    }
    if kind == "SeacoParaformer":
        configuration["model_conf"] |= {"inner_dim": WIDTH, "bias_encoder_type": "lstm", "NO_BIAS": 3}
        configuration["seaco_decoder"] = "ParaformerSANMDecoder"
        configuration["seaco_decoder_conf"] = {
            "attention_heads": 4,
            "linear_units": WIDTH,
            "num_blocks": 2,
            "att_layer_num": 2,
            "kernel_size": 21,
            "sanm_shfit": 0,
            "use_output_layer": False,
            "wo_input_layer": True,
        }
    return configuration
