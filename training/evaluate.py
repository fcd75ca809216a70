"""Measure `tiny` through the real sherpa-onnx, fed in 100 ms chunks, and print the figures as JSON.

Test sets, all made from fixed seeds by the espeak-ng and flite programs (nothing of them is trained on):
- clean: espeak-ng variants and a flite voice that no training set contains, English and Mandarin, cut at
  the last word;
- distorted: the same phrases with noise of 5-40 dB, rooms, 8 kHz band and gain;
- real: strings of 3-5 digits from the official test split (index 0-4) of the digit recordings; with
  --speaker, of that speaker only and from all recordings (for a model trained without that speaker);
- noise: ten seconds of noise or silence each: how many words it hears;
- tail: how much padding the last word needs;
- times: where in its word a token comes, on strings of real digits of the training split.

Word error rate: edits / reference units, an English word or a Mandarin character being one unit (jiwer).
Needs sherpa-onnx, numpy, soxr, jiwer and, to make the sets, espeak-ng and flite; no torch.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import sherpa_onnx
import soxr

from training.digits import SPEAKERS, TEST_INDEXES, TRAINING_INDEXES, Recordings, read_recordings
from training.distort import distort, make_noise, set_gain
from training.synthesise import SAMPLE_RATE, Phrase, Samples, speak_phrase
from training.vocabulary import split_words

CHUNK = SAMPLE_RATE // 10
PRE_ROLL = 0.3  # what the session sends before the first voiced frame
MODEL = Path("src/saywire/models/tiny")
FORBIDDEN = -1e4  # bias of a token that must never win


@dataclass(frozen=True, slots=True)
class Sample:
    """One test utterance: audio, reference text, its language and the voice or set it belongs to."""

    samples: Samples
    text: str
    language: str
    group: str


def read_metadata(folder: Path) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    return metadata


def restrict(folder: Path, form: str, language: str, out: Path) -> Path:
    """Copy the biased ONNX file of `form` to `out` with every token of other languages switched off."""
    metadata = read_metadata(folder)
    place = metadata["forms"][form]["output_bias"]
    data = bytearray((folder / place["file"]).read_bytes())
    bias = np.frombuffer(data, "<f4", place["count"], place["offset"]).copy()
    allowed = {0, *metadata["language_tokens"][language]}
    bias[[index for index in range(len(bias)) if index not in allowed]] = FORBIDDEN
    data[place["offset"] : place["offset"] + 4 * place["count"]] = bias.tobytes()
    path = out / f"{language}-{place['file']}"
    path.write_bytes(data)
    return path


def load_recognizer(folder: Path, form: str = "ctc", language: str | None = None, **options: Any) -> Any:
    """A recogniser of the form ctc, transducer or offline_ctc, restricted to `language` if given."""
    with tempfile.TemporaryDirectory() as scratch:
        files = {
            key: str(folder / name)
            for key, name in read_metadata(folder)["forms"][form].items()
            if key != "output_bias"
        }
        if language is not None:
            biased = "encoder" if form == "transducer" else "model"
            files[biased] = str(restrict(folder, form, language, Path(scratch)))
        common = {"tokens": str(folder / "tokens.txt"), "num_threads": 1, **options}
        match form:
            case "ctc":
                return sherpa_onnx.OnlineRecognizer.from_zipformer2_ctc(**files, **common)
            case "transducer":
                return sherpa_onnx.OnlineRecognizer.from_transducer(**files, **common)
            case _:
                return sherpa_onnx.OfflineRecognizer.from_zipformer_ctc(**files, **common)


def recognise(recognizer: Any, samples: Samples, tail: float) -> str:
    """Text of one utterance, streamed in 100 ms chunks and followed by `tail` seconds of zeros."""
    stream = recognizer.create_stream()
    padded = np.concatenate([samples, np.zeros(int(tail * SAMPLE_RATE), np.float32)])
    if isinstance(recognizer, sherpa_onnx.OfflineRecognizer):
        stream.accept_waveform(SAMPLE_RATE, padded.tolist())
        recognizer.decode_stream(stream)
        return str(stream.result.text).strip()
    for start in range(0, len(padded), CHUNK):
        stream.accept_waveform(SAMPLE_RATE, padded[start : start + CHUNK].tolist())
        while recognizer.is_ready(stream):
            recognizer.decode_stream(stream)
    stream.input_finished()
    while recognizer.is_ready(stream):
        recognizer.decode_stream(stream)
    return str(recognizer.get_result(stream)).strip()


def measure_error_rate(references: Iterable[str], hypotheses: Iterable[str]) -> float:
    """Word error rate in percent over score units."""
    wanted = [" ".join(split_words(text)) for text in references]
    heard = [" ".join(split_words(text)) for text in hypotheses]
    return 100 * float(jiwer.wer(wanted, heard))


def make_clean(count: int, seed: int = 7001) -> list[Sample]:
    """`count` utterances by held-out voices: 40 % English espeak-ng, 20 % English flite, 40 % Mandarin."""
    rng = random.Random(seed)
    plan = (("en", "espeak", 0.4), ("en", "flite", 0.2), ("zh", "espeak", 0.4))
    made = []
    for language, engine, share in plan:
        for _ in range(round(count * share)):
            phrase = speak_phrase(rng, language, engine, test=True)
            made.append(Sample(_lead_in(phrase.samples), phrase.text, language, f"{language} {engine}"))
    return made


def _lead_in(samples: Samples) -> Samples:
    quiet = np.zeros(int(PRE_ROLL * SAMPLE_RATE), np.float32)
    return np.concatenate([quiet, set_gain(samples, 3.0)])


def make_distorted(clean: list[Sample], seed: int = 7002) -> list[Sample]:
    """The same after rooms (30 %), 8 kHz band (35 %), noise at 5-40 dB (85 %), peak at -0.5 to -28 dB."""
    rng = np.random.default_rng(seed)
    return [Sample(distort(each.samples, rng), each.text, each.language, each.group) for each in clean]


def make_real(
    recordings: Recordings, speakers: Iterable[str], indexes: range, count: int, seed: int = 7003
) -> list[Sample]:
    """`count` strings of 3-5 real digits for each speaker, up to 0.3 s apart."""
    rng = random.Random(seed)
    phrases: list[Phrase] = [
        recordings.join_digits(rng, speaker, indexes, rng.choice((3, 4, 5)), 0.3)
        for speaker in speakers
        for _ in range(count)
    ]
    return [Sample(_lead_in(phrase.samples), phrase.text, "en", phrase.voice) for phrase in phrases]


def make_no_speech(count: int, seed: int = 7004) -> list[Samples]:
    """`count` times ten seconds: every fifth is silence or a faint hiss, the rest noise at -55 to -3 dB."""
    rng = np.random.default_rng(seed)
    made = []
    for index in range(count):
        if index % 5 == 0:
            made.append((rng.standard_normal(10 * SAMPLE_RATE) * rng.choice((0.0, 1e-4))).astype(np.float32))
        else:
            made.append(set_gain(make_noise(rng, 10 * SAMPLE_RATE), rng.uniform(3, 55)))
    return made


def score(recognizers: dict[str | None, Any], test: list[Sample], tail: float) -> dict[str, Any]:
    """Error rates, overall and by group: open (any language) and restricted to the utterance's language."""
    figures: dict[str, Any] = {"utterances": len(test)}
    for label in ("open", "restricted"):
        heard = [
            recognise(recognizers[each.language if label == "restricted" else None], each.samples, tail)
            for each in test
        ]
        figures[label] = {"all": round(measure_error_rate([each.text for each in test], heard), 2)}
        for group in dict.fromkeys(each.group for each in test):
            pairs = [(each.text, text) for each, text in zip(test, heard, strict=True) if each.group == group]
            figures[label][group] = round(measure_error_rate(*zip(*pairs, strict=True)), 2)
    return figures


def measure_tail(
    recognizers: dict[str | None, Any], test: list[Sample], paddings: Iterable[float]
) -> dict[str, Any]:
    """Share (%) of utterances, cut where the last word ends, whose last word is as with 1.5 s of padding."""
    settled = [split_words(recognise(recognizers[each.language], each.samples, 1.5)) for each in test]
    figures: dict[str, Any] = {"utterances": len(test)}
    for padding in paddings:
        same = 0
        for each, whole in zip(test, settled, strict=True):
            same += (
                split_words(recognise(recognizers[each.language], each.samples, padding))[-1:] == whole[-1:]
            )
        figures[f"{padding:.2f}"] = round(100 * same / len(test), 2)
    return figures


def measure_times(
    recognizer: Any, recordings: Recordings, count: int = 100, seed: int = 7005
) -> dict[str, Any]:
    """Seconds from a word's start to its token and from there to its end, on well-heard strings."""
    rng = random.Random(seed)
    leads: list[float] = []
    trails: list[float] = []
    for _ in range(count):
        phrase = recordings.join_digits(rng, rng.choice(SPEAKERS), TRAINING_INDEXES, 4, 0.3)
        stream = recognizer.create_stream()
        padded = np.concatenate([_lead_in(phrase.samples), np.zeros(SAMPLE_RATE, np.float32)])
        stream.accept_waveform(SAMPLE_RATE, padded.tolist())
        while recognizer.is_ready(stream):
            recognizer.decode_stream(stream)
        result = recognizer.get_result_all(stream)
        if result.text.strip() == phrase.text and len(result.timestamps) == len(phrase.spans):
            for time, (start, end) in zip(result.timestamps, phrase.spans, strict=True):
                leads.append(time - PRE_ROLL - start)
                trails.append(end - (time - PRE_ROLL))
    points = (5, 20, 50, 80, 95)
    return {
        "words": len(leads),
        "lead": dict(zip(points, np.percentile(leads, points).round(3).tolist(), strict=True)),
        "trail": dict(zip(points, np.percentile(trails, points).round(3).tolist(), strict=True)),
    }


def read_clip(path: Path) -> Samples:
    """A 16-bit mono WAV at 16 kHz."""
    with wave.open(str(path)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)[:, 0]
    clip: Samples = soxr.resample(pcm.astype(np.float32) / 32768, rate, SAMPLE_RATE)
    return clip


def score_clip(recognizers: dict[str | None, Any], path: Path, tail: float) -> dict[str, Any]:
    """A human clip beside refs.json, open and in English only."""
    text = json.loads((path.parent / "refs.json").read_text(encoding="utf-8"))[path.name]["text"]
    figures = {}
    for label, language in (("open", None), ("restricted", "en")):
        heard = recognise(recognizers[language], read_clip(path), tail)
        figures[label] = {"wer": round(measure_error_rate([text], [heard]), 2), "text": heard}
    return figures


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """All the figures that `args` asks for."""
    recognizers = {
        language: load_recognizer(args.model, args.form, language) for language in (None, "en", "zh")
    }
    tail = args.tail if args.tail is not None else read_metadata(args.model)["tail_padding"]
    figures: dict[str, Any] = {"form": args.form, "tail_padding": tail}
    if args.speaker is None:
        clean = make_clean(args.count)
        figures["clean"] = score(recognizers, clean, tail)
        figures["distorted"] = score(recognizers, make_distorted(clean), tail)
        heard = [recognise(recognizers[None], samples, tail) for samples in make_no_speech(30)]
        figures["words heard in 300 s without speech"] = sum(len(split_words(text)) for text in heard)
        if args.tails:
            figures["tail"] = measure_tail(recognizers, clean, np.arange(0.0, 0.85, 0.08).tolist())
    if args.recordings is not None:
        speakers, indexes = (SPEAKERS, TEST_INDEXES) if args.speaker is None else ((args.speaker,), range(50))
        real = make_real(
            read_recordings(args.recordings), speakers, indexes, 30 if args.speaker is None else 200
        )
        figures["real"] = score(recognizers, real, tail)
        if args.times:
            figures["times"] = measure_times(recognizers["en"], read_recordings(args.recordings))
    for clip in args.clip or ():
        figures[clip.name] = score_clip(recognizers, clip, tail)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=MODEL, help="folder with metadata.json")
    parser.add_argument("--form", choices=("ctc", "transducer", "offline_ctc"), default="ctc")
    parser.add_argument("--count", type=int, default=400, help="utterances of the clean and distorted sets")
    parser.add_argument("--recordings", type=Path, help="recordings.zip of the digit dataset")
    parser.add_argument("--speaker", choices=SPEAKERS, help="only this speaker's real digits, all recordings")
    parser.add_argument(
        "--clip", type=Path, action="append", help="a WAV beside its refs.json; repeat for several"
    )
    parser.add_argument("--tail", type=float, help="seconds of zeros after the audio; default: metadata.json")
    parser.add_argument("--tails", action="store_true", help="also measure which padding the last word needs")
    parser.add_argument("--times", action="store_true", help="also measure where in a word its token comes")
    print(json.dumps(evaluate(parser.parse_args()), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
