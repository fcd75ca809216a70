from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire import messages as m
from saywire.engines.base import EngineInfo
from saywire.errors import Unsupported
from saywire.runtime.link import Down, Drop, Hello, Open, Refused, Unpacker, Up, pack
from saywire.types import Hypothesis, Options, Turns, Word

HYPOTHESIS = Hypothesis("one 二", 3, (Word("one", 0.0, 0.4, 0.9), Word("二", 0.5, 0.7)), "en")
OPTIONS = Options(
    "tiny", "zh", "prompt", ("hot words",), "", ("a", "b"), True, Turns(voice=False, silence=0.4)
)
MESSAGES: list[Down | Up] = [
    Open(OPTIONS, m.Settled(16, 2, 3, "context")),
    Drop(),
    m.Configure(OPTIONS),
    m.Commit(),
    m.Clear(),
    m.Finish(),
    m.Mark(-1),
    Hello(EngineInfo("tiny", languages=("zh",), max_streams=1), 4711),
    m.Configured(OPTIONS),
    m.SpeechStarted(1, 0.5),
    m.SpeechStopped(1, 2.5, m.Cause.LENGTH),
    m.Partial(1, HYPOTHESIS),
    m.Final(1, "one 二", 0.5, 2.0, HYPOTHESIS.words, "en"),
    m.Cleared(None),
    m.Settled(1 << 40, 5, 6, "7,8"),
    m.Marked(9),
    m.Finished(12.25),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_goes_in_comes_out(message: Down | Up) -> None:
    assert list(Unpacker().feed(pack(3, message))) == [(3, message)]


@pytest.mark.parametrize(
    "message", [Refused(Unsupported("no")), m.Failed(None, Unsupported("no", param="x"))]
)
def test_errors_keep_their_kind(message: Refused | m.Failed) -> None:
    ((_, found),) = Unpacker().feed(pack(0, message))
    assert isinstance(found, Refused | m.Failed)
    assert type(found.error) is Unsupported
    assert vars(found.error) == vars(message.error) and found.error.message == "no"


def test_audio_goes_as_it_is() -> None:
    samples = np.linspace(-1, 1, 1600, dtype=np.float32)
    ((session, found),) = Unpacker().feed(pack(9, m.Audio(samples)))
    assert session == 9 and isinstance(found, m.Audio)
    assert np.array_equal(found.samples, samples) and found.samples.dtype == np.float32


@given(st.lists(st.integers(0, len(MESSAGES) - 1), max_size=10), st.integers(1, 60))
def test_frames_may_be_cut_anywhere(chosen: list[int], size: int) -> None:
    sent = [(number, MESSAGES[number]) for number in chosen]
    data = b"".join(pack(number, message) for number, message in sent)
    unpacker = Unpacker()
    found = [item for i in range(0, len(data), size) for item in unpacker.feed(data[i : i + size])]
    assert found == sent


def test_who_stops_listening_in_the_middle_hears_nothing_twice() -> None:
    unpacker = Unpacker()
    data = b"".join(pack(n, m.Commit()) for n in (1, 2, 3))
    for number, _ in unpacker.feed(data):
        if number == 2:
            break
    assert [number for number, _ in unpacker.feed(b"")] == [3]
