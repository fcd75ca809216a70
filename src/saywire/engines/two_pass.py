"""One engine for what is shown while somebody speaks, another for what is kept.

The first hears everything at once and is fast; the second has the last word and may take its time. Nothing
is stable before the final, since the second may say something else; the final is the second's alone, so what
the first did not get to decode, or failed at, changes nothing. A step is
the first's while it has any, then the second's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..errors import EngineFailed, OutOfOrder
from ..types import Hypothesis, Options, Samples
from . import Entry
from .base import Engine, EngineInfo, Stream
from .demands import check_demands, find_common
from .fallback import FAILURES, Fallback
from .windowed import Windowed


class TwoPassStream:
    def __init__(self, draft: Stream, fair: Stream) -> None:
        self.draft = draft
        self.fair = fair
        self._finished = False
        self._muted = False

    @property
    def drafting(self) -> bool:
        """Whether the first engine has something to do that anybody would see."""
        return not self._finished and not self._muted and self.draft.ready

    def mute(self) -> None:
        """The first engine failed: no more partials before ``reset``."""
        self._muted = True

    @property
    def ready(self) -> bool:
        return self.drafting or self.fair.ready

    @property
    def hypothesis(self) -> Hypothesis:
        if self._finished and not self.fair.ready:
            return self.fair.hypothesis
        return replace(self.draft.hypothesis, stable=0)

    @property
    def context(self) -> str:
        return self.fair.context

    def accept(self, samples: Samples) -> None:
        self.fair.accept(samples)
        self.draft.accept(samples)

    def finish(self) -> None:
        self.fair.finish()
        self._finished = True

    def reset(self) -> None:
        self.draft.reset()
        self.fair.reset()
        self._finished = self._muted = False


class TwoPass:
    """``draft`` gives partials, ``fair`` finals, at the same sample rate. Closes both."""

    def __init__(self, name: str, draft: Engine, fair: Engine) -> None:
        one, other = draft.info, fair.info
        if one.sample_rate != other.sample_rate:
            raise EngineFailed(
                f"'{one.name}' hears {one.sample_rate} Hz and '{other.name}' {other.sample_rate} Hz;"
                " two passes need two engines of one rate"
            )
        self._draft = draft
        self._fair = fair
        self._info = replace(
            other,
            name=name,
            languages=find_common(one.languages, other.languages),
            stability="none",
            partials=one.partials,
            grammar=False,
            translates=one.translates and other.translates,
            max_batch=min(one.max_batch, other.max_batch),
            max_streams=min((n for n in (one.max_streams, other.max_streams) if n), default=None),
            long_steps=one.long_steps or other.long_steps,
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self._info, options)
        return TwoPassStream(self._draft.open(options), self._fair.open(options, context))

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, TwoPassStream) and stream.ready]
        most = self._info.max_batch
        if len(batch) != len(streams) or not 1 <= len(batch) <= most:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {most}, all ready"
            )
        drafting = [stream for stream in batch if stream.drafting]
        fairs = [stream.fair for stream in batch if not stream.drafting]
        if fairs:
            self._fair.decode(fairs)
        if drafting:
            self._decode_drafts(drafting)

    def _decode_drafts(self, streams: Sequence[TwoPassStream]) -> None:
        try:
            self._draft.decode([stream.draft for stream in streams])
        except FAILURES:
            if len(streams) == 1:
                streams[0].mute()
                return
            for stream in streams:  # one by one, so that only the guilty falls silent
                if stream.drafting:
                    self._decode_drafts([stream])

    def close(self) -> None:
        self._draft.close()
        self._fair.close()


def hush(engine: Engine) -> Engine:
    """The engine without partials, where those would cost decoding of their own: nobody sees them."""
    match engine:
        case Windowed():
            return engine.without_partials()
        case Fallback():
            return Fallback(engine.info.name, [hush(each) for each in engine.engines])
        case _:
            return engine


def load(name: str, parts: Sequence[Entry]) -> TwoPass:
    """Of two entries; neither stays open when the other cannot be loaded or does not match it."""
    draft, fair = parts
    return make(name, draft.load, lambda: hush(fair.load()))


def make(name: str, draft: Callable[[], Engine], fair: Callable[[], Engine]) -> TwoPass:
    """Load both; neither stays open when the other cannot be loaded or does not match it."""
    first = draft()
    try:
        second = fair()
        return TwoPass(name, first, second)
    except EngineFailed:
        first.close()
        raise
