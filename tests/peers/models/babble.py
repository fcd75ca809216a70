"""Random networks that babble: what both models of random weights are made of.

A random network says control characters, or nothing. These say syllables in the forms that real ones have,
and come to an end. Each keeps one table, of which token may follow which, in the feed-forward part of its
decoder's last layer; among those that may, attention decides, whose weights are random: so what is said
depends on the audio, on the prompt and on all that was said before. Same seed, same model.

Run in the peer's environment, not in saywire's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

Table = Mapping[str, Sequence[str]]
"""Tokens, and those that may follow each."""
Weights = dict[str, np.ndarray]

WIDTH, HEADS, INNER, LAYERS = 64, 2, 128, 2
LETTERS = "bdfgklmnprstvzaeiou"
TIMES = [f"<|{n * 0.02:.2f}|>" for n in range(1501)]
"""Whisper's."""
SPACE, NEWLINE = "Ġ", "Ċ"
"""As byte-level vocabularies write them."""


def talk(consonants: str, vowels: str, ends: Sequence[str]) -> Table:
    """Syllables, with and without a space before them, until one of the ends."""
    begins = [SPACE + letter for letter in consonants]
    follow = {name: [*vowels] for name in (*consonants, *begins)}
    return follow | {vowel: [*consonants, *begins, *ends] for vowel in vowels}


def make_tokenizer(special: Sequence[str], plain: Sequence[str]) -> Tokenizer:
    """Bytes, and letters with a space before them: a text has one spelling in tokens, so that what a model
    said can be given back to it as it was."""
    vocabulary = {byte: number for number, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocabulary |= {SPACE + letter: len(vocabulary) + number for number, letter in enumerate(LETTERS)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[(SPACE, letter) for letter in LETTERS]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special])
    tokenizer.add_tokens([AddedToken(name, special=False, normalized=False) for name in plain])
    return tokenizer


def save_tokenizer(folder: Path, tokenizer: Tokenizer, settings: Mapping[str, Any]) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    write(folder, "vocab.json", json.loads(tokenizer.to_str())["model"]["vocab"])
    merges = "".join(f"{SPACE} {letter}\n" for letter in LETTERS)
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges)
    write(folder, "tokenizer_config.json", {"errors": "replace", **settings})


def save_ears(folder: Path, processor: str, bands: int, mask: bool) -> None:
    """How audio becomes features: as Whisper does, of thirty seconds."""
    sizes = {
        "feature_size": bands,
        "hop_length": 160,
        "n_fft": 400,
        "n_samples": 480_000,
        "nb_max_frames": 3000,
    }
    rest = {"chunk_length": 30, "sampling_rate": 16_000, "padding_side": "right", "padding_value": 0.0}
    names = {"feature_extractor_type": "WhisperFeatureExtractor", "processor_class": processor}
    write(folder, "preprocessor_config.json", names | sizes | rest | {"return_attention_mask": mask})


def write(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(json.dumps(content, indent=1))


class Draw:
    """Random weights of one seed."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)

    def __call__(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        """Such that what comes out is ``scale`` times as large as what went in."""
        spread = scale / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 1)
        return (self._draw.standard_normal(shape) * spread).astype(np.float32)

    def linear(self, name: str, out: int, into: int, bias: bool = True, scale: float = 1.0) -> Weights:
        made = {f"{name}.weight": self(out, into, scale=scale)}
        return made | ({f"{name}.bias": np.zeros(out, np.float32)} if bias else {})

    def convolution(self, name: str, *shape: int) -> Weights:
        return {f"{name}.weight": self(*shape), f"{name}.bias": self(shape[0], scale=0.1)}

    def attention(self, name: str, width: int, key_bias: bool, scale: float = 1.0) -> Weights:
        made = self.linear(f"{name}.k_proj", width, width, key_bias)
        made |= self.linear(f"{name}.q_proj", width, width) | self.linear(f"{name}.v_proj", width, width)
        return made | self.linear(f"{name}.out_proj", width, width, scale=scale)


def norm(name: str, width: int) -> Weights:
    return {f"{name}.weight": np.ones(width, np.float32), f"{name}.bias": np.zeros(width, np.float32)}


class Lookup:
    """A table as weights. Each of its tokens has a direction of its own."""

    def __init__(self, table: Table, tokenizer: Tokenizer) -> None:
        names = sorted({*table, *(name for after in table.values() for name in after)})
        assert len(names) <= WIDTH and len(table) <= INNER
        self._places = {name: at for at, name in enumerate(names)}
        self._table = table
        self._tokenizer = tokenizer

    def embed(self, draw: Draw) -> np.ndarray:
        """The embeddings, which are those of the output too; tokens that are not in the table are faint."""
        rows = draw(self._tokenizer.get_vocab_size(), WIDTH, scale=0.1)
        for name, at in self._places.items():
            token = self._tokenizer.token_to_id(name)
            rows[token] = 0
            rows[token, at] = 4.0
        return rows

    def make_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Feed-forward weights: which cell a token's direction opens, and where a cell leads."""
        opens, leads = np.zeros((INNER, WIDTH), np.float32), np.zeros((WIDTH, INNER), np.float32)
        for cell, (token, after) in enumerate(self._table.items()):
            opens[cell, self._places[token]] = 1
            for name in after:
                leads[self._places[name], cell] = weigh(name)
        return opens, leads


def weigh(name: str) -> float:
    """How gladly a token is said; found by trying, so that words are short and most texts end."""
    if name in TIMES:
        return 1.12
    return 1.05 if name[0] == SPACE else {"<|im_end|>": 1.06, "<|endoftext|>": 0.9}.get(name, 1.0)
