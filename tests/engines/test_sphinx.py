import gc
import os
import wave
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, decode_all, hear, tell
from saywire.engines.base import Stream
from saywire.engines.sphinx import LISTEN, STEP, SphinxEngine, choose_window, load
from saywire.errors import OutOfOrder, Unsupported
from saywire.types import RATE, Options, Samples

DATA = Path(__file__).parents[1] / "data"
CLIPS = Path(__file__).parents[3] / "shared" / "clips"
DIGITS = ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS_GRAMMAR = f"#JSGF V1.0; grammar digits; public <digits> = ({' | '.join(DIGITS)})+;"


def read_wav(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


TIME = read_wav(DATA / "sphinx_time.wav")
WINDOW = read_wav(DATA / "sphinx_window.wav")
SPOKEN = read_wav(DATA / "sphinx_digits.wav")


@pytest.fixture(scope="module")
def engine() -> SphinxEngine:
    return load()


class TestDictation(EngineContract):
    def make(self) -> SphinxEngine:
        return load()

    def speech(self) -> Sequence[Speech]:
        return (
            Speech(WINDOW, "open the window"),
            Speech(TIME, "what time is it"),
        )


@pytest.mark.parametrize("options", [Options(grammar=DIGITS_GRAMMAR), Options(vocabulary=DIGITS)])
def test_speech_is_held_to_a_grammar_or_vocabulary(engine: SphinxEngine, options: Options) -> None:
    heard = hear(engine, engine.open(options), SPOKEN)
    assert heard.text == "seven three eight five six"
    assert all((word.confidence or 0) > 0.5 for word in heard.words)
    unlike = hear(engine, engine.open(options), WINDOW).text
    assert set(unlike.split()) <= set(DIGITS)


def test_words_of_a_grammar_do_not_depend_on_how_audio_was_cut(engine: SphinxEngine) -> None:
    options = Options(grammar=DIGITS_GRAMMAR)
    whole = tell(hear(engine, engine.open(options), SPOKEN, len(SPOKEN)))
    for size in (160, 999, "a seed"):
        assert tell(hear(engine, engine.open(options), SPOKEN, size)) == whole


def test_an_utterance_in_which_the_decoder_adapts_does_not_depend_on_how_it_was_cut(
    engine: SphinxEngine,
) -> None:
    gains = (0.05, 1.0, 0.2, 0.6)
    long = np.concatenate([x * np.float32(g) for x, g in zip((TIME, WINDOW) * 2, gains, strict=True)])
    assert len(long) > 6 * RATE
    whole = tell(hear(engine, engine.open(Options()), long, len(long)))
    for size in (160, 5000, "a seed"):
        assert tell(hear(engine, engine.open(Options()), long, size)) == whole


def test_phrases_of_a_vocabulary_stay_whole(engine: SphinxEngine) -> None:
    options = Options(vocabulary=("Seven Three", "eight five six", "nine"))
    assert hear(engine, engine.open(options), SPOKEN).text == "seven three eight five six"


def test_a_grammar_that_speech_does_not_reach_the_end_of_has_no_text(engine: SphinxEngine) -> None:
    only = "#JSGF V1.0; public <only> = seven three eight five six " + "nine " * 30 + ";"
    assert hear(engine, engine.open(Options(grammar=only)), SPOKEN).text == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(vocabulary=("one", "Zzyzx", "qwrt")), "'qwrt', 'zzyzx'"),
        (Options(grammar='#JSGF V1.0; public <a> = one | "<sil>" | "[noise]" | zzyzx;'), "'zzyzx'"),
    ],
)
def test_words_outside_the_dictionary_are_named(engine: SphinxEngine, options: Options, words: str) -> None:
    with pytest.raises(Unsupported, match="not in the dictionary") as caught:
        engine.open(options)
    assert words in caught.value.message


def test_refused_options_leave_the_stream_before_in_place(engine: SphinxEngine) -> None:
    stream = engine.open(Options())
    stream.accept(TIME[:RATE])
    for options in (Options(grammar="nonsense"), Options(vocabulary=("zzyzx",)), Options(language="zh")):
        with pytest.raises(Unsupported):
            engine.open(options)
    assert hear(engine, stream, TIME[RATE:]).text == "what time is it"


def test_a_new_stream_takes_the_decoder_over(engine: SphinxEngine) -> None:
    old = engine.open(Options())
    old.accept(WINDOW)
    engine.decode([old])
    new = engine.open(Options())
    uses = (lambda: old.accept(WINDOW), old.finish, old.reset, lambda: engine.decode([old]))
    for use in uses:
        with pytest.raises(OutOfOrder):
            use()
    assert hear(engine, new, WINDOW).text == "open the window"


def test_grammars_come_and_go_beside_dictation(engine: SphinxEngine) -> None:
    alone = tell(hear(engine, engine.open(Options()), WINDOW))
    for options in (Options(grammar=DIGITS_GRAMMAR), Options(vocabulary=("yes", "no")), Options()):
        stream = engine.open(options)
        stream.accept(SPOKEN)
        decode_all(engine, stream)
    assert tell(hear(engine, engine.open(Options()), WINDOW)) == alone


def test_loudness_of_a_voice_does_not_matter_from_its_first_words_on(engine: SphinxEngine) -> None:
    for gain in (0.03, 0.3, 1.0):
        assert hear(engine, engine.open(Options()), TIME * np.float32(gain)).text == "what time is it"


def test_a_first_utterance_shorter_than_what_is_listened_to_is_heard(engine: SphinxEngine) -> None:
    short = SPOKEN[: round(0.75 * RATE)]
    assert len(short) < LISTEN * STEP
    assert hear(engine, engine.open(Options(vocabulary=DIGITS)), short).text == "seven"


def test_silence_before_a_first_utterance_does_not_matter(engine: SphinxEngine) -> None:
    for seconds in (1.0, 5.0):
        audio = np.concatenate([np.resize(TIME[: RATE // 4], round(seconds * RATE)), TIME])
        assert hear(engine, engine.open(Options()), audio).text == "what time is it"


def test_after_the_first_utterance_words_come_with_every_step(engine: SphinxEngine) -> None:
    stream = engine.open(Options())
    stream.accept(WINDOW[: LISTEN * STEP - 1])
    assert not stream.ready
    hear(engine, stream, WINDOW[LISTEN * STEP - 1 :])
    stream.reset()
    stream.accept(WINDOW[:STEP])
    assert stream.ready


@pytest.mark.parametrize(
    ("levels", "window"),
    [
        ([], None),
        ([5.0] * 9, None),
        ([5.0] * 59, None),
        ([5.0] * 60, range(0)),
        ([5.0] * 3 + [900.0] * 7, range(0, 10)),
        ([20.0] * 8 + [100.0] * 6, None),
        ([20.0] * 8 + [100.0] * 7, range(5, 15)),
        ([900.0] * 10, None),
        ([900.0] * 10 + [40.0], range(0, 10)),
        ([0.0] * 55 + [29.0] * 5, range(0)),
    ],
)
def test_the_mean_is_taken_where_the_voice_begins(levels: list[float], window: range | None) -> None:
    assert choose_window(levels) == window
    if window:
        assert choose_window([*levels, 1.0, 5000.0]) == window


def test_an_utterance_without_words_teaches_nothing(engine: SphinxEngine) -> None:
    stream = engine.open(Options())
    hear(engine, stream, np.zeros(2 * RATE, np.float32))
    assert stream.context == ""
    hear(engine, engine.open(Options()), WINDOW)


def test_long_digital_silence_does_not_spoil_what_follows(engine: SphinxEngine) -> None:
    stream = engine.open(Options())
    hear(engine, stream, WINDOW)
    for _ in range(2):
        stream.reset()
        hear(engine, stream, np.zeros(5 * RATE, np.float32))
    stream.reset()
    assert hear(engine, stream, TIME).text == "what time is it"


def test_clipped_and_loud_audio_is_survived(engine: SphinxEngine) -> None:
    loud = np.clip(WINDOW * 40, -1, 1)
    assert isinstance(hear(engine, engine.open(Options()), loud).text, str)
    square = np.sign(np.sin(np.arange(RATE) * 0.3)).astype(np.float32)
    assert isinstance(hear(engine, engine.open(Options()), square).text, str)


def test_order_is_kept(engine: SphinxEngine) -> None:
    stream = engine.open(Options())
    with pytest.raises(OutOfOrder, match="ready"):
        engine.decode([stream])
    stream.finish()
    with pytest.raises(OutOfOrder, match="after finish"):
        stream.accept(WINDOW)
    closed = load()
    closed.close()
    with pytest.raises(OutOfOrder, match="closed"):
        closed.open(Options())


def test_sessions_without_number_do_not_grow_the_process(engine: SphinxEngine) -> None:
    def open_many(count: int) -> int:
        for turn in range(count):
            engine.open(Options(vocabulary=DIGITS) if turn % 2 else Options()).accept(WINDOW[:STEP])
        gc.collect()
        return resident()

    before = open_many(50)
    assert open_many(400) - before < 4 << 20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def tell_from_child(engine: SphinxEngine, stream: Stream | None) -> str:
    """What a forked child hears, with the engine that its parent loaded."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        mine = stream or engine.open(Options())
        os.write(writing, repr(tell(hear(engine, mine, WINDOW))).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def test_a_child_forked_after_loading_hears_the_same(engine: SphinxEngine) -> None:
    here = repr(tell(hear(engine, engine.open(Options()), WINDOW)))
    assert tell_from_child(load(), None) == here
    assert tell_from_child(engine, None) == here


def test_children_do_not_disturb_each_other_or_their_parent(engine: SphinxEngine) -> None:
    stream = engine.open(Options())
    stream.accept(WINDOW)
    engine.decode([stream])
    here = repr(tell(hear(engine, engine.open(Options()), WINDOW)))
    stream = engine.open(Options())
    told = [tell_from_child(engine, stream) for _ in range(2)]
    assert [*told, repr(tell(hear(engine, stream, WINDOW)))] == [here] * 3


@pytest.mark.skipif(not CLIPS.is_dir(), reason="needs the recordings in ../shared/clips")
def test_digits_of_a_human_voice_are_heard_without_an_error(engine: SphinxEngine) -> None:
    audio = read_wav(CLIPS / "10001.wav")
    stream = engine.open(Options(vocabulary=DIGITS))
    said = []
    for start, end in pairwise((0.0, 3.4, 5.7, len(audio) / RATE)):
        said.append(hear(engine, stream, audio[round(start * RATE) : round(end * RATE)]).text)
        stream.reset()
    assert " ".join(said) == "one zero zero zero one nine oh two one oh zero one eight zero three"
