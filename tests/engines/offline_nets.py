"""Models of whole recordings, of some kB, that the real library loads: what they say follows from the
language they are asked for, or from random weights. Sources: offline-sense-voice-model.cc,
offline-whisper-model.cc, offline-paraformer-model.cc and what decodes them, of sherpa-onnx, August 2026.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engines.folders import write_tokens
from engines.onnx_nets import INT32, INT64, favour, gives, ints, model, node, takes, tensor
from saywire.engines.sherpa import TINY

INPUTS = 560
"""Seven frames of 80 features."""
SCALE = {"neg_mean": ",".join(["0"] * INPUTS), "inv_stddev": ",".join(["1"] * INPUTS)}
WINDOW = {"lfr_window_size": 7, "lfr_window_shift": 6}

SENSE_VOICE = ("<unk>", "<s>", "</s>", "<|nospeech|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>")
SPOKEN: Mapping[str, tuple[str, str]] = {
    "zh": ("你", "好"),
    "en": ("▁hel", "lo"),
    "yue": ("係", "嘅"),
    "ja": ("はい", "です"),
    "ko": ("▁네", "요"),
}
"""What it says in each language, over and over."""
NUMBERS = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12}


def make_sense_voice(folder: Path) -> Path:
    """Says the two tokens of its language, by turns; asked for none, it hears English."""
    folder.mkdir(parents=True)
    marks = tuple(f"<|{code}|>" for code in SPOKEN)
    tokens = (*SENSE_VOICE, *marks, *(token for pair in SPOKEN.values() for token in pair))
    heads = np.zeros((16, 4, len(tokens)), np.float32)
    words = np.full((16, 2, len(tokens)), -10.0, np.float32)
    for code, number in NUMBERS.items():
        said = "en" if code == "auto" else code
        for place, token in enumerate((f"<|{said}|>", *SENSE_VOICE[4:7])):
            heads[number, place, tokens.index(token)] = 10.0
        for place, token in enumerate(SPOKEN[said]):
            words[number, place, tokens.index(token)] = 10.0
    graph = tensor("heads", heads) + tensor("words", words)
    graph += node("Gather", ["heads", "language"], "head", axis=0)
    graph += node("Gather", ["words", "language"], "pair", axis=0)
    # which of the pair in each frame, by random weights: (1, t, 560) -> (1, t, 2), then times (1, 2, v)
    graph += node("MatMul", ["x", "w"], "sides") + node("Softmax", ["sides"], "sharp", axis=2)
    graph += node("MatMul", ["sharp", "pair"], "said") + node("Concat", ["head", "said"], "logits", axis=1)
    weights = np.random.default_rng(3).standard_normal((INPUTS, 2)).astype(np.float32) * 5
    graph += tensor("w", weights)
    graph += takes("x", ["n", "t", INPUTS]) + takes("x_length", ["n"], INT32)
    graph += takes("language", ["n"], INT32) + takes("text_norm", ["n"], INT32)
    graph += gives("logits", ["n", "s", len(tokens)])
    known = {f"lang_{code}": number for code, number in NUMBERS.items()}
    more = {
        "vocab_size": len(tokens),
        "normalize_samples": 0,
        "with_itn": 14,
        "without_itn": 15,
        "comment": "",
    }
    (folder / "model.int8.onnx").write_bytes(model(graph, {**more, **known, **WINDOW, **SCALE}))
    write_tokens(folder, tokens)
    return folder


HELLO, NIHAO, BLANK, SOT, EOT, EN, ZH, TRANSCRIBE, TRANSLATE, NO_SPEECH, NO_TIMES = range(11)
WIDTH, CONTEXT = 4, 16


def make_whisper(folder: Path) -> Path:
    """Says one word, of the language it is told, or English if it translates; told none, it hears zh."""
    folder.mkdir(parents=True)
    mel = node("MatMul", ["k", "mel"], "states") + tensor("k", np.ones((WIDTH, 80), np.float32) / 80)
    mel += ints("axes", 0) + takes("mel", ["n", 80, "t"])
    for name in ("n_layer_cross_k", "n_layer_cross_v"):
        mel += node("Unsqueeze", ["states", "axes"], name) + gives(name, [1, "n", WIDTH, "t"])
    sizes = {"n_mels": 80, "n_text_layer": 1, "n_text_ctx": CONTEXT, "n_text_state": WIDTH, "n_vocab": 11}
    marks = {"sot": SOT, "eot": EOT, "blank_id": BLANK, "no_timestamps": NO_TIMES, "no_speech": NO_SPEECH}
    tasks = {"translate": TRANSLATE, "transcribe": TRANSCRIBE, "is_multilingual": 1}
    languages = {"all_language_tokens": f"{EN},{ZH}", "all_language_codes": "en,zh"}
    start = {"model_type": "whisper-tiny", "sot_sequence": f"{SOT},{EN},{TRANSCRIBE}"}
    (folder / "tiny-encoder.int8.onnx").write_bytes(
        model(mel, {**start, **sizes, **marks, **tasks, **languages})
    )
    after = favour(11, {EN: HELLO, ZH: NIHAO, HELLO: EOT, NIHAO: EOT}) + favour(11, {SOT: ZH}, 1.0)
    after += favour(11, {TRANSLATE: HELLO}, 5.0) - favour(11, {TRANSLATE: NIHAO}, 9.0)
    graph = tensor("after", after) + node("Gather", ["after", "tokens"], "each", axis=0)
    graph += ints("first", 1) + node("ReduceSum", ["each", "first"], "all", keepdims=1)
    graph += node("Add", ["each", "all"], "logits") + takes("tokens", ["n", "s"], INT64)
    for kind in ("k", "v"):
        cache = [1, "n", CONTEXT, WIDTH]
        graph += node("Identity", [f"in_{kind}"], f"out_{kind}") + takes(f"in_{kind}", cache)
    graph += takes("cross_k", [1, "n", "a", "b"]) + takes("cross_v", [1, "n", "a", "b"])
    graph += takes("offset", [1], INT64) + gives("logits", ["n", "s", 11])
    graph += gives("out_k", cache) + gives("out_v", cache)
    (folder / "tiny-decoder.int8.onnx").write_bytes(model(graph, {}))
    table = {" hello": HELLO, "你好": NIHAO}
    lines = [f"{base64.b64encode(text.encode()).decode()} {number}\n" for text, number in table.items()]
    (folder / "tiny-tokens.txt").write_text("".join(lines))
    return folder


PARAFORMER = ("<blank>", "<s>", "</s>", "是", "才", "hel@@", "lo")


def make_offline_paraformer(folder: Path, times: str = "") -> Path:
    """A random token every 60 ms. ``times``: "some": its network tells them, "wrong": but one too few."""
    folder.mkdir(parents=True)
    weights = np.random.default_rng(2).standard_normal((INPUTS, len(PARAFORMER))).astype(np.float32)
    weights[:, :3] = 0.0
    graph = node("MatMul", ["speech", "w"], "found") + tensor("w", weights)
    graph += node("Add", ["found", "never"], "logits") + node("Identity", ["speech_lengths"], "token_num")
    graph += tensor("never", np.array([-1e9] * 3 + [0.0] * 4, np.float32))
    graph += takes("speech", ["b", "t", INPUTS]) + takes("speech_lengths", ["b"], INT32)
    graph += gives("logits", ["b", "t", len(PARAFORMER)]) + gives("token_num", ["b"], INT32)
    if times:
        graph += _tell_times(["flat", "one"] if times == "some" else ["flat"])
    metadata = {"vocab_size": len(PARAFORMER), "model_type": "paraformer", **WINDOW, **SCALE}
    (folder / "model.int8.onnx").write_bytes(model(graph, metadata))
    write_tokens(folder, PARAFORMER)
    return folder


def _tell_times(peaks: Sequence[str]) -> bytes:
    """A peak in every third place, and one behind them."""
    graph = node("MatMul", ["speech", "none"], "zeros") + tensor("none", np.zeros((INPUTS, 3), np.float32))
    graph += node("Add", ["zeros", "third"], "thirds") + tensor("third", np.array([0, 0, 1], np.float32))
    graph += ints("row", 1, -1) + node("Reshape", ["thirds", "row"], "flat")
    graph += tensor("one", np.ones((1, 1), np.float32)) + node("Concat", peaks, "us_cif_peak", axis=1)
    graph += node("Identity", ["flat"], "us_alphas")
    return graph + gives("us_alphas", ["b", "u"]) + gives("us_cif_peak", ["b", "p"])


NEMO = ("▁al", "pha", "▁be", "ta", "<blk>")


def make_nemo(folder: Path) -> Path:
    """Hears one word, "alpha" a little better than "beta"."""
    folder.mkdir(parents=True)
    size = len(NEMO)
    graph = node("MatMul", ["w", "audio_signal"], "outputs") + node("Identity", ["length"], "encoded_lengths")
    weights = np.random.default_rng(5).standard_normal((size, 80)).astype(np.float32) * 0.05
    weights[[0, 2]] = weights[[1, 3]] = weights[0]
    graph += tensor("w", weights) + takes("audio_signal", ["n", 80, "t"]) + takes("length", ["n"], INT64)
    graph += gives("outputs", ["n", size, "t"]) + gives("encoded_lengths", ["n"], INT64)
    metadata = {"vocab_size": size - 1, "subsampling_factor": 8, "normalize_type": "per_feature", "url": ""}
    metadata |= {"pred_rnn_layers": 1, "pred_hidden": 2, "model_type": "EncDecRNNTBPEModel"}
    (folder / "encoder.int8.onnx").write_bytes(model(graph, metadata))
    after = np.full((size, size), -9.0, np.float32)
    after[4, 0], after[4, 2], after[0, 1], after[2, 3], after[[1, 3], 4] = 0.0, -0.5, 9.0, 9.0, 9.0
    graph = tensor("after", after) + node("Gather", ["after", "targets"], "rows", axis=0)
    graph += ints("column", 1, size, 1) + node("Reshape", ["rows", "column"], "outputs")
    graph += node("Identity", ["target_length"], "prednet_lengths")
    graph += takes("targets", ["n", "u"], INT32) + takes("target_length", ["n"], INT32)
    graph += gives("outputs", ["n", size, "u"]) + gives("prednet_lengths", ["n"], INT32)
    for name in ("1", "2"):
        graph += node("Identity", [f"in_{name}"], f"out_{name}")
        graph += takes(f"in_{name}", [1, "n", 2]) + gives(f"out_{name}", [1, "n", 2])
    (folder / "decoder.int8.onnx").write_bytes(model(graph, {}))
    graph = node("Add", ["heard", "said"], "both") + ints("row", 1, 1, 1, size)
    graph += node("Reshape", ["both", "row"], "logit") + gives("logit", ["n", 1, 1, size])
    graph += takes("heard", ["n", size, 1]) + takes("said", ["n", size, 1])
    (folder / "joiner.int8.onnx").write_bytes(model(graph, {}))
    write_tokens(folder, NEMO)
    return folder


def make_offline_transducer(folder: Path) -> Path:
    """The shipped network for whole recordings as the encoder of a transducer, whose decoder adds nothing. It
    says a word again for every 40 ms that it lasts."""
    folder.mkdir(parents=True)
    for name, part in {"offline": "encoder", "decoder": "decoder", "joiner": "joiner"}.items():
        shutil.copy(TINY / f"{name}.onnx", folder / f"{part}.onnx")
    for name in ("tokens.txt", "bpe.vocab"):
        shutil.copy(TINY / name, folder)
    return folder
