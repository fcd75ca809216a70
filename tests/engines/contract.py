"""What every engine must do. Subclass ``EngineContract``, give ``make`` and ``speech``, inherit the tests.

``make`` loads the engine (once for the class); ``speech`` returns at least two recordings at the
engine's rate whose text it gets right. Nothing here is about how well an engine hears.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from saywire.engines.base import Engine, Stream
from saywire.errors import BadRequest, Unsupported
from saywire.types import Hypothesis, Options, Samples

STEPS = 20_000
"""More decode steps than any recording here can need."""

STRANGE = ("x", "-1", ",".join(["nan"] * 13), ",".join(["1e300"] * 13), "1," * 2000, "\0", "\u0663", " 1")
"""Contexts that no engine gives."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    samples: Samples
    text: str


Told = tuple[str, tuple[tuple[str, float, float], ...]]


def tell(hypothesis: Hypothesis) -> Told:
    """What must be equal wherever two hearings must be equal."""
    return hypothesis.text, tuple((word.text, word.start, word.end) for word in hypothesis.words)


def decode_all(engine: Engine, stream: Stream) -> Hypothesis:
    for _ in range(STEPS):
        if not stream.ready:
            return stream.hypothesis
        engine.decode([stream])
    raise AssertionError(f"still ready after {STEPS} steps")


def cut(samples: Samples, sizes: Iterator[int]) -> Iterator[Samples]:
    at = 0
    while at < len(samples):
        size = next(sizes)
        yield samples[at : at + size]
        at += size


def cuts(size: int | str) -> Iterator[int]:
    """Sizes without end: all the same, or drawn from a seed, empty chunks among them."""
    if isinstance(size, int):
        while True:
            yield size
    draw = random.Random(size)
    while True:
        yield draw.choice((0, 1, 37, 320, 1600, 5000)) if draw.random() < 0.5 else draw.randrange(4000)


def hear(engine: Engine, stream: Stream, samples: Samples, size: int | str = 1600) -> Hypothesis:
    """One utterance in chunks, decoded as it comes; leaves the stream finished."""
    for chunk in cut(samples, cuts(size)):
        stream.accept(chunk)
        decode_all(engine, stream)
    stream.finish()
    return decode_all(engine, stream)


class EngineContract:
    excerpt = 0.5
    """Seconds of speech that are fed sample by sample."""

    def make(self) -> Engine:
        raise NotImplementedError

    def speech(self) -> Sequence[Speech]:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[Engine]:
        engine = cls().make()
        yield engine
        engine.close()

    @pytest.fixture(scope="class")
    @classmethod
    def samples(cls) -> Samples:
        return cls().speech()[0].samples

    @pytest.fixture(scope="class")
    @classmethod
    def others(cls) -> Samples:
        return cls().speech()[1].samples

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, engine: Engine, samples: Samples) -> Told:
        """The first recording, heard in one piece by a new stream."""
        return tell(hear(engine, engine.open(Options()), samples, len(samples)))

    def test_it_gets_its_recordings_right(self, engine: Engine) -> None:
        for speech in self.speech():
            stream = engine.open(Options())
            assert speech.text
            assert hear(engine, stream, speech.samples).text == speech.text

    @pytest.mark.parametrize("size", [7, 160, 999, 1600, "one seed", "another seed"])
    def test_words_and_times_do_not_depend_on_how_audio_was_cut(
        self, engine: Engine, samples: Samples, whole: Told, size: int | str
    ) -> None:
        assert tell(hear(engine, engine.open(Options()), samples, size)) == whole

    def test_an_excerpt_heard_sample_by_sample_is_the_same(self, engine: Engine, samples: Samples) -> None:
        part = samples[: int(self.excerpt * engine.info.sample_rate)]
        one = tell(hear(engine, engine.open(Options()), part, 1))
        assert one == tell(hear(engine, engine.open(Options()), part, len(part)))

    def test_words_do_not_depend_on_when_they_are_decoded(
        self, engine: Engine, samples: Samples, whole: Told
    ) -> None:
        stream = engine.open(Options())
        for chunk in cut(samples, cuts(999)):
            stream.accept(chunk)
        stream.finish()
        assert tell(decode_all(engine, stream)) == whole

    def test_a_new_stream_has_nothing_to_say_or_do(self, engine: Engine) -> None:
        stream = engine.open(Options())
        assert not stream.ready
        assert tell(stream.hypothesis) == ("", ())

    @pytest.mark.parametrize("level", [0.0, 0.0003])
    def test_silence_and_low_noise_have_no_text(self, engine: Engine, level: float) -> None:
        noise = np.random.default_rng(1).standard_normal(2 * engine.info.sample_rate) * level
        assert tell(hear(engine, engine.open(Options()), noise.astype(np.float32))) == ("", ())

    def test_finish_without_audio_is_an_empty_utterance(self, engine: Engine) -> None:
        stream = engine.open(Options())
        stream.finish()
        assert tell(decode_all(engine, stream)) == ("", ())

    def test_empty_audio_is_nothing(self, engine: Engine, samples: Samples, whole: Told) -> None:
        stream = engine.open(Options())
        stream.accept(samples[:0])
        assert not stream.ready
        assert tell(hear(engine, stream, samples)) == whole
        stream.reset()
        stream.accept(samples[:0])
        stream.finish()
        assert tell(decode_all(engine, stream)) == ("", ())

    def test_reset_begins_anew(self, engine: Engine, samples: Samples, others: Samples) -> None:
        stream = engine.open(Options())
        hear(engine, stream, samples)
        stream.reset()
        assert tell(stream.hypothesis) == ("", ())
        assert not stream.ready
        context = stream.context
        second = tell(hear(engine, stream, others))
        assert second == tell(hear(engine, engine.open(Options(), context), others))
        if not engine.info.adapts:
            assert context == ""
            assert second == tell(hear(engine, engine.open(Options()), others))

    @pytest.mark.parametrize("decoded", [False, True])
    def test_an_utterance_that_was_thrown_away_leaves_no_trace(
        self, engine: Engine, samples: Samples, others: Samples, whole: Told, decoded: bool
    ) -> None:
        stream = engine.open(Options())
        context = stream.context
        stream.accept(others[: 3 * len(others) // 4])
        if decoded:
            decode_all(engine, stream)
        stream.reset()
        assert not stream.ready
        assert tell(stream.hypothesis) == ("", ())
        assert stream.context == context
        assert tell(hear(engine, stream, samples)) == whole

    def test_reset_in_the_midst_of_the_last_steps_leaves_no_trace(
        self, engine: Engine, samples: Samples, others: Samples, whole: Told
    ) -> None:
        stream = engine.open(Options())
        stream.accept(others)
        stream.finish()
        if stream.ready:
            engine.decode([stream])
        ended = not stream.ready
        stream.reset()
        if not ended or not engine.info.adapts:
            assert tell(hear(engine, stream, samples)) == whole

    def test_a_stream_opened_with_the_context_of_another_goes_on_like_it(
        self, engine: Engine, samples: Samples, others: Samples
    ) -> None:
        old = engine.open(Options())
        hear(engine, old, samples)
        context = old.context
        assert len(context.encode()) <= 4096
        old.reset()
        assert old.context == context
        second = tell(hear(engine, old, others))
        old.reset()
        later = old.context
        third = tell(hear(engine, old, samples))
        new = engine.open(Options(), context=context)
        assert tell(hear(engine, new, others)) == second
        new.reset()
        assert tell(hear(engine, new, samples)) == third
        assert tell(hear(engine, engine.open(Options(), context=later), samples)) == third

    def test_what_is_no_context_of_its_own_is_refused_or_not_looked_at(
        self, engine: Engine, samples: Samples, whole: Told
    ) -> None:
        for context in STRANGE if engine.info.adapts else STRANGE[:1]:
            if engine.info.adapts:
                with pytest.raises(BadRequest):
                    engine.open(Options(), context)
            else:
                assert tell(hear(engine, engine.open(Options(), context), samples)) == whole

    def test_sessions_leave_nothing_behind_for_the_next(
        self, engine: Engine, samples: Samples, others: Samples, whole: Told
    ) -> None:
        hear(engine, engine.open(Options()), others)
        engine.open(Options()).accept(others)
        assert tell(hear(engine, engine.open(Options()), samples)) == whole

    def test_stable_text_never_changes(self, engine: Engine, samples: Samples) -> None:
        stream = engine.open(Options())
        held = ""
        for chunk in cut(samples, cuts(800)):
            stream.accept(chunk)
            held = self._follow(engine, stream, held)
            if engine.info.stability == "none":
                assert held == ""
        stream.finish()
        assert self._follow(engine, stream, held) == stream.hypothesis.text

    def _follow(self, engine: Engine, stream: Stream, held: str) -> str:
        """Decode what there is; return the stable text at its end."""
        while True:
            now = stream.hypothesis
            assert 0 <= now.stable <= len(now.text)
            assert now.text[: now.stable].startswith(held)
            held = now.text[: now.stable]
            if not stream.ready:
                return held
            engine.decode([stream])

    def test_partials_come_before_the_end_where_it_says_so(self, engine: Engine, samples: Samples) -> None:
        stream = engine.open(Options())
        seen = set()
        for chunk in cut(samples, cuts(1600)):
            stream.accept(chunk)
            seen.add(decode_all(engine, stream).text)
        assert bool(seen - {""}) == engine.info.partials

    def test_streams_do_not_mix_in_a_batch(self, engine: Engine, samples: Samples, others: Samples) -> None:
        info = engine.info
        count = min(info.max_batch, info.max_streams or info.max_batch)
        if count == 1:
            pytest.skip("this engine decodes one stream at a time")
        silence = np.zeros(len(samples) // 2, np.float32)
        audio = [(samples, others, silence, samples[len(samples) // 3 :])[n % 4] for n in range(count)]
        alone = [tell(hear(engine, engine.open(Options()), one)) for one in audio]
        streams = [engine.open(Options()) for _ in audio]
        for stream, one in zip(streams, audio, strict=True):
            stream.accept(one)
            stream.finish()
        for _ in range(STEPS):
            if not (batch := [stream for stream in streams if stream.ready]):
                break
            engine.decode(batch)
        assert [tell(stream.hypothesis) for stream in streams] == alone

    def test_word_times_are_ordered_and_inside_the_audio(self, engine: Engine) -> None:
        if not engine.info.words:
            pytest.skip("this engine gives no word times")
        for speech in self.speech():
            words = hear(engine, engine.open(Options()), speech.samples).words
            assert words
            assert all(0 <= word.start <= word.end for word in words)
            assert all(left.end <= right.start + 1e-6 for left, right in pairwise(words))
            assert words[-1].end <= len(speech.samples) / engine.info.sample_rate
            if engine.info.confidence:
                assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in words)

    def test_the_last_word_is_kept_when_the_audio_stops_with_it(
        self, engine: Engine, samples: Samples, whole: Told
    ) -> None:
        text, words = whole
        if not words:
            pytest.skip("this engine gives no word times")
        end = round(words[-1][2] * engine.info.sample_rate)
        assert hear(engine, engine.open(Options()), samples[:end]).text == text

    def test_a_language_it_lacks_is_refused_by_name(self, engine: Engine) -> None:
        if not engine.info.languages:
            pytest.skip("this engine takes any language")
        for language in engine.info.languages:
            engine.open(Options(language=language))
        with pytest.raises(Unsupported) as caught:
            engine.open(Options(language="xx"))
        assert caught.value.param == "language"
        for language in ("xx", *engine.info.languages):
            assert language in caught.value.message

    def test_a_grammar_is_obeyed_or_refused(self, engine: Engine) -> None:
        if engine.info.grammar:
            pytest.skip("this engine has grammars; its own tests hold them")
        for options in (
            Options(grammar="#JSGF V1.0; grammar g; public <g> = one;"),
            Options(vocabulary=("one",)),
        ):
            with pytest.raises(Unsupported):
                engine.open(options)

    def test_preferences_never_refuse_a_session(self, engine: Engine, samples: Samples) -> None:
        options = replace(
            Options(), prompt="a short talk", hotwords=("one",) if engine.info.hotwords else ("Ünïcödé",)
        )
        assert isinstance(hear(engine, engine.open(options), samples).text, str)

    def test_close_is_idempotent(self) -> None:
        engine = self.make()
        engine.close()
        engine.close()
