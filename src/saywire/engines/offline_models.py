"""How ``sherpa_onnx.OfflineRecognizer`` makes each kind of recogniser of whole recordings: data.

Which kind is in a folder ``layout.py`` tells. Sources: sherpa-onnx's offline_recognizer.py and
offline-recognizer-*-impl.h, 2.0.1, November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Tongue = Literal["", "made", "switched", "asked"]
"""How a language is chosen: not at all; when the recogniser is made, once for each; by changing the settings
of one that is made; by an option of each stream."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is made and what it tells."""

    constructor: str
    parts: Mapping[str, str]
    """The constructor's argument for each part of the model."""
    times: bool = False
    """Whether its tokens have times."""
    confidence: bool = False
    """Whether its tokens have probabilities."""
    boosts: bool = False
    """Whether its probabilities have in them what hot words add, and are none then."""
    hotwords: Literal["", "searched", "prompted"] = ""
    """How words are preferred: not at all; by a search with a beam; by words before the audio."""
    tongue: Tongue = ""
    languages: tuple[str, ...] = ()
    """All it has, where neither the catalogue nor the network says so."""
    blank: bool = False
    """Whether its table of tokens must have a blank."""
    invents: bool = False
    """As ``Recognizer.invents``."""
    rules: bool = True
    """Whether it applies rule files."""
    extra: Mapping[str, str | bool] = field(default_factory=dict)
    """Further arguments."""


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
_FUNASR_NANO = {
    "encoder_adaptor": "encoder_adaptor",
    "llm": "llm",
    "embedding": "embedding",
    "tokenizer": "tokenizer",
}

KINDS: Mapping[str, Kind] = {
    "zipformer2_ctc": Kind("from_zipformer_ctc", _MODEL, times=True, blank=True),
    "wenet_ctc": Kind("from_wenet_ctc", _MODEL, times=True, blank=True),
    "telespeech_ctc": Kind("from_telespeech_ctc", _MODEL, times=True, blank=True),
    "nemo_ctc": Kind("from_nemo_ctc", _MODEL, times=True, blank=True),
    "sense_voice": Kind(
        "from_sense_voice",
        _MODEL,
        times=True,
        tongue="made",
        languages=("zh", "en", "ja", "ko", "yue"),
        extra={"use_itn": True},  # marks and figures, as its makers show it
    ),
    "paraformer": Kind("from_paraformer", {"model": "paraformer", **_TOKENS}, times=True),
    "transducer": Kind(
        "from_transducer", _TRANSDUCER, times=True, confidence=True, hotwords="searched", blank=True
    ),
    "nemo_transducer": Kind(
        "from_transducer",
        _TRANSDUCER,
        times=True,
        confidence=True,
        boosts=True,
        hotwords="searched",
        blank=True,
        extra={"model_type": "nemo_transducer"},
    ),
    "whisper": Kind("from_whisper", _PAIR, tongue="switched", invents=True, extra={"language": ""}),
    "canary": Kind(
        "from_nemo_canary", _PAIR, tongue="switched", languages=("en", "es", "de", "fr"), invents=True
    ),
    "fire_red_asr": Kind("from_fire_red_asr", _PAIR, invents=True),
    "fire_red_asr_ctc": Kind("from_fire_red_asr_ctc", _MODEL, times=True, rules=False),
    "qwen3_asr": Kind(
        "from_qwen3_asr", _QWEN, hotwords="prompted", tongue="asked", invents=True, rules=False
    ),
    "funasr_nano": Kind("from_funasr_nano", _FUNASR_NANO, invents=True, rules=False),
    "moonshine": Kind("from_moonshine", _MOONSHINE, invents=True),
    "moonshine_v2": Kind("from_moonshine_v2", _PAIR, invents=True),
}
