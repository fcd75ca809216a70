"""The samples are what their list says they are."""

from __future__ import annotations

import numpy as np
import pytest

from saywire.client.samples import FOLDER, Sample, find_sample, load_samples
from saywire.errors import BadRequest
from saywire.types import RATE, Options, Turns

SAMPLES = load_samples()
QUIET = 0.01
"""Loudest sample of a silence made by a synthesiser."""


def loudness(sample: Sample) -> np.ndarray:
    """Of every 10 ms."""
    samples = sample.read()
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    return np.sqrt((frames**2).mean(axis=1))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_speech_is_where_the_list_says(sample: Sample) -> None:
    loud = loudness(sample) > QUIET
    spoken = np.zeros_like(loud)
    for said in sample.said:
        start, end = round(said.start * 100), round(said.end * 100)
        assert loud[start] and loud[end - 1], said
        spoken[start:end] = True
    assert not (loud & ~spoken).any()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_small_and_ends_in_silence(sample: Sample) -> None:
    assert len((FOLDER / sample.file).read_bytes()) < 500_000
    seconds = len(sample.read()) / RATE
    assert 10 < seconds < 20
    assert seconds > max([sample.said[-1].end, *sample.stops()])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_licence_note_names_every_recording(sample: Sample) -> None:
    assert f"| {sample.file} |" in (FOLDER / "LICENSE.md").read_text("utf-8")


def test_a_button_is_let_go_before_the_next_utterance() -> None:
    sample = find_sample("commands")
    assert sample.options == Options("tiny", turns=Turns(voice=False))
    stops, starts = sample.stops(), [said.start for said in sample.said]
    assert len(stops) == len(starts)
    assert all(stop < start for stop, start in zip(stops, starts[1:], strict=False))
    assert find_sample("dictation").stops() == ()


def test_an_unknown_sample_is_refused() -> None:
    with pytest.raises(BadRequest, match="there are: dictation, commands"):
        find_sample("song")
