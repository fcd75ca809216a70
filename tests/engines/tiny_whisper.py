"""A Whisper of random weights, made in a second by numpy: every path runs, and what it says means nothing.

Same seed, same model. The layout is CTranslate2's (ctranslate2/specs/whisper_spec.py, 4.8); the order of the
vocabulary is Whisper's: text, <|endoftext|>, <|startoftranscript|>, languages, tasks, 1501 timestamps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, LAYERS, INNER, MELS = 48, 2, 1, 96, 80
SEED = 31  # a talkative one
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPACE = "Ġ"
ENDS = 30.0
"""How readily it stops."""


def make_tokenizer() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: number for number, character in enumerate(alphabet)}
    vocabulary[""] = len(vocabulary)  # by which CTranslate2 knows a multilingual model
    vocabulary |= {SPACE + letter: len(vocabulary) + number for number, letter in enumerate(LETTERS)}
    merges = [(SPACE, letter) for letter in LETTERS]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    names = ["endoftext", "startoftranscript", *_LANGUAGE_CODES, *tasks]
    tokenizer.add_special_tokens(
        [AddedToken(f"<|{name}|>", special=True, normalized=False) for name in names]
    )
    times = [AddedToken(f"<|{n * 0.02:.2f}|>", special=False, normalized=False) for n in range(1501)]
    tokenizer.add_tokens(times)
    return tokenizer


def make_model(folder: Path, seed: int = SEED) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    spec = WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    fill(spec, tokenizer, np.random.default_rng(seed))
    spec.register_vocabulary([tokenizer.id_to_token(n) for n in range(tokenizer.get_vocab_size())])
    number = tokenizer.token_to_id
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [number("<|endoftext|>")]
    spec.config.lang_ids = sorted(number(f"<|{code}|>") for code in _LANGUAGE_CODES)
    spec.config.alignment_heads = [(0, 0), (0, 1)]
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    return folder


def fill(spec: Any, tokenizer: Tokenizer, draw: np.random.Generator) -> None:
    def random(*shape: int) -> Any:
        return draw.standard_normal(shape).astype(np.float32) * 0.1

    def norm(part: Any) -> None:
        part.gamma, part.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(part: Any, outputs: int, inputs: int) -> None:
        part.weight, part.bias = random(outputs, inputs), np.zeros(outputs, np.float32)

    def attend(part: Any) -> None:
        norm(part.layer_norm)
        widths = (3, 1) if len(part.linear) == 2 else (1, 2, 1)
        for each, width in zip(part.linear, widths, strict=True):
            linear(each, width * WIDTH, WIDTH)

    for stack, length in ((spec.encoder, 1500), (spec.decoder, 448)):
        stack.position_encodings.encodings = random(length, WIDTH)
        norm(stack.layer_norm)
        for layer in stack.layer:
            attend(layer.self_attention)
            if stack is spec.decoder:
                attend(layer.attention)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, INNER, WIDTH)
            linear(layer.ffn.linear_1, WIDTH, INNER)
    spec.encoder.conv1.weight, spec.encoder.conv1.bias = random(WIDTH, MELS, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.conv2.weight, spec.encoder.conv2.bias = random(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    size = tokenizer.get_vocab_size()
    spec.decoder.embeddings.weight = random(size, WIDTH)
    # Not the embeddings again, as in a real model: random ones would repeat one letter without end.
    spec.decoder.projection.weight = random(size, WIDTH) * weigh_tokens(tokenizer)[:, None]


def weigh_tokens(tokenizer: Tokenizer) -> Any:
    """Letters must win over 1501 timestamps, whose probabilities Whisper adds up."""
    weights = np.full(tokenizer.get_vocab_size(), 0.2, np.float32)
    for letter in LETTERS:
        weights[tokenizer.token_to_id(letter)] = 8.0
        weights[tokenizer.token_to_id(SPACE + letter)] = 20.0
    weights[tokenizer.token_to_id("<|endoftext|>")] = ENDS
    for number in range(1501):
        weights[tokenizer.token_to_id(f"<|{number * 0.02:.2f}|>")] = 1.0
    return weights
