from __future__ import annotations

import numpy as np

from saywire import messages as m
from saywire.errors import Unsupported
from saywire.runtime.keep import Keep
from saywire.types import Options


def audio(n: int) -> m.Audio:
    return m.Audio(np.arange(n, dtype=np.float32))


def kept(keep: Keep) -> list[object]:
    """Commands, with audio as its samples' list."""
    return [c.samples.tolist() if isinstance(c, m.Audio) else c for c in keep.commands()]


def test_settling_forgets_audio_and_commands_before_the_position() -> None:
    keep = Keep(Options())
    for command in (audio(4), m.Commit(), audio(4), m.Clear(), audio(2), m.Finish()):
        keep.add(command)
    keep.note(m.Settled(6, 1, 1))
    assert kept(keep) == [[2.0, 3.0], m.Clear(), [0.0, 1.0], m.Finish()]
    keep.note(m.Settled(10, 2, 2))
    assert kept(keep) == [m.Finish()]
    assert keep.position == 10


def test_a_mark_is_kept_until_it_is_answered() -> None:
    keep = Keep(Options())
    for command in (m.Mark(1), audio(4), m.Mark(2)):
        keep.add(command)
    keep.note(m.Settled(4, 0, 0))
    assert kept(keep) == [m.Mark(1), m.Mark(2)]
    keep.note(m.Marked(1))
    assert kept(keep) == [m.Mark(2)]


def test_options_are_those_in_force_where_it_settled() -> None:
    first, second, third = (Options(language=code) for code in ("en", "zh", "de"))
    keep = Keep(first)
    for command in (audio(1), m.Configure(second), m.Configure(third), audio(1)):
        keep.add(command)
    keep.note(m.Configured(second))
    assert keep.answered(m.Configure) == 1 and keep.options is first
    keep.note(m.Settled(1, 1, 0))
    assert keep.options is second
    assert [type(c) for c in keep.commands()] == [m.Configure, m.Audio]


def test_a_refused_configure_changes_nothing() -> None:
    from_start = Options(language="en")
    keep = Keep(from_start)
    keep.add(m.Configure(Options(language="xx")))
    keep.note(m.Failed(None, Unsupported("no")))
    keep.note(m.Settled(0, 1, 0))
    assert keep.options is from_start and len(keep) == 0


def test_one_answer_forgets_one_mark() -> None:
    keep = Keep(Options())
    for _ in range(2):
        keep.add(m.Mark(7))
    keep.note(m.Marked(7))
    assert list(keep.commands()) == [m.Mark(7)] and keep.waiting == 1


def test_crumbs_of_audio_are_kept_together() -> None:
    keep = Keep(Options())
    for i in range(10_000):
        keep.add(m.Audio(np.full(1, i, np.float32)))
    keep.add(m.Commit())
    keep.add(m.Audio(np.zeros(1, np.float32)))
    assert len(keep) < 20 and keep.position == 10_001 and keep.waiting == 1
    keep.note(m.Settled(5000, 0, 0))
    rest = [x.samples for x in keep.commands() if isinstance(x, m.Audio)]
    assert np.concatenate(rest)[:5000].tolist() == [float(i) for i in range(5000, 10_000)]
