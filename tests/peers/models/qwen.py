"""A Qwen3-ASR of random weights: python -m peers.models.qwen FOLDER

Layout: that of Qwen/Qwen3-ASR-1.7B as vLLM 0.32 reads it, under 1 MB. As the real one, it says the language
before the text, and its chat template leaves out what the assistant said.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from peers.models.babble import (
    HEADS,
    INNER,
    LAYERS,
    NEWLINE,
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

SEED = 7
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|audio_start|>", "<|audio_end|>", "<|audio_pad|>",
    "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
PLAIN = ["language", " English", "<asr_text>", "<timestamp>"]
CONSONANTS = "bdfgklmnprstvz"
EARS, EARS_INNER, BANDS, CHANNELS = 32, 64, 128, 16
"""Of the audio tower."""
TOWER = "thinker.audio_tower"
TEMPLATE = (
    "{%- for message in messages if message.role == 'system' -%}<|im_start|>system\n"
    "{%- if message.content is string -%}{{ message.content }}{%- else -%}"
    "{%- for part in message.content -%}{{ part.text }}{%- endfor -%}{%- endif -%}<|im_end|>\n"
    "{% endfor -%}<|im_start|>user\n<|audio_start|><|audio_pad|><|audio_end|><|im_end|>\n"
    "{% if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}"
)


def make_table() -> Table:
    return {
        NEWLINE: ["language"],
        "language": [" English"],
        " English": ["<asr_text>"],
        "<asr_text>": [*CONSONANTS],
        **talk(CONSONANTS, "aeiou", ["<|im_end|>"]),
    }


def make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer(SPECIAL, PLAIN)
    audio = {f"audio_{part}token": f"<|audio_{name}|>" for part, name in
             (("", "pad"), ("bos_", "start"), ("eos_", "end"))}  # fmt: skip
    settings = {"tokenizer_class": "Qwen2Tokenizer", "processor_class": "Qwen3ASRProcessor"}
    settings |= {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "model_max_length": 131_072}
    save_tokenizer(folder, tokenizer, settings | audio | {"extra_special_tokens": audio})
    save_ears(folder, "Qwen3ASRProcessor", BANDS, mask=True)
    write(folder, "chat_template.json", {"chat_template": TEMPLATE})
    write(folder, "config.json", configure(tokenizer))
    ends = [tokenizer.token_to_id(name) for name in ("<|endoftext|>", "<|im_end|>")]
    write(
        folder, "generation_config.json", {"do_sample": False, "eos_token_id": ends, "pad_token_id": ends[0]}
    )
    save_file(weigh(tokenizer, Draw(SEED)), folder / "model.safetensors", {"format": "pt"})


def configure(tokenizer: Tokenizer) -> dict[str, Any]:
    numbers = {f"audio_{part}token_id": tokenizer.token_to_id(f"<|audio_{name}|>") for part, name in
               (("", "pad"), ("start_", "start"), ("end_", "end"))}  # fmt: skip
    parts = {"audio_config": configure_ears(), "text_config": configure_text(tokenizer.get_vocab_size())}
    return {
        "architectures": ["Qwen3ASRForConditionalGeneration"],
        "model_type": "qwen3_asr",
        "support_languages": ["Chinese", "English"],
        "thinker_config": {"model_type": "qwen3_asr_thinker", "dtype": "float32"} | numbers | parts,
    }


def configure_ears() -> dict[str, Any]:
    return {
        "model_type": "qwen3_asr_audio_encoder", "d_model": EARS, "encoder_layers": LAYERS,
        "num_hidden_layers": LAYERS, "encoder_attention_heads": HEADS, "encoder_ffn_dim": EARS_INNER,
        "num_mel_bins": BANDS, "n_window": 50, "n_window_infer": 800, "conv_chunksize": 500,
        "downsample_hidden_size": CHANNELS, "max_source_positions": 1500, "output_dim": WIDTH,
        "activation_function": "gelu", "scale_embedding": False,
    }  # fmt: skip


def configure_text(size: int) -> dict[str, Any]:
    rope = {"interleaved": True, "mrope_interleaved": True, "mrope_section": [8, 4, 4]}
    return {
        "model_type": "qwen3_asr_text", "vocab_size": size, "hidden_size": WIDTH, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
        "head_dim": WIDTH // HEADS, "hidden_act": "silu", "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6, "attention_bias": False, "tie_word_embeddings": True,
        "rope_scaling": {"rope_type": "default", "type": "default"} | rope,
    }  # fmt: skip


def weigh(tokenizer: Tokenizer, draw: Draw) -> Weights:
    lookup = Lookup(make_table(), tokenizer)
    opens, leads = lookup.make_cells()
    made = weigh_ears(draw)
    made["thinker.model.embed_tokens.weight"] = lookup.embed(draw)
    made["thinker.model.norm.weight"] = np.ones(WIDTH, np.float32)
    for layer in range(LAYERS):
        name = f"thinker.model.layers.{layer}"
        made |= weigh_layer(draw, name)
        # Normalised, a token's own direction is about 5.5, the others are between -2 and 2.
        made |= {f"{name}.mlp.{part}_proj.weight": opens.copy() for part in ("gate", "up")}
        made[f"{name}.mlp.down_proj.weight"] = leads * (0.3 if layer == LAYERS - 1 else 0)
    return made


def weigh_layer(draw: Draw, name: str) -> Weights:
    made = {f"{name}.self_attn.{part}_proj.weight": draw(WIDTH, WIDTH) for part in "qkv"}
    made[f"{name}.self_attn.o_proj.weight"] = draw(WIDTH, WIDTH, scale=0.5)
    for part in ("q_norm", "k_norm"):  # so large that a head looks at few places
        made[f"{name}.self_attn.{part}.weight"] = np.full(WIDTH // HEADS, 2.0, np.float32)
    for part in ("input_layernorm", "post_attention_layernorm"):
        made[f"{name}.{part}.weight"] = np.ones(WIDTH, np.float32)
    return made


def weigh_ears(draw: Draw) -> Weights:
    made = draw.convolution(f"{TOWER}.conv2d1", CHANNELS, 1, 3, 3)
    for part in ("conv2d2", "conv2d3"):
        made |= draw.convolution(f"{TOWER}.{part}", CHANNELS, CHANNELS, 3, 3)
    made |= draw.linear(f"{TOWER}.conv_out", EARS, CHANNELS * BANDS // 8, bias=False)
    for layer in range(LAYERS):
        name = f"{TOWER}.layers.{layer}"
        made |= draw.attention(f"{name}.self_attn", EARS, key_bias=True)
        made |= draw.linear(f"{name}.fc1", EARS_INNER, EARS) | draw.linear(f"{name}.fc2", EARS, EARS_INNER)
        made |= norm(f"{name}.self_attn_layer_norm", EARS) | norm(f"{name}.final_layer_norm", EARS)
    made |= draw.linear(f"{TOWER}.proj1", EARS, EARS) | draw.linear(f"{TOWER}.proj2", WIDTH, EARS)
    return made | norm(f"{TOWER}.ln_post", EARS)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
