"""The PocketSphinx decoder: every call into that library, made so that nothing can leak or kill.

* An utterance depends on its audio, its search and the mean it begins with, and on nothing before: the
  front end, which tracks noise, is begun anew each time, and the mean is set.
* The mean is the mean cepstrum, the level and colour of a voice: 13 numbers, written as the library writes
  them. The decoder subtracts it, and adapts it as it hears (live CMN).
* No text of a client reaches the library's own grammar parser: it opens files on import, and a rule that is
  not defined crashes it.

Source: pocketsphinx 5.1 (cmusphinx/pocketsphinx: src/pocketsphinx.c, src/feat/cmn_live.c), 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from pocketsphinx import Config, Decoder, Segment

from ..errors import BadRequest, EngineFailed, Unsupported
from ..types import RATE, Word
from .automaton import Arc, Automaton

DICTATION = "_default"
"""The search that the decoder makes itself, over its language model."""
LISTENING = "listening"
"""A search that costs next to nothing, for audio of which only the mean is wanted."""
SETTINGS = {"fwdflat": False, "bestpath": True, "maxhmmpf": 5000}
"""Word errors and RTF on ten recordings (105 s), and on synthesised sentences (138 s), 2026-11:

    maxhmmpf 2000      35.4 % .099   24.7 % .101
    maxhmmpf 3000      30.4 % .115   23.1 % .116
    maxhmmpf 5000      27.8 % .139   18.8 % .140
    maxhmmpf 30000     26.6 % .193   18.3 % .171
    3000, no bestpath  37.1 % .106   23.7 % .111
    3000, fwdflat      30.4 % .168   21.0 % .156

fwdflat is a second pass over the utterance when it has ended: the final of 44 s of speech waits 1.7 s."""
CONFINED = {"beam": 1e-40, "pbeam": 1e-40, "wbeam": 1e-20, "wip": 0.01, "silprob": 0.1}
"""Settings of a search held to a grammar. Narrower beams: a vocabulary of 2,000 words costs RTF 0.18 instead
of 0.74 where speech does not fit it, and loses nothing where it does. A new word is dearer and silence
cheaper than in dictation: 11 digits instead of 47 were made up in the gaps of 96 that had been joined."""
FRAME = 0.01
"""Seconds of the decoder's frame."""
CEPSTRA = 13
"""Numbers in a mean."""
NUMBER = re.compile(r"-?\d{1,4}(\.\d{1,12})?(e-\d{1,2})?", re.ASCII)
WINDOW = 500
"""Frames that the mean is worth when it is set (CMN_WIN in the library's cmn.h)."""
FILLERS = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+|\(NULL\)")
"""What the decoder says for silence, breath, noise and an empty arc."""
VARIANT = re.compile(r"\(\d+\)$")
"""The suffix of a further pronunciation of the same word."""
NAMED = 20
"""Missing words that a message names."""


class SphinxDecoder:
    """Loads in about 0.3 s and 95 MB. May be loaded before a fork."""

    def __init__(self) -> None:
        self._decoder = Decoder(samprate=RATE, loglevel="FATAL", **SETTINGS)
        self._decoder.add_jsgf_string(LISTENING, "#JSGF V1.0; grammar listening; public <word> = one;")
        self._made = 0
        self._open = False

    @property
    def prior(self) -> str:
        """The mean that the model expects."""
        return str(self._decoder.config["cmninit"])

    @property
    def mean(self) -> str:
        """Of what was heard, with the mean the utterance began with."""
        return str(self._decoder.get_cmn(True))

    def begin(self, search: str, mean: str) -> None:
        """Start an utterance. Raises EngineFailed."""
        self._decoder.activate_search(search)
        self._decoder.reinit_feat()
        self._decoder.set_cmn(mean)
        with told_as_ours():
            self._decoder.start_utt()
        self._open = True

    def feed(self, audio: bytes) -> None:
        """16 bit samples, not none; words depend on where they are cut. Raises EngineFailed."""
        with told_as_ours():
            self._decoder.process_raw(audio)

    def end(self) -> None:
        """End the utterance; without one, nothing. Raises EngineFailed."""
        if self._open:
            self._open = False
            with told_as_ours():
                self._decoder.end_utt()

    def read_words(self, ended: bool) -> tuple[Word, ...]:
        """Times count from the utterance's start. Probabilities are known once it has ended."""
        segments: Sequence[Segment] = tuple(self._decoder.seg() or ())
        return tuple(to_word(segment, ended) for segment in segments if not FILLERS.fullmatch(segment.word))

    def listen(self, audio: bytes) -> str:
        """The mean of this audio alone. Raises EngineFailed."""
        prior = np.zeros(CEPSTRA)
        given = read_mean(self.prior)
        prior[: len(given)] = given
        self.begin(LISTENING, self.prior)
        self.feed(audio)
        self.end()
        frames = self._decoder.n_frames()
        if not frames:
            return self.prior
        # The library answers with prior and audio mixed by their frames; take the audio's part out. It
        # leaves out frames of digital silence, so the more of them, the nearer this stays to the prior.
        own = prior + (read_mean(self.mean) - prior) * (WINDOW + frames) / frames
        return ",".join(f"{number:.6g}" for number in own)

    def add_search(self, automaton: Automaton) -> str:
        """The name of a new search held to the automaton. Raises Unsupported, naming missing words."""
        self._check_words(automaton)
        name = f"grammar{self._made}"
        try:
            with changed(self._decoder.config, CONFINED):
                grammar = self._decoder.create_fsg(
                    name, 0, automaton.final, [to_transition(arc) for arc in automaton.arcs]
                )
                self._decoder.add_fsg(name, grammar)
        except (RuntimeError, ValueError) as error:
            raise Unsupported(f"the decoder does not take this grammar: {error}", param="grammar") from error
        self._made += 1
        return name

    def drop_search(self, name: str) -> None:
        """Free a search that was added."""
        self._decoder.activate_search(DICTATION)
        self._decoder.remove_search(name)

    def _check_words(self, automaton: Automaton) -> None:
        missing = sorted(word for word in automaton.words if not self._knows(word))
        if missing:
            shown = ", ".join(repr(word) for word in missing[:NAMED])
            more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
            raise Unsupported(f"not in the dictionary of model 'sphinx': {shown}{more}", param="grammar")

    def _knows(self, word: str) -> bool:
        return not FILLERS.fullmatch(word) and self._decoder.lookup_word(word) is not None


def to_word(segment: Segment, ended: bool) -> Word:
    confidence = min(max(segment.prob, 0.0), 1.0) if ended else None
    start, end = segment.start_frame * FRAME, (segment.end_frame + 1) * FRAME
    return Word(VARIANT.sub("", segment.word), start, end, confidence)


def to_transition(arc: Arc) -> tuple[int, int, float] | tuple[int, int, float, str]:
    if arc.word is None:
        return arc.source, arc.target, arc.weight
    return arc.source, arc.target, arc.weight, arc.word


def read_mean(mean: str) -> np.typing.NDArray[np.float64]:
    return np.array([float(number) for number in mean.split(",")])


def check_mean(mean: str) -> None:
    """Raises BadRequest for what no decoder writes as its mean: the library reads anything."""
    numbers = mean.split(",")
    if len(numbers) != CEPSTRA or not all(NUMBER.fullmatch(number) for number in numbers):
        raise BadRequest(f"this is no context of model 'sphinx', which is {CEPSTRA} numbers", param="resume")


@contextmanager
def told_as_ours() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise EngineFailed(f"the decoder failed ({error}); this utterance is lost") from error


@contextmanager
def changed(config: Config, settings: Mapping[str, float]) -> Iterator[None]:
    """A search reads its settings when it is made, and only then."""
    before = {name: config[name] for name in settings}
    try:
        for name, value in settings.items():
            config[name] = value
        yield
    finally:
        for name, value in before.items():
            config[name] = value
