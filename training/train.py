"""Train the network with CTC on shards of `prepare`, on one core, within a wall-clock budget.

The features of an utterance are never twice the same: each time it is drawn, its vocal tract, tempo, gain,
microphone curve and background change in the feature domain, and SpecAugment (Park et al. 2019, arXiv
1904.08779) masks parts. The weights that are kept are a running average over steps. Checkpoints hold plain
tensors only.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.digits import SPEAKERS
from training.features import mel_centres
from training.net import SUBSAMPLING, Shape, TinyNet
from training.vocabulary import list_tokens

SILENCE = -15.5  # below this a bin holds digital silence: log of the float32 epsilon is -15.94
VALIDATION = 200
AVERAGE_DECAY = 0.9985


@dataclass(frozen=True, slots=True)
class Utterance:
    """frames: (T, 80) float16; labels: token ids."""

    frames: NDArray[np.float16]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """features (N, T, 80) padded, lengths in output frames, labels concatenated, label counts."""

    features: Tensor
    lengths: Tensor
    labels: Tensor
    counts: Tensor


def read_shard(path: Path, hold_out: str | None = None) -> list[Utterance]:
    """Utterances that CTC can align (two output frames a token), without those in which `hold_out` speaks."""
    with np.load(path) as file:
        frames, frame_offsets = file["frames"], file["frame_offsets"]
        labels, label_offsets = file["labels"], file["label_offsets"]
        speakers = file["speakers"]
    utterances = [
        Utterance(
            frames[frame_offsets[i] : frame_offsets[i + 1]], labels[label_offsets[i] : label_offsets[i + 1]]
        )
        for i in range(len(frame_offsets) - 1)
        if hold_out not in str(speakers[i]).split()
    ]
    return [each for each in utterances if len(each.frames) // SUBSAMPLING >= 2 * len(each.labels) + 1]


def form_batches(utterances: list[Utterance], size: int) -> list[list[Utterance]]:
    """Batches of at most `size` frames; neighbours in length share one, so that little is padded."""
    batches: list[list[Utterance]] = [[]]
    for utterance in sorted(utterances, key=lambda each: len(each.frames)):
        if (len(batches[-1]) + 1) * (len(utterance.frames) + 8) > size:
            batches.append([])
        batches[-1].append(utterance)
    return batches


class Augmenter:
    """Changes one (T, 80) log-mel matrix at a time; `strength` in [0, 1] says how often."""

    def __init__(self, seed: int, strength: float) -> None:
        self.rng = np.random.default_rng(seed)
        self.strength = strength
        self.centres = mel_centres()
        widths = np.gradient(self.centres)
        # Fourier bins of 31 Hz under each filter decide how much noise power fluctuates from frame to frame.
        self.flutter = (4.3 * np.log(10) / 10 / np.sqrt(np.maximum(widths / 31.25, 1))).astype(np.float32)

    def change(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        rng = self.rng
        frames = frames[rng.integers(0, SUBSAMPLING) :]  # the phase of the 4-frame stacking
        if rng.random() < 0.7 * self.strength:
            frames = self._warp(frames)
        silent = frames < SILENCE
        shift = np.float32(rng.uniform(-2, 1.5)) + self._curve(rng.uniform(0, 0.8))
        frames = np.where(silent, frames, frames + shift)
        if rng.random() < 0.3 * self.strength:
            frames = self._add_noise(frames)
        return frames

    def _warp(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale frequency (another vocal tract) and time (another tempo) by interpolation."""
        alpha, tempo = self.rng.uniform(0.88, 1.14), self.rng.uniform(0.88, 1.14)
        bins = np.interp(self.centres * alpha, self.centres, np.arange(len(self.centres)))
        frames = _interpolate(frames.T, bins).T
        times = np.arange(0, len(frames) - 1, tempo)
        return _interpolate(frames, times)

    def _curve(self, spread: float) -> NDArray[np.float32]:
        anchors = self.rng.normal(0, spread, 6)
        curve: NDArray[np.float32] = np.interp(np.arange(80), np.linspace(0, 79, 6), anchors).astype(
            np.float32
        )
        return curve

    def _add_noise(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        loud = float(np.percentile(frames.mean(1), 90))
        level = loud - self.rng.uniform(1.5, 9)
        noise = (
            level + self._curve(1.5) + self.flutter * self.rng.standard_normal(frames.shape, dtype=np.float32)
        )
        return np.logaddexp(frames, noise.astype(np.float32))

    def mask(self, frames: NDArray[np.float32], filling: NDArray[np.float32]) -> None:
        """Blank up to two frequency bands and spans of time with the mean feature, in place."""
        rng = self.rng
        for _ in range(rng.binomial(2, self.strength)):
            height, width = rng.integers(0, 12), rng.integers(0, 10)
            low, start = rng.integers(0, 80 - height), rng.integers(0, max(1, len(frames) - width))
            frames[:, low : low + height] = filling[low : low + height]
            frames[start : start + width] = filling


def _interpolate(rows: NDArray[np.float32], positions: NDArray[np.float64]) -> NDArray[np.float32]:
    low = positions.astype(np.int64)
    high = np.minimum(low + 1, len(rows) - 1)
    share = (positions - low).astype(np.float32)[:, None]
    return rows[low] * (1 - share) + rows[high] * share


def collate(utterances: list[Utterance], augmenter: Augmenter | None, filling: NDArray[np.float32]) -> Batch:
    """Stack utterances, changed by `augmenter` if given; what lies beyond an end is not scored."""
    matrices = []
    for utterance in utterances:
        frames = utterance.frames.astype(np.float32)
        if augmenter is not None:
            changed = augmenter.change(frames)
            frames = changed if len(changed) // SUBSAMPLING >= 2 * len(utterance.labels) else frames.copy()
            augmenter.mask(frames, filling)
        matrices.append(frames)
    longest = (max(map(len, matrices)) + SUBSAMPLING - 1) // SUBSAMPLING * SUBSAMPLING
    features = np.zeros((len(matrices), longest, 80), np.float32)
    for row, frames in zip(features, matrices, strict=True):
        row[: len(frames)] = frames
    return Batch(
        torch.from_numpy(features),
        torch.tensor([len(frames) // SUBSAMPLING for frames in matrices]),
        torch.from_numpy(np.concatenate([each.labels for each in utterances])),
        torch.tensor([len(each.labels) for each in utterances]),
    )


def collapse(best: list[int]) -> list[int]:
    """Greedy CTC: drop repeats, then blanks."""
    return [token for token, before in zip(best, [0, *best], strict=False) if token not in (0, before)]


def count_edits(hypothesis: list[int], reference: list[int]) -> int:
    """Levenshtein distance."""
    row = list(range(len(reference) + 1))
    for i, token in enumerate(hypothesis, 1):
        diagonal, row[0] = row[0], i
        for j, wanted in enumerate(reference, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (token != wanted))
    return row[-1]


@torch.no_grad()
def measure_token_errors(net: TinyNet, utterances: list[Utterance]) -> float:
    """Token error rate of greedy decoding on unchanged features."""
    net.eval()
    edits = total = 0
    for group in form_batches(utterances, 20_000):
        batch = collate(group, None, np.zeros(80, np.float32))
        best = net(batch.features, torch.zeros(len(group), net.shape.state))[0].argmax(-1)
        for row, length, utterance in zip(best.tolist(), batch.lengths.tolist(), group, strict=True):
            edits += count_edits(collapse(row[:length]), utterance.labels.tolist())
            total += len(utterance.labels)
    net.train()
    return edits / total


def save(path: Path, net: TinyNet, average: dict[str, Tensor], note: dict[str, float]) -> None:
    torch.save({"shape": asdict(net.shape), "weights": average, "note": note}, path)


def load(path: Path) -> TinyNet:
    """The averaged network of a checkpoint, in evaluation mode."""
    content = torch.load(path, weights_only=True)
    net = TinyNet(Shape(**content["shape"]))
    net.load_state_dict(content["weights"])
    return net.eval()


def start_net(utterances: list[Utterance], seed: int, sizes: dict[str, int]) -> TinyNet:
    """A fresh network whose input normalisation comes from the data."""
    torch.manual_seed(seed)
    net = TinyNet(Shape(len(list_tokens()), **sizes))
    frames = np.concatenate([each.frames[::SUBSAMPLING] for each in utterances[:600]]).astype(np.float32)
    net.mean.copy_(torch.from_numpy(frames.mean(0)))
    net.scale.copy_(torch.from_numpy(1 / (frames.std(0) + 1e-3)))
    return net


@dataclass(frozen=True, slots=True)
class Plan:
    """One stage: its length in minutes, peak learning rate, frames in a batch, augmentation, seed."""

    minutes: float
    rate: float
    frames: int
    strength: float
    seed: int


def train(net: TinyNet, utterances: list[Utterance], out: Path, plan: Plan) -> None:
    """Cosine learning rate from the peak to zero over the stage; saves to `out` every two minutes."""
    validation, utterances = utterances[:VALIDATION], utterances[VALIDATION:]
    augmenter, rng = Augmenter(plan.seed, plan.strength), random.Random(plan.seed)
    filling = net.mean.numpy()
    average = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    optimiser = torch.optim.AdamW(
        net.parameters(), plan.rate, weight_decay=1e-2, betas=(0.9, 0.98), fused=True
    )
    batches = form_batches(utterances, plan.frames)
    begun = saved = time.monotonic()
    step, losses = 0, []
    while (done := (time.monotonic() - begun) / 60 / plan.minutes) < 1:
        if step % len(batches) == 0:
            rng.shuffle(batches)
        for group in optimiser.param_groups:
            group["lr"] = (
                plan.rate * min(1, (step + 1) / 200) * (0.5 * (1 + math.cos(math.pi * done)) + 0.003)
            )
        batch = collate(batches[step % len(batches)], augmenter, filling)
        losses.append(take_step(net, optimiser, batch))
        step += 1
        decay = min(AVERAGE_DECAY, step / (step + 20))
        torch._foreach_lerp_(
            list(average.values()), [tensor.detach() for tensor in net.state_dict().values()], 1 - decay
        )
        if time.monotonic() - saved > 120 or done + 1e-3 > 1:
            saved = time.monotonic()
            report(net, average, validation, out, step, step / len(batches), done, losses)
    report(net, average, validation, out, step, step / len(batches), 1.0, losses)


def take_step(net: TinyNet, optimiser: torch.optim.Optimizer, batch: Batch) -> float:
    with torch.autocast("cpu", torch.bfloat16):
        log_probs, _ = net(batch.features, torch.zeros(len(batch.features), net.shape.state))
    loss = F.ctc_loss(
        log_probs.transpose(0, 1),
        batch.labels,
        batch.lengths,
        batch.counts,
        reduction="sum",
        zero_infinity=True,
    ) / len(batch.features)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return loss.item()


def report(
    net: TinyNet,
    average: dict[str, Tensor],
    validation: list[Utterance],
    out: Path,
    step: int,
    epoch: float,
    done: float,
    losses: list[float],
) -> None:
    """Save the average and print one line about it."""
    mean = TinyNet(net.shape)
    mean.load_state_dict(average)
    errors = measure_token_errors(mean, validation)
    note = {"step": step, "epoch": epoch, "token_error_rate": errors}
    save(out, net, average, note)
    loss = sum(losses[-500:]) / max(1, len(losses[-500:]))
    print(
        f"done {done:.3f} step {step} epoch {epoch:.1f} loss {loss:.3f} token errors {errors:.4f}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shard", type=Path, action="append", required=True, help="repeat for several")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--init", type=Path, help="checkpoint to continue from")
    parser.add_argument("--hold-out", choices=SPEAKERS, help="drop utterances in which this speaker is heard")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--frames", type=int, default=6_400, help="10 ms frames in a batch")
    parser.add_argument("--augment", type=float, default=1.0, help="how often features are changed, 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--memory", type=int, default=192)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    utterances = [each for path in args.shard for each in read_shard(path, args.hold_out)]
    sizes = {"width": args.width, "blocks": args.blocks, "memory": args.memory}
    net = load(args.init).train() if args.init else start_net(utterances, args.seed, sizes)
    parameters = sum(parameter.numel() for parameter in net.parameters())
    print(f"{parameters} parameters, {len(utterances)} utterances", flush=True)
    train(net, utterances, args.out, Plan(args.minutes, args.rate, args.frames, args.augment, args.seed))


if __name__ == "__main__":
    main()
