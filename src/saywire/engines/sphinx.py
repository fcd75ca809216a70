"""CMU PocketSphinx 5 with the US English model of its own package: dictation, and speech held to a grammar.

A Decoder costs 95 MB and cannot share its model with another one, so a process has one, and one stream at
a time: a new stream takes it over, and the stream before refuses further use. Load it, then fork: a child
adds about 22 MB. PocketSphinx holds the GIL while it decodes, so a thread of its own would gain nothing;
steps are short instead (100 ms of audio).

The decoder knows the level and colour of a voice as one mean cepstrum, which it adapts as it listens (live
CMN). Nothing else outlives an utterance: the front end is begun anew for each. The mean is the stream's
context. Before a session's first utterance is searched, its mean is taken from a second of its own, where
the voice begins; without that, a voice much louder or softer than the model expects is not understood for
many seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from pocketsphinx import Decoder, Segment

from ..errors import EngineFailed, OutOfOrder, Unsupported
from ..types import RATE, Hypothesis, Options, Samples, Word
from .automaton import Automaton, read_vocabulary
from .base import EngineInfo, Stream
from .demands import check_demands
from .jsgf import read_grammar

STEP = RATE // 10
"""Samples of a decode step. The decoder adapts between blocks, so their size must never vary."""
LISTEN = 10
"""Steps of a session's first utterance that set its mean,"""
LEAD = 3
"""of which so many lie before the first loud one;"""
PATIENCE = 30
"""if none is loud for so long, the model's own mean is used."""
LOUD = 3.0
"""Times the RMS of the quietest step so far (10 dB)."""
QUIET = 10.0
"""RMS in 16 bit units below which steps are equally quiet."""
TAIL = 0.3
FRAME = 0.01
"""Seconds of the decoder's frame."""
WINDOW = 500
"""Frames the decoder's mean is worth when it is set (CMN_WIN in its cmn.h)."""
FILLERS = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+|\(NULL\)")
"""What the decoder says for silence, breath, noise and an empty arc."""
VARIANT = re.compile(r"\(\d+\)$")
"""The suffix of a further pronunciation of the same word."""
DICTATION = "_default"
"""The search that the decoder makes itself, over its language model."""
LISTENING = "listening"
"""A search that costs next to nothing, for audio of which only the mean is wanted."""

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
    def __init__(self, decoder: Decoder, search: str, mean: str) -> None:
        self._decoder: Decoder | None = decoder
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
        return len(self._levels) >= LISTEN and choose_window(self._levels) is not None

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
        decoder = self._own()
        try:
            if not self._started:
                self._start(decoder)
            block = bytes(self._audio[: 2 * STEP])
            del self._audio[: 2 * STEP]
            decoder.process_raw(block)
            if self._finished and not self._audio:
                self._end(decoder)
            self._hypothesis = self._read(decoder)
            if self._ended and self._hypothesis.words:
                self._mean_after = decoder.get_cmn(True)
        except RuntimeError as error:
            raise EngineFailed(f"the decoder failed ({error}); this utterance is lost") from error

    def abandon(self) -> None:
        """Give the decoder up, idle, to another stream."""
        if self._decoder is not None:
            self._stop(self._decoder)
        self._decoder = None

    def _own(self) -> Decoder:
        if self._decoder is None:
            raise OutOfOrder("another stream took the decoder over; this one is closed")
        return self._decoder

    def _measure(self) -> None:
        """Keep the RMS of each step that waits."""
        while (at := len(self._levels)) < min(len(self._audio) // (2 * STEP), PATIENCE):
            block = np.frombuffer(bytes(self._audio[2 * STEP * at : 2 * STEP * (at + 1)]), "<i2")
            self._levels.append(float(np.sqrt(np.mean(block.astype(np.float64) ** 2))))

    def _start(self, decoder: Decoder) -> None:
        begin(decoder, self._search, self._mean or self._listen(decoder))
        self._started = True

    def _listen(self, decoder: Decoder) -> str:
        window = choose_window(self._levels)
        if window is None:
            return listen(decoder, bytes(self._audio))
        if window.stop == window.start:
            return str(decoder.config["cmninit"])
        return listen(decoder, bytes(self._audio[2 * STEP * window.start : 2 * STEP * window.stop]))

    def _end(self, decoder: Decoder) -> None:
        self._started, self._ended = False, True
        decoder.end_utt()

    def _stop(self, decoder: Decoder) -> None:
        if self._started:
            # What the decoder thinks of an utterance that is thrown away does not matter.
            with suppress(RuntimeError):
                decoder.end_utt()
        self._started = False

    def _read(self, decoder: Decoder) -> Hypothesis:
        words = tuple(
            self._to_word(segment) for segment in decoder.seg() or () if not FILLERS.fullmatch(segment.word)
        )
        text = " ".join(word.text for word in words)
        return Hypothesis(text, len(text) if self._ended else 0, words)

    def _to_word(self, segment: Segment) -> Word:
        last = self._heard / RATE
        start, end = segment.start_frame * FRAME, (segment.end_frame + 1) * FRAME
        # Posteriors come from the lattice, which there is only at the end.
        confidence = min(max(segment.prob, 0.0), 1.0) if self._ended else None
        return Word(VARIANT.sub("", segment.word), min(start, last), min(end, last), confidence)


class SphinxEngine:
    """Loads in about 0.3 s. May be loaded before a fork."""

    info = INFO

    def __init__(self) -> None:
        self._decoder: Decoder | None = Decoder(
            samprate=RATE, loglevel="FATAL", fwdflat=False, maxhmmpf=3000, bestpath=True
        )
        self._decoder.add_jsgf_string(LISTENING, "#JSGF V1.0; grammar listening; public <word> = one;")
        self._stream: SphinxStream | None = None
        self._grammars = 0

    def open(self, options: Options, context: str = "") -> Stream:
        """Takes the decoder from the stream before, unless the options are refused."""
        decoder = self._own()
        check_demands(self.info, options)
        search = self._prepare(decoder, options)
        if self._stream is not None:
            self._stream.abandon()
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

    def _own(self) -> Decoder:
        if self._decoder is None:
            raise OutOfOrder("the engine is closed")
        return self._decoder

    def _prepare(self, decoder: Decoder, options: Options) -> str:
        """The name of the search for these options, made where it does not exist yet."""
        if options.grammar:
            automaton = read_grammar(options.grammar)
        elif options.vocabulary:
            automaton = read_vocabulary(options.vocabulary)
        else:
            return DICTATION
        check_words(decoder, automaton)
        return self._add_search(decoder, automaton)

    def _add_search(self, decoder: Decoder, automaton: Automaton) -> str:
        name = f"grammar{self._grammars}"
        arcs = [
            (arc.source, arc.target, arc.weight, *([arc.word] if arc.word else ())) for arc in automaton.arcs
        ]
        try:
            decoder.add_fsg(name, decoder.create_fsg(name, 0, automaton.final, arcs))
        except (RuntimeError, ValueError) as error:
            raise Unsupported(f"the decoder does not take this grammar: {error}", param="grammar") from error
        self._grammars += 1
        return name


def load() -> SphinxEngine:
    return SphinxEngine()


def to_pcm16(samples: Samples) -> bytes:
    scaled: bytes = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return scaled


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


def begin(decoder: Decoder, search: str, mean: str) -> None:
    """Start an utterance of which nothing depends on the ones before."""
    decoder.activate_search(search)
    decoder.reinit_feat()
    decoder.set_cmn(mean)
    decoder.start_utt()


def listen(decoder: Decoder, audio: bytes) -> str:
    """The mean cepstrum of audio alone, as the decoder writes it."""
    prior = decoder.config["cmninit"]
    begin(decoder, LISTENING, prior)
    decoder.process_raw(audio)
    decoder.end_utt()
    frames = decoder.n_frames()
    if not frames:
        return str(prior)
    # The decoder answers with the prior and the audio mixed by their frames; take the audio's part out.
    before = np.zeros(13)
    given = np.array([float(number) for number in prior.split(",")])
    before[: len(given)] = given
    mixed = np.array([float(number) for number in decoder.get_cmn(True).split(",")])
    own = before + (mixed - before) * (WINDOW + frames) / frames
    return ",".join(f"{number:.6g}" for number in own)


def check_words(decoder: Decoder, automaton: Automaton) -> None:
    """Raises Unsupported, naming the words that the dictionary lacks."""
    missing = sorted(
        word for word in automaton.words if FILLERS.fullmatch(word) or decoder.lookup_word(word) is None
    )
    if missing:
        shown = ", ".join(repr(word) for word in missing[:20])
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
        raise Unsupported(f"not in the dictionary of model 'sphinx': {shown}{more}", param="grammar")
