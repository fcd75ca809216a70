"""Turn the spoken bank and the real digits into training utterances: features and token labels in one .npz
shard.

Contract: an utterance is 0 to 3 phrases with pauses, distorted; labels are the tokens of its words. What a
server does to audio is in it: pre-roll of 0-300 ms before the first word; half of the utterances are cut
within 50 ms of the last word's end and followed by digital zeros, because that is what comes after the last
packet of a push-to-talk client; long pauses; and noise or silence without any word. Index 0-4 of the real
digits is never used.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.digits import SPEAKERS, TRAINING_INDEXES, Recordings, read_recordings
from training.distort import add_noise, distort, make_noise, scale_voice, set_gain
from training.features import compute_fbank
from training.synthesise import SAMPLE_RATE, Samples
from training.vocabulary import COMMANDS, DIGITS, LANGUAGES, Entry, list_tokens

REAL_SHARE = 0.3
NO_SPEECH_SHARE = 0.05
ENTRIES = {entry.written: entry for language in LANGUAGES for entry in DIGITS[language] + COMMANDS[language]}


@dataclass(frozen=True, slots=True)
class Bank:
    """Spoken phrases of `synthesise`: phrase i is audio[offsets[i]:offsets[i + 1]] and says words[i]."""

    audio: NDArray[np.int16]
    offsets: NDArray[np.int64]
    words: NDArray[np.str_]

    def take(self, index: int) -> tuple[Samples, tuple[Entry, ...]]:
        samples = self.audio[self.offsets[index] : self.offsets[index + 1]].astype(np.float32) / 32768
        return samples, tuple(ENTRIES[word] for word in str(self.words[index]).split())

    def babble(self, rng: np.random.Generator) -> Samples:
        """30 s of neighbouring phrases, to be mixed into background talk."""
        start = int(rng.integers(0, max(1, len(self.audio) - 30 * SAMPLE_RATE)))
        return self.audio[start : start + 30 * SAMPLE_RATE].astype(np.float32) / 32768


@dataclass(frozen=True, slots=True)
class Utterance:
    """A training utterance: its sound, its words, and whose real recordings are in it."""

    samples: Samples
    entries: list[Entry]
    speakers: set[str]


@dataclass(slots=True)
class Composer:
    """Draws utterances from banks and recordings."""

    banks: list[Bank]
    recordings: Recordings
    speakers: tuple[str, ...]
    rng: random.Random
    nrng: np.random.Generator

    def compose(self) -> Utterance:
        """One distorted utterance."""
        if self.rng.random() < NO_SPEECH_SHARE:
            return Utterance(self._make_no_speech(), [], set())
        cut_tail = self.rng.random() < 0.5
        pieces, entries, speakers = self._arrange(cut_tail)
        babble = self._choose_bank().babble(self.nrng)
        samples = distort(np.concatenate(pieces), self.nrng, microphone=0.4, babble=babble)
        if cut_tail or self.rng.random() < 0.2:
            samples = np.concatenate([samples, self._zeros(0.2, 0.5)])
        return Utterance(samples, entries, speakers)

    def _arrange(self, cut_tail: bool) -> tuple[list[Samples], list[Entry], set[str]]:
        rng = self.rng
        pieces = [self._zeros(0, 0.3) if rng.random() < 0.6 else self._zeros(0.3, 0.9)]
        entries: list[Entry] = []
        speakers: set[str] = set()
        count = rng.choice((1, 1, 1, 2, 2, 3))
        for position in range(count):
            samples, said, speaker = self._draw_phrase()
            pieces.append(samples / (np.abs(samples).max() + 1e-6) * np.float32(rng.uniform(0.5, 1)))
            entries += said
            speakers |= {speaker} - {""}
            if position < count - 1:
                pieces.append(self._zeros(0.15, 0.9) if rng.random() < 0.88 else self._zeros(1, 3))
        pieces.append(self._zeros(0, 0.05) if cut_tail else self._zeros(0.25, 0.8))
        return pieces, entries, speakers

    def _choose_bank(self) -> Bank:
        return self.rng.choices(self.banks, weights=[len(bank.words) for bank in self.banks])[0]

    def _draw_phrase(self) -> tuple[Samples, tuple[Entry, ...], str]:
        rng = self.rng
        if rng.random() < REAL_SHARE:
            count = rng.choice((1, 2, 3, 4, 5, 6))
            phrase = self.recordings.join_digits(rng, rng.choice(self.speakers), TRAINING_INDEXES, count, 0.4)
            samples, entries, speaker = phrase.samples, phrase.entries, phrase.voice
        else:
            bank = self._choose_bank()
            samples, entries = bank.take(rng.randrange(len(bank.words)))
            speaker = ""
        if rng.random() < 0.5:
            samples = scale_voice(samples, rng.uniform(0.85, 1.18))
        return samples, entries, speaker

    def _make_no_speech(self) -> Samples:
        rng = self.rng
        count = int(SAMPLE_RATE * rng.uniform(1, 6))
        if rng.random() < 0.3:
            hiss = self.nrng.standard_normal(count).astype(np.float32) * np.float32(
                rng.choice((0, 1e-5, 1e-4))
            )
            return hiss
        noise = make_noise(self.nrng, count)
        clicks = np.zeros(count, np.float32)
        for _ in range(rng.randint(0, 5)):  # key strokes and knocks
            start, length = rng.randrange(count), rng.randint(20, 1200)
            burst = self.nrng.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
            clicks[start : start + length] += burst[: count - start].astype(np.float32)
        mixed = add_noise(clicks, noise, rng.uniform(0, 30)) if clicks.any() else noise
        return set_gain(mixed, rng.uniform(3, 55))

    def _zeros(self, shortest: float, longest: float) -> Samples:
        return np.zeros(int(SAMPLE_RATE * self.rng.uniform(shortest, longest)), np.float32)


def read_bank(path: Path) -> Bank:
    with np.load(path) as file:
        return Bank(file["audio"], file["offsets"], file["words"])


def write_shard(path: Path, composer: Composer, count: int) -> float:
    """Compose `count` utterances into `path`; returns the hours of audio in it."""
    ids = {token: index for index, token in enumerate(list_tokens())}
    frames: list[NDArray[np.float16]] = []
    labels: list[list[int]] = []
    speakers: list[str] = []
    for _ in range(count):
        utterance = composer.compose()
        frames.append(compute_fbank(utterance.samples).astype(np.float16))
        labels.append([ids[token] for entry in utterance.entries for token in entry.tokens])
        speakers.append(" ".join(sorted(utterance.speakers)))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        frames=np.concatenate(frames),
        frame_offsets=np.cumsum([0, *map(len, frames)]),
        labels=np.array([label for each in labels for label in each], np.int64),
        label_offsets=np.cumsum([0, *map(len, labels)]),
        speakers=np.array(speakers),
    )
    return sum(map(len, frames)) / 360_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=Path, required=True, help="recordings.zip of the digit dataset")
    parser.add_argument("--bank", type=Path, action="append", required=True, help="repeat for several")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--hold-out", choices=SPEAKERS, help="a speaker of the real digits to leave out")
    args = parser.parse_args()
    composer = Composer(
        banks=[read_bank(path) for path in args.bank],
        recordings=read_recordings(args.recordings),
        speakers=tuple(speaker for speaker in SPEAKERS if speaker != args.hold_out),
        rng=random.Random(args.seed),
        nrng=np.random.default_rng(args.seed),
    )
    print(f"{args.out}: {args.count} utterances, {write_shard(args.out, composer, args.count):.1f} h")


if __name__ == "__main__":
    main()
