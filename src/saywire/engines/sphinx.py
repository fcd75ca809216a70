"""CMU PocketSphinx 5 with the US English model of its own package: dictation, and speech held to a grammar.

A decoder cannot share its 95 MB with another one, so a process has one, and one stream at a time: a new
stream takes it over, and the stream before refuses further use. Load it, then fork: a child adds about
30 MB. PocketSphinx holds the GIL while it decodes, so a thread of its own would gain nothing; steps are
short instead (100 ms of audio).

The mean cepstrum of a voice is all that outlives an utterance, and so it is the stream's context. Before a
session's first utterance is searched, its mean is taken from a second of its own, where the voice begins;
without that, a voice much louder or softer than the model expects is not understood for many seconds (word
errors on ten English recordings: 40.5 % without, 29.1 % with it). An utterance without words, or one that
was thrown away, teaches nothing.

No text is stable before the final: the last pass over the lattice may change any word, and freezing words
that several hypotheses agreed on made the finals worse at every setting (30.4 % to 32.5-42.6 %).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from ..audio.pcm import to_pcm16
from ..errors import EngineFailed, OutOfOrder
from ..types import RATE, Hypothesis, Options, Samples
from .automaton import read_vocabulary
from .base import EngineInfo, Stream
from .demands import check_demands
from .jsgf import read_grammar
from .sphinx_decoder import DICTATION, SphinxDecoder, check_mean

STEP = RATE // 10
"""Samples of a decode step. The decoder adapts between blocks, so their size must never vary."""
LISTEN = 10
"""Steps of a session's first utterance that set its mean,"""
LEAD = 3
"""of which so many lie before the first loud one;"""
PATIENCE = 60
"""if none is loud for so long, the model's own mean is used."""
LOUD = 3.0
"""Times the RMS of the quietest step so far (10 dB)."""
QUIET = 10.0
"""RMS in 16 bit units below which steps are equally quiet."""
TAIL = 0.1
"""Of digital silence. Recordings cut where their last word ends, against the same with what followed: with
0.1 s no word was lost and 35 of 36 synthesised, 17 of 23 human last words were the same; 0.2 s gained
nothing, nothing at all lost 2 and 3 more."""

INFO = EngineInfo(
    "sphinx",
    languages=("en",),
    stability="none",
    words=True,
    confidence=True,
    grammar=True,
    max_streams=1,
    adapts=True,
    tail=TAIL,
)


class SphinxStream:
    def __init__(self, decoder: SphinxDecoder, search: str, mean: str) -> None:
        self._decoder: SphinxDecoder | None = decoder
        self._search = search
        self._mean = mean
        self._mean_after = mean
        self._audio = bytearray()
        self._levels: list[float] = []
        self._heard = 0
        self._hypothesis = Hypothesis()
        self._started = self._finished = self._ended = False

    @property
    def ready(self) -> bool:
        if self._finished:
            return not self._ended
        if self._started or self._mean:
            return len(self._audio) >= 2 * STEP
        return choose_window(self._levels) is not None

    @property
    def hypothesis(self) -> Hypothesis:
        return self._hypothesis

    @property
    def context(self) -> str:
        return self._mean_after

    def accept(self, samples: Samples) -> None:
        self._own()
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        self._heard += len(samples)
        self._audio += to_pcm16(samples)
        if not (self._started or self._mean):
            self._measure()

    def finish(self) -> None:
        self._own()
        self._finished = True
        if self._heard:
            self._audio += bytes(2 * round(TAIL * RATE))
        else:
            self._ended = True

    def reset(self) -> None:
        self._stop(self._own())
        self._mean = self._mean_after
        self._audio.clear()
        self._levels.clear()
        self._heard = 0
        self._hypothesis = Hypothesis()
        self._finished = self._ended = False

    def step(self) -> None:
        """Decode 100 ms, or what is left after ``finish``."""
        decoder = self._own()
        if not self._started:
            decoder.begin(self._search, self._mean or self._listen(decoder))
            self._started = True
        block = bytes(self._audio[: 2 * STEP])
        del self._audio[: 2 * STEP]
        decoder.feed(block)
        if self._finished and not self._audio:
            self._ended = True
            decoder.end()
        self._hypothesis = self._read(decoder)
        if self._ended and self._hypothesis.words:
            self._mean_after = decoder.mean

    def abandon(self) -> None:
        """Give the decoder up, idle, to another stream."""
        if self._decoder is not None:
            self._stop(self._decoder)
        self._decoder = None

    def _own(self) -> SphinxDecoder:
        if self._decoder is None:
            raise OutOfOrder("another stream took the decoder over; this one is closed")
        return self._decoder

    def _measure(self) -> None:
        """Keep the RMS of each step that waits."""
        while (at := len(self._levels)) < min(len(self._audio) // (2 * STEP), PATIENCE):
            block = np.frombuffer(bytes(self._audio[2 * STEP * at : 2 * STEP * (at + 1)]), "<i2")
            self._levels.append(float(np.sqrt(np.mean(block.astype(np.float64) ** 2))))

    def _listen(self, decoder: SphinxDecoder) -> str:
        window = choose_window(self._levels)
        if window is None:
            return decoder.listen(bytes(self._audio[: 2 * self._heard]))
        if not window:
            return decoder.prior
        return decoder.listen(bytes(self._audio[2 * STEP * window.start : 2 * STEP * window.stop]))

    def _stop(self, decoder: SphinxDecoder) -> None:
        # What the decoder thinks of an utterance that is thrown away does not matter.
        with suppress(EngineFailed):
            decoder.end()
        self._started = False

    def _read(self, decoder: SphinxDecoder) -> Hypothesis:
        last = self._heard / RATE
        words = tuple(
            replace(word, start=min(word.start, last), end=min(word.end, last))
            for word in decoder.read_words(self._ended)
        )
        text = " ".join(word.text for word in words)
        return Hypothesis(text, len(text) if self._ended else 0, words)


class SphinxEngine:
    info = INFO

    def __init__(self) -> None:
        self._decoder: SphinxDecoder | None = SphinxDecoder()
        self._stream: SphinxStream | None = None
        self._search = DICTATION

    def open(self, options: Options, context: str = "") -> Stream:
        """Takes the decoder from the stream before, unless the options are refused."""
        decoder = self._own()
        check_demands(self.info, options)
        if context:
            check_mean(context)
        search = prepare_search(decoder, options)
        if self._stream is not None:
            self._stream.abandon()
        if self._search != DICTATION:
            decoder.drop_search(self._search)
        self._search = search
        self._stream = SphinxStream(decoder, search, context)
        return self._stream

    def decode(self, streams: Sequence[Stream]) -> None:
        stream = self._stream
        if stream is None or [*streams] != [stream] or not stream.ready:
            raise OutOfOrder("decode takes the one stream that was opened last, when it is ready")
        stream.step()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.abandon()
        self._stream = self._decoder = None

    def _own(self) -> SphinxDecoder:
        if self._decoder is None:
            raise OutOfOrder("the engine is closed")
        return self._decoder


def load() -> SphinxEngine:
    return SphinxEngine()


def prepare_search(decoder: SphinxDecoder, options: Options) -> str:
    """The name of the search for these options. Raises Unsupported."""
    if options.grammar:
        return decoder.add_search(read_grammar(options.grammar))
    if options.vocabulary:
        return decoder.add_search(read_vocabulary(options.vocabulary))
    return DICTATION


def choose_window(levels: Sequence[float]) -> range | None:
    """Of the steps heard so far, those to take the mean from; None: not decided yet; empty: none is good.

    The answer for some steps stays the same when more are heard.
    """
    for count in range(LISTEN, len(levels) + 1):
        floor = LOUD * max(min(levels[:count]), QUIET)
        loud = next((at for at in range(count) if levels[at] > floor), PATIENCE)
        first = max(loud - LEAD, 0)
        if first + LISTEN <= count:
            return range(first, first + LISTEN)
    return range(0) if len(levels) >= PATIENCE else None
