"""Write the network in three ONNX forms that sherpa-onnx loads, with tokens and a metadata file.

Forms (contracts found in sherpa-onnx 2.0.1 and its sources of 2026-08):
- `ctc.onnx`, streaming, the zipformer2-ctc contract: of its many state tensors only `embed_states` (7,296
  floats) is used, it holds the whole memory of the network; the others are as small as the contract allows
  and pass through;
- `encoder.onnx`, `decoder.onnx`, `joiner.onnx`, streaming, the lstm-transducer contract, for hot words,
  keyword spotting and token confidences: CTC repeats are removed inside the encoder (a frame whose best
  token is also the best token of the frame before says blank), the decoder is a zero and the joiner a sum;
- `offline.onnx`, the zipformer2-ctc offline contract: the same network over a whole utterance.

Large weights are stored as int8 with one scale a channel and multiplied out by constant folding when the
model is loaded, so the files stay under 1 MB and run at float32 speed. The bias of the output layer is
stored as plain float32: metadata.json says where in each file, so that an engine can switch the tokens of a
language off.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from training.net import SUBSAMPLING, TinyNet
from training.train import load
from training.vocabulary import COMMANDS, DIGITS, LANGUAGES, list_language_tokens, list_tokens, write_tokens

EMBED_SHAPE = (128, 3, 19)  # fixed by the zipformer2-ctc contract
LAYER_WIDTH = 4  # the smallest encoder dimension whose 3/4 is whole
REPEAT_PENALTY = -15.0
LICENCE = "CC-BY-SA-4.0"


class StreamingCtc(nn.Module):
    """zipformer2-ctc: features and nine states in, log-probabilities and nine states out."""

    def __init__(self, net: TinyNet) -> None:
        super().__init__()
        self.net = net

    def forward(
        self,
        x: Tensor,
        key: Tensor,
        nonlin: Tensor,
        value1: Tensor,
        value2: Tensor,
        conv1: Tensor,
        conv2: Tensor,
        embed: Tensor,
        processed: Tensor,
    ) -> tuple[Tensor, ...]:
        size = self.net.shape.state
        memory = embed.reshape(x.shape[0], -1)
        log_probs, state = self.net(x, memory[:, :size])
        embed = torch.cat([state, memory[:, size:]], 1).reshape(x.shape[0], *EMBED_SHAPE)
        unused = (key + 0, nonlin + 0, value1 + 0, value2 + 0, conv1 + 0, conv2 + 0)
        return log_probs, *unused, embed, processed + x.shape[1] // SUBSAMPLING


class TransducerEncoder(nn.Module):
    """lstm transducer: h holds the memory, c the best token of the last frame."""

    def __init__(self, net: TinyNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        log_probs, state = self.net(x, h[0])
        best = log_probs.argmax(-1)
        before = torch.cat([c[0].to(torch.int64), best[:, :-1]], 1)
        repeats = ((best == before) & (best != 0)).unsqueeze(-1).to(log_probs.dtype)
        blank = torch.full_like(log_probs, REPEAT_PENALTY)
        blank[:, :, 0] = 0
        out = log_probs * (1 - repeats) + blank * repeats
        return out, state.unsqueeze(0), best[:, -1:].to(log_probs.dtype).unsqueeze(0)


class ZeroDecoder(nn.Module):
    """A transducer decoder that ignores its context: (N, 2) -> zeros (N, vocabulary)."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, vocabulary)
        nn.init.zeros_(self.table.weight)

    def forward(self, y: Tensor) -> Tensor:
        return self.table(y.clamp(min=0)).sum(1)


class SumJoiner(nn.Module):
    """encoder_out + decoder_out."""

    def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
        return encoder_out + decoder_out


class OfflineCtc(nn.Module):
    """Whole utterances: x (N, T, 80), x_lens (N,) -> log_probs (N, T / 4, V), lengths."""

    def __init__(self, net: TinyNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, x_lens: Tensor) -> tuple[Tensor, Tensor]:
        whole = x.shape[1] // SUBSAMPLING * SUBSAMPLING
        state = x.new_zeros(1, self.net.shape.state).expand(x.shape[0], -1)
        return self.net(x[:, :whole], state)[0], torch.div(x_lens, SUBSAMPLING, rounding_mode="floor")


def convert(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names: list[str],
    outputs: list[str],
    axes: dict[str, Any],
) -> onnx.ModelProto:
    """Trace `module` to ONNX at `path` and return the model."""
    torch.onnx.export(
        module.eval(),
        inputs,
        str(path),
        input_names=names,
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    return onnx.load(str(path))


def shrink(model: onnx.ModelProto) -> None:
    """Store each large matrix as int8 and a scale per output channel, in place."""
    nodes = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 4_096:
            continue
        axis = 0 if values.ndim == 2 else values.ndim - 1  # (in, out) of a MatMul; (1, out, in) of an LSTM
        scale = (np.abs(values).max(axis=axis, keepdims=True) / 127 + 1e-12).astype(np.float32)
        name = tensor.name
        model.graph.initializer.remove(tensor)
        small = np.round(values / scale).astype(np.int8)
        model.graph.initializer.append(numpy_helper.from_array(small, name + ".int8"))
        model.graph.initializer.append(numpy_helper.from_array(scale, name + ".scale"))
        nodes.append(helper.make_node("Cast", [name + ".int8"], [name + ".float"], to=onnx.TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [name + ".float", name + ".scale"], [name]))
    for node in reversed(nodes):
        model.graph.node.insert(0, node)


def finish(model: onnx.ModelProto, path: Path, metadata: dict[str, Any]) -> None:
    """Shrink, attach the metadata the contract wants, and write."""
    shrink(model)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def find_bias(path: Path, bias: Tensor) -> dict[str, Any]:
    """Where the output bias lies in the file: {"file", "offset" in bytes, "count" of float32}."""
    data, wanted = path.read_bytes(), bias.detach().numpy().astype("<f4").tobytes()
    if data.count(wanted) != 1:
        raise ValueError(f"the output bias occurs {data.count(wanted)} times in {path.name}; expected once")
    return {"file": path.name, "offset": data.index(wanted), "count": bias.numel()}


def export_ctc(net: TinyNet, path: Path, frames: int) -> None:
    """The streaming CTC form; `frames` of 10 ms a step, a multiple of 4."""
    n, width = 2, LAYER_WIDTH
    states = {
        "cached_key_0": (torch.zeros(1, n, 1), 1),
        "cached_nonlin_attn_0": (torch.zeros(1, n, 1, 3 * width // 4), 1),
        "cached_val1_0": (torch.zeros(1, n, 1), 1),
        "cached_val2_0": (torch.zeros(1, n, 1), 1),
        "cached_conv1_0": (torch.zeros(n, width, 1), 0),
        "cached_conv2_0": (torch.zeros(n, width, 1), 0),
        "embed_states": (torch.zeros(n, *EMBED_SHAPE), 0),
        "processed_lens": (torch.zeros(n, dtype=torch.int64), 0),
    }
    axes: dict[str, Any] = {"x": {0: "N"}, "log_probs": {0: "N"}}
    for name, (_, batch) in states.items():
        axes[name] = axes["new_" + name] = {batch: "N"}
    inputs = (torch.randn(n, frames, net.shape.bins), *(tensor for tensor, _ in states.values()))
    outputs = ["log_probs", *("new_" + name for name in states)]
    model = convert(StreamingCtc(net), inputs, path, ["x", *states], outputs, axes)
    metadata = {
        "model_type": "zipformer2",
        "encoder_dims": width,
        "query_head_dims": 1,
        "value_head_dims": 1,
        "num_heads": 1,
        "num_encoder_layers": 1,
        "cnn_module_kernels": 2,
        "left_context_len": 1,
        "T": frames,
        "decode_chunk_len": frames,
    }
    finish(model, path, metadata)


def export_transducer(net: TinyNet, folder: Path, frames: int) -> None:
    """The streaming transducer form: encoder.onnx, decoder.onnx, joiner.onnx."""
    n, size, vocabulary = 2, net.shape.state, net.shape.vocabulary
    axes: dict[str, Any] = {name: {0: "N"} for name in ("x", "encoder_out", "decoder_out", "y", "logit")}
    axes |= {name: {1: "N"} for name in ("h", "c", "new_h", "new_c")}

    def choose(*names: str) -> dict[str, Any]:
        return {name: axes[name] for name in names}

    path = folder / "encoder.onnx"
    inputs = (torch.randn(n, frames, net.shape.bins), torch.zeros(1, n, size), torch.zeros(1, n, 1))
    names, outputs = ["x", "h", "c"], ["encoder_out", "new_h", "new_c"]
    model = convert(TransducerEncoder(net), inputs, path, names, outputs, choose(*names, *outputs))
    metadata = {"model_type": "lstm", "num_encoder_layers": 1, "T": frames, "decode_chunk_len": frames}
    finish(model, path, metadata | {"rnn_hidden_size": 1, "d_model": size})

    path, context = folder / "decoder.onnx", torch.zeros(n, 2, dtype=torch.int64)
    model = convert(
        ZeroDecoder(vocabulary), (context,), path, ["y"], ["decoder_out"], choose("y", "decoder_out")
    )
    finish(model, path, {"vocab_size": vocabulary, "context_size": 2})

    path, both = folder / "joiner.onnx", (torch.randn(n, vocabulary), torch.randn(n, vocabulary))
    names = ["encoder_out", "decoder_out"]
    model = convert(SumJoiner(), both, path, names, ["logit"], choose(*names, "logit"))
    finish(model, path, {"joiner_dim": vocabulary})


def export_offline(net: TinyNet, path: Path) -> None:
    """The offline CTC form."""
    axes = {
        "x": {0: "N", 1: "T"},
        "x_lens": {0: "N"},
        "log_probs": {0: "N", 1: "T4"},
        "log_probs_len": {0: "N"},
    }
    inputs = (torch.randn(2, 100, net.shape.bins), torch.tensor([100, 80]))
    model = convert(OfflineCtc(net), inputs, path, ["x", "x_lens"], ["log_probs", "log_probs_len"], axes)
    metadata = {
        "model_type": "zipformer2_ctc",
        "version": 1,
        "model_author": "saywire",
        "subsampling_factor": SUBSAMPLING,
        "vocab_size": net.shape.vocabulary,
        "comment": "tiny",
    }
    finish(model, path, metadata)


def describe(net: TinyNet, folder: Path, frames: int, measured: dict[str, float]) -> dict[str, Any]:
    """The content of metadata.json; `measured` holds the figures that evaluate.py found."""
    bias = net.out.bias
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".onnx", ".txt", ".vocab")]
    return {
        "name": "tiny",
        "languages": ["zh", "en"],
        "sample_rate": 16_000,
        "chunk": frames / 100,
        **measured,
        "licence": LICENCE,
        "notice": "NOTICE.md",
        "tokens": "tokens.txt",
        "bpe_vocab": "bpe.vocab",
        "modeling_unit": "cjkchar+bpe",
        "forms": {
            "ctc": {"model": "ctc.onnx", "output_bias": find_bias(folder / "ctc.onnx", bias)},
            "transducer": {
                "encoder": "encoder.onnx",
                "decoder": "decoder.onnx",
                "joiner": "joiner.onnx",
                "output_bias": find_bias(folder / "encoder.onnx", bias),
            },
            "offline_ctc": {"model": "offline.onnx", "output_bias": find_bias(folder / "offline.onnx", bias)},
        },
        "language_tokens": {language: sorted(list_language_tokens(language)) for language in LANGUAGES},
        "vocabulary": {
            language: [entry.written for entry in DIGITS[language] + COMMANDS[language]]
            for language in LANGUAGES
        },
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--frames", type=int, default=8, help="10 ms frames a streaming step, a multiple of 4"
    )
    parser.add_argument("--tail-padding", type=float, default=0.4, help="seconds, measured by evaluate.py")
    parser.add_argument(
        "--word-lead", type=float, default=0.2, help="seconds from a word's start to its token"
    )
    parser.add_argument(
        "--word-trail", type=float, default=0.1, help="seconds from a word's token to its end"
    )
    args = parser.parse_args()
    net = load(args.checkpoint)
    args.out.mkdir(parents=True, exist_ok=True)
    export_ctc(net, args.out / "ctc.onnx", args.frames)
    export_transducer(net, args.out, args.frames)
    export_offline(net, args.out / "offline.onnx")
    write_tokens(args.out / "tokens.txt")
    # sherpa-onnx takes the split with the largest sum; an unknown piece counts 0, so every score is above it.
    pieces = [token for token in list_tokens()[1:] if token.isascii() or token.startswith("\u2581")]
    lines = (f"{piece}\t{len(piece)}\n" for piece in pieces)
    (args.out / "bpe.vocab").write_text("".join(lines), encoding="utf-8")
    measured = {name: getattr(args, name) for name in ("tail_padding", "word_lead", "word_trail")}
    measured = {name: getattr(args, name) for name in ("tail_padding", "word_lead", "word_trail")}
    description = describe(net, args.out, args.frames, measured)
    text = json.dumps(description, ensure_ascii=False, indent=1)
    (args.out / "metadata.json").write_text(text + "\n", encoding="utf-8")
    for path in sorted(args.out.iterdir()):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
