"""Streaming changes no word: finals are what the engine, and the library under it, say of the same audio.

The bare library gets each utterance in one piece where it may (sherpa-onnx), or in the blocks that its
results depend on (PocketSphinx).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from pocketsphinx import Decoder

from core.drive import cut
from engines.contract import decode_all
from engines.recordings import read
from laws.speech import load_sphinx, load_tiny, silence
from laws.test_real_engines import Real
from saywire import messages as m
from saywire.audio.pcm import to_pcm16
from saywire.client.samples import find_sample
from saywire.engines.base import Engine
from saywire.engines.folder import read_metadata
from saywire.engines.hotwords import make_speller
from saywire.engines.sherpa import TINY, Loader
from saywire.engines.spelling import Spelling, list_beginnings, spell
from saywire.engines.sphinx import STEP, TAIL
from saywire.engines.sphinx_decoder import SETTINGS
from saywire.types import RATE, Options, Samples

WORDS = ("please-play-five", "computer-stop", "three-one-eight", "four-down")


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    load: Callable[[], Engine]
    options: Options
    recordings: tuple[str, ...]
    sample: str
    """Of the product."""

    @property
    def audio(self) -> Samples:
        parts = [find_sample(self.sample).read(), *map(read, self.recordings)]
        return np.concatenate([part for one in parts for part in (one, silence(1.0))])


CASES = (
    Case("tiny, any language", load_tiny, Options(), (*WORDS, "da-kai-deng", "san-qi-ling"), "commands"),
    Case("tiny, English", load_tiny, Options(language="en"), WORDS, "commands"),
    Case("tiny, hot words", load_tiny, Options(hotwords=("stop", "three one")), WORDS, "commands"),
    Case("sphinx", load_sphinx, Options(language="en"), ("sphinx_time", "sphinx_digits"), "dictation"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    samples: Samples
    text: str
    context: str
    """Of the engine, before it."""


def speak(case: Case) -> Iterator[Spoken]:
    """What a session says of the case's audio, in frames of 20 ms."""
    drive = Real(case.load(), case.options)
    drive.give(*cut(case.audio, RATE // 50), m.Finish())
    starts = {event.utterance: event.at for event in drive.events if isinstance(event, m.SpeechStarted)}
    ends = {event.utterance: event.at for event in drive.events if isinstance(event, m.SpeechStopped)}
    context = ""
    for event in drive.events:
        if isinstance(event, m.Settled):
            context = event.context
        elif isinstance(event, m.Final):
            start, end = (round(times[event.utterance] * RATE) for times in (starts, ends))
            yield Spoken(case.audio[start:end], event.text, context)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture(scope="module")
def spoken(case: Case) -> list[Spoken]:
    said = list(speak(case))
    assert len(said) > 2 and all(one.text for one in said)
    return said


def test_finals_are_what_the_engine_says_of_the_utterance_in_one_piece(
    case: Case, spoken: list[Spoken]
) -> None:
    engine = case.load()
    for one in spoken:
        stream = engine.open(case.options, one.context)
        stream.accept(one.samples)
        stream.finish()
        assert decode_all(engine, stream).text == one.text


def test_finals_are_what_the_bare_library_says(case: Case, spoken: list[Spoken]) -> None:
    hear = hear_by_sphinx if case.name == "sphinx" else hear_by_sherpa
    # Of a session's first utterance sphinx.py chooses the mean itself.
    spoken = [one for one in spoken if one.context or case.name != "sphinx"]
    assert spoken
    for one in spoken:
        assert hear(case.options, one) == one.text


def hear_by_sherpa(options: Options, spoken: Spoken) -> str:
    """With a second of silence behind, which is more than any step wants; its tokens spelled as ours are."""
    metadata = read_metadata(TINY)
    speller = make_speller(TINY, metadata.tokens)
    handle = Loader(TINY, metadata, speller, {}).load(options.language, bool(options.hotwords)).handle
    written, _ = speller.write(options.hotwords)
    stream = handle.create_stream(written) if written else handle.create_stream()
    stream.accept_waveform(RATE, np.concatenate([spoken.samples, silence(1.0)]).tolist())
    stream.input_finished()
    while handle.is_ready(stream):
        handle.decode_stream(stream)
    tokens = handle.get_result_all(stream).tokens
    words = [word for words in metadata.vocabulary.values() for word in words if word.isascii()]
    spelling = Spelling(0.0, 0.0, options.language, list_beginnings(words))
    return spell(tokens, [0.0] * len(tokens), (), 0.0, True, spelling)[0]


def hear_by_sphinx(options: Options, spoken: Spoken) -> str:
    decoder = Decoder(samprate=RATE, loglevel="FATAL", **SETTINGS)
    decoder.set_cmn(spoken.context)
    decoder.start_utt()
    audio = to_pcm16(np.concatenate([spoken.samples, silence(TAIL)]))
    for at in range(0, len(audio), 2 * STEP):
        decoder.process_raw(audio[at : at + 2 * STEP])
    decoder.end_utt()
    return str(decoder.hyp().hypstr)
