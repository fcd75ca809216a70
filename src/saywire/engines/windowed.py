"""Any recogniser of whole recordings as a streaming engine: growing windows, agreement, exact finals.

Audio since ``reset`` lies in a window that begins where the last settled piece ended. It is decoded at
positions that are counted from ``reset``, so that cuts do not matter, in steps of four kinds:

* refresh: every ``step`` seconds, for the partial. Optional: only the newest is ever due, and nothing but the
  partial comes of it, so that a machine with too much to do leaves refreshes out and says the same finals.
* anchor: every ``agree``-th such position, always. Stable text comes of anchors alone (``agreement.py``),
  and a window that has become long is trimmed at a word that anchors agreed on.
* brim: the window is full and could not be trimmed. It is cut at its quietest moment behind the stable text,
  to which its last fifth adds nothing, and the piece before is decoded for good.
* final: at ``finish``, whatever the window still holds.

So what is stable and final is a function of the audio, as long as nothing fails; where a refresh or an anchor
fails, it is left out, and the final may be well. Silence is never decoded, and what comes back goes
through ``guards.py``. A recogniser that ``follows`` a prefix is rolled back instead of agreed with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import EngineFailed, OutOfOrder, PartialLost
from ..types import Options
from .base import EngineInfo, Stream
from .demands import check_demands
from .guards import sift
from .recognizer import Recognizer
from .windowed_stream import Due, Pace, WindowedStream

__all__ = ["Pace", "Windowed"]


class Windowed:
    """An engine of a recogniser, which it closes."""

    def __init__(self, recognizer: Recognizer, pace: Pace | None = None) -> None:
        self._recognizer = recognizer
        self._pace = pace or Pace()

    @property
    def info(self) -> EngineInfo:
        return replace(
            self._recognizer.info,
            stability="agreement" if self._pace.agrees else "none",
            partials=self._pace.step > 0,
            long_steps=True,
        )

    def without_partials(self) -> Windowed:
        """The same, decoding nothing before the end but what no window holds."""
        return Windowed(self._recognizer, replace(self._pace, step=0))

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self.info, options)
        return WindowedStream(self._recognizer, self._pace, options)

    def decode(self, streams: Sequence[Stream]) -> None:
        most = self._recognizer.info.max_batch
        batch = [s for s in streams if isinstance(s, WindowedStream) and s.ready]
        if len(batch) != len(streams) or not 1 <= len(batch) <= most:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {most}, all ready"
            )
        wanted: list[tuple[WindowedStream, Due]] = []
        for stream in batch:
            due = stream.due
            assert due is not None
            if stream.needs(due):
                wanted.append((stream, due))
            else:
                stream.skip(due)
        if wanted:
            self._recognize(wanted)

    def close(self) -> None:
        self._recognizer.close()

    def _recognize(self, wanted: Sequence[tuple[WindowedStream, Due]]) -> None:
        windows = [stream.frame(due) for stream, due in wanted]
        try:
            found = self._recognizer.recognize(windows)
        except EngineFailed as error:
            ((stream, due), *others) = wanted
            if others or not due.shows:  # of several, whoever decodes tries each alone
                raise
            stream.miss(due)
            raise PartialLost(error.message, code=error.code) from error
        if len(found) != len(windows):
            name = self._recognizer.info.name
            raise EngineFailed(f"recogniser '{name}' gave {len(found)} answers to {len(windows)} windows")
        for (stream, due), window, recognition in zip(wanted, windows, found, strict=True):
            invents = self._recognizer.invents
            stream.take(due, sift(recognition, window) if invents else recognition)
