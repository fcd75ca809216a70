"""A Whisper of random weights: python -m peers.models.whisper FOLDER

Layout: that of openai/whisper-large-v3 as transformers 5.19 and vLLM 0.32 read it, 2 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file
from tokenizers import Tokenizer
from transformers.models.whisper.tokenization_whisper import LANGUAGES

from peers.models.babble import (
    HEADS,
    INNER,
    LAYERS,
    SPACE,
    TIMES,
    WIDTH,
    Draw,
    Lookup,
    Table,
    Weights,
    make_tokenizer,
    norm,
    save_ears,
    save_tokenizer,
    talk,
    write,
)

SEED = 3
BANDS = 80
TASKS = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
END, START = "<|endoftext|>", "<|startoftranscript|>"


def make_table() -> Table:
    """With times it says other letters than without; a segment ends with a time, a text without one."""
    timed = [SPACE + letter for letter in "nprstvz"]
    return {
        START: ["<|en|>"],
        "<|notimestamps|>": [SPACE + letter for letter in "bdfgklm"],
        "<|0.00|>": timed,
        "<|0.80|>": ["<|0.90|>"],
        "<|0.90|>": timed,
        "<|1.60|>": [END],
        **talk("bdfgklm", "ae", [END]),
        **talk("nprstvz", "iou", ["<|0.80|>", "<|1.60|>"]),
    }


def make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = ["endoftext", "startoftranscript", *LANGUAGES, *TASKS]
    tokenizer = make_tokenizer([f"<|{name}|>" for name in names], TIMES)
    settings = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), END)
    settings |= {"tokenizer_class": "WhisperTokenizer", "processor_class": "WhisperProcessor"}
    save_tokenizer(folder, tokenizer, settings | {"model_max_length": 448})
    save_ears(folder, "WhisperProcessor", BANDS, mask=False)
    write(folder, "config.json", configure(tokenizer))
    write(folder, "generation_config.json", configure_generation(tokenizer))
    save_file(weigh(tokenizer, Draw(SEED)), folder / "model.safetensors", {"format": "pt"})


def number_ends(tokenizer: Tokenizer) -> dict[str, Any]:
    end, start = tokenizer.token_to_id(END), tokenizer.token_to_id(START)
    names = "bos_token_id", "eos_token_id", "pad_token_id"
    suppressed = {"suppress_tokens": [], "begin_suppress_tokens": [end]}
    return dict.fromkeys(names, end) | {"decoder_start_token_id": start} | suppressed


def configure(tokenizer: Tokenizer) -> dict[str, Any]:
    sizes = {"layers": LAYERS, "attention_heads": HEADS, "ffn_dim": INNER}
    sides = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in sizes.items()}
    return number_ends(tokenizer) | sides | {
        "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "dtype": "float32",
        "vocab_size": tokenizer.get_vocab_size(), "d_model": WIDTH, "num_mel_bins": BANDS,
        "num_hidden_layers": LAYERS, "max_source_positions": 1500, "max_target_positions": 448,
        "activation_function": "gelu", "scale_embedding": False, "is_encoder_decoder": True,
    }  # fmt: skip


def configure_generation(tokenizer: Tokenizer) -> dict[str, Any]:
    number = tokenizer.token_to_id
    return number_ends(tokenizer) | {
        "is_multilingual": True, "return_timestamps": False, "max_length": 448,
        "lang_to_id": {f"<|{code}|>": number(f"<|{code}|>") for code in LANGUAGES},
        "task_to_id": {task: number(f"<|{task}|>") for task in ("transcribe", "translate")},
        "no_timestamps_token_id": number("<|notimestamps|>"), "prev_sot_token_id": number("<|startofprev|>"),
        "alignment_heads": [[1, 0], [1, 1]], "max_initial_timestamp_index": 50,
    }  # fmt: skip


def weigh(tokenizer: Tokenizer, draw: Draw) -> Weights:
    made = draw.convolution("model.encoder.conv1", WIDTH, BANDS, 3)
    made |= draw.convolution("model.encoder.conv2", WIDTH, WIDTH, 3)
    for side, length in (("encoder", 1500), ("decoder", 448)):
        made[f"model.{side}.embed_positions.weight"] = draw(length, WIDTH, scale=2.0)
        made |= norm(f"model.{side}.layer_norm", WIDTH)
        for layer in range(LAYERS):
            made |= weigh_layer(draw, side, f"model.{side}.layers.{layer}")
    lookup = Lookup(make_table(), tokenizer)
    opens, leads = lookup.make_cells()
    made["model.decoder.embed_tokens.weight"] = lookup.embed(draw)
    last = f"model.decoder.layers.{LAYERS - 1}"
    # Normalised, a token's own direction is about 6, the others are between -2 and 2.
    made[f"{last}.fc1.weight"], made[f"{last}.fc2.weight"] = 3 * opens, 0.6 * leads
    made[f"{last}.fc1.bias"] -= 7
    return made


def weigh_layer(draw: Draw, side: str, name: str) -> Weights:
    made = draw.attention(f"{name}.self_attn", WIDTH, key_bias=False, scale=0.3)
    made |= norm(f"{name}.self_attn_layer_norm", WIDTH)
    if side == "decoder":
        made |= draw.attention(f"{name}.encoder_attn", WIDTH, key_bias=False, scale=0.5)
        made |= norm(f"{name}.encoder_attn_layer_norm", WIDTH)
    made |= draw.linear(f"{name}.fc1", INNER, WIDTH)
    made |= draw.linear(f"{name}.fc2", WIDTH, INNER, scale=1.0 if side == "encoder" else 0.1)
    return made | norm(f"{name}.final_layer_norm", WIDTH)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
