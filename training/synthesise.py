"""Speak phrases of the vocabulary with espeak-ng and flite, and keep them in a bank for `prepare`.

Contract: every phrase is 16 kHz mono float32, trimmed so that it starts and ends where the speech does; the
voices of the test split are never used by the training split. English: espeak-ng 1.51 (7 accents x
variants) and flite 2.2 voices; Mandarin: espeak-ng voice `cmn-latn-pinyin`, which reads numbered pinyin
(the voice `cmn` of 1.51 reads Chinese characters wrongly). The sound depends on the seed alone. Needs the
espeak-ng and flite programs, numpy and soxr.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from training.vocabulary import COMMANDS, DIGITS, Entry

SAMPLE_RATE = 16_000
Samples = NDArray[np.float32]

_ACCENTS = (
    "en-us en-us en-us en-gb en-gb en-gb-x-rp en-gb-x-gbclan en-029 en-gb-scotland "  # repeated: likelier
    "en-us-nyc en-gb-x-gbcwmd"
)
ACCENTS = tuple(_ACCENTS.split())
MANDARIN_VOICE = "cmn-latn-pinyin"
# Held out of every training set, for both languages.
TEST_VARIANTS = ("m6", "f4", "Alicia", "Henrique", "quincy", "pedro", "steph3")
TEST_FLITE = ("rms",)
TRAINING_FLITE = ("slt", "awb", "kal16")
# The variants steph and steph2 are settings of the same voice as steph3: they are in neither split.
_TRAINING_VARIANTS = (
    "m1 m2 m3 m4 m5 m7 m8 f1 f2 f3 f5 Alex Andy Andrea Annie Denis Diogo Gene Gene2 Hugo Jacky Lee Marco "
    "Mario Michael Mike Mr Nguyen adam anika antonio aunty belinda benjamin boris caleb david ed edward "
    "edward2 grandma grandpa gustave iven iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 klatt4 "
    "klatt6 linda marcelo max michel miguel norbert pablo paul rob robert sandro shelby travis victor zac"
)
TRAINING_VARIANTS = tuple(_TRAINING_VARIANTS.split())
TEST_ACCENTS = ACCENTS[:9]  # the two accents after them are spoken in training only


@dataclass(frozen=True, slots=True)
class Phrase:
    """A spoken phrase: `samples` of shape (n,), its vocabulary entries, and the voice that spoke it.

    `spans` says where each entry starts and ends, in seconds; empty where that is not known.
    """

    samples: Samples
    entries: tuple[Entry, ...]
    voice: str
    spans: tuple[tuple[float, float], ...] = ()

    @property
    def text(self) -> str:
        """Entries as written: English words with spaces, Mandarin words joined."""
        return (" " if self.entries[0].language == "en" else "").join(entry.written for entry in self.entries)


def trim(samples: Samples, threshold: float = 0.01) -> Samples:
    """Cut what lies below `threshold` of the peak at both ends, leaving 5 ms before and 10 ms after."""
    loud = np.flatnonzero(np.abs(samples) > threshold * (np.abs(samples).max() + 1e-9))
    if len(loud) == 0:
        return samples[:0]
    return samples[max(0, loud[0] - SAMPLE_RATE // 200) : loud[-1] + SAMPLE_RATE // 100]


def speak_espeak(text: str, voice: str, speed: int, pitch: int, gap: int) -> Samples:
    """One phrase from espeak-ng. speed: words a minute; pitch: 0..99; gap: pause between words in 10 ms."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-g", str(gap), "--stdout", text]
    wav = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    samples = np.frombuffer(wav[44:], dtype="<i2").astype(np.float32) / 32768
    return trim(soxr.resample(samples, 22_050, SAMPLE_RATE)) if len(samples) else samples


@cache
def _scratch_file() -> Path:
    return Path(tempfile.mkdtemp(prefix="tiny-")) / "phrase.wav"


def speak_flite(text: str, voice: str, stretch: float, pitch: int | None) -> Samples:
    """One phrase from flite. stretch: duration factor; pitch: mean F0 in Hz, None for the voice's own."""
    path = _scratch_file()
    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}"]
    if pitch is not None:
        command += ["--setf", f"int_f0_target_mean={pitch}"]
    subprocess.run([*command, "-t", text, "-o", str(path)], stderr=subprocess.DEVNULL, check=True)
    return trim(np.frombuffer(path.read_bytes()[44:], dtype="<i2").astype(np.float32) / 32768)


def choose_entries(rng: random.Random, language: str) -> tuple[Entry, ...]:
    """1 to 6 words: in half of the phrases digits only, else any words of the language."""
    pool = DIGITS[language] if rng.random() < 0.52 else DIGITS[language] + COMMANDS[language]
    return tuple(rng.choice(pool) for _ in range(rng.choice((1, 2, 2, 3, 3, 4, 5, 6))))


def _speak_entries(
    rng: random.Random, entries: tuple[Entry, ...], engine: str, test: bool
) -> tuple[Samples, str]:
    language = entries[0].language
    separator = rng.choice((" ", " ", " ", ", ", ". ") if language == "en" else (" ", " ", ", "))
    text = separator.join(entry.spoken for entry in entries)
    if engine == "flite":
        voice = rng.choice(TEST_FLITE if test else TRAINING_FLITE)
        pitch = rng.randint(85, 230) if rng.random() < 0.6 and not test else None
        return speak_flite(text, voice, rng.uniform(0.75, 1.4), pitch), voice
    variant = rng.choice(TEST_VARIANTS if test else (*TRAINING_VARIANTS, ""))
    accent = MANDARIN_VOICE if language == "zh" else rng.choice(TEST_ACCENTS if test else ACCENTS)
    voice = f"{accent}+{variant}" if variant else accent
    gap = rng.choice((0, 0, 0, 2, 5, 10))
    return speak_espeak(text, voice, rng.randint(105, 230), rng.randint(10, 90), gap), voice


def speak_phrase(rng: random.Random, language: str, engine: str = "espeak", test: bool = False) -> Phrase:
    """A random phrase by a random voice of the split. engine: espeak, or flite (English only)."""
    for _ in range(20):
        entries = choose_entries(rng, language)
        samples, voice = _speak_entries(rng, entries, engine, test)
        if len(samples) > SAMPLE_RATE // 16:  # a variant can fall silent at an extreme pitch
            return Phrase(samples, entries, voice)
    raise RuntimeError(
        f"{engine} spoke nothing in 20 attempts; is it installed with the voices this file names?"
    )


def write_bank(path: Path, seed: int, counts: dict[tuple[str, str], int]) -> None:
    """Speak `counts[language, engine]` training phrases into one .npz: int16 samples, offsets, words."""
    rng = random.Random(seed)
    pieces: list[NDArray[np.int16]] = []
    words: list[str] = []
    for (language, engine), count in counts.items():
        for _ in range(count):
            phrase = speak_phrase(rng, language, engine)
            peak = float(np.abs(phrase.samples).max())
            pieces.append(np.round(phrase.samples / peak * 30_000).astype(np.int16))
            words.append(" ".join(entry.written for entry in phrase.entries))
    offsets = np.cumsum([0, *(len(piece) for piece in pieces)])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, audio=np.concatenate(pieces), offsets=offsets, words=np.array(words))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--english", type=int, default=0, help="espeak-ng phrases in English")
    parser.add_argument("--mandarin", type=int, default=0, help="espeak-ng phrases in Mandarin")
    parser.add_argument("--flite", type=int, default=0, help="flite phrases in English")
    args = parser.parse_args()
    counts = {("en", "espeak"): args.english, ("zh", "espeak"): args.mandarin, ("en", "flite"): args.flite}
    write_bank(args.out, args.seed, counts)


if __name__ == "__main__":
    main()
