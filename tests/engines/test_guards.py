from __future__ import annotations

import numpy as np
import pytest

from engines.contract import hear
from engines.scripted import Scripted, say, spell
from saywire.engines.guards import is_echo, is_no_speech, is_silent, sift, unloop
from saywire.engines.recognizer import Recognition, Window
from saywire.engines.windowed import Windowed
from saywire.types import RATE, Options, Word


def line(text: str) -> tuple[Word, ...]:
    return tuple(Word(" " + word, 0.0, 0.0) for word in text.split())


def window(prompt: str = "", hotwords: tuple[str, ...] = (), before: str = "") -> Window:
    return Window(say(1), Options(prompt=prompt, hotwords=hotwords), before)


def test_silence_is_what_has_no_loud_frame() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert is_silent(noise[:0], RATE)
    assert is_silent(noise * np.float32(0.0003), RATE)
    assert not is_silent(noise * np.float32(0.003), RATE)
    quiet = noise * np.float32(0.0003)
    quiet[-100:] = 0.1  # in the last, broken frame
    assert not is_silent(quiet, RATE)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("no no no", "no no no"),
        ("zero " * 8, ("zero " * 8).strip()),
        ("zero " * 9, "zero"),
        ("so " + "thank you " * 30 + "bye", "so thank you bye"),
        ("ha ha ha " * 3, "ha"),
        ("one two three four " * 4, ("one two three four " * 4).strip()),
        ("one two three four " * 5, "one two three four"),
        ("Thank you. thank you, " * 6, "Thank you."),
        ("", ""),
    ],
)
def test_a_loop_is_said_once(text: str, kept: str) -> None:
    assert " ".join(word.text.strip() for word in unloop(line(text))) == kept


def test_a_loop_inside_a_word_is_said_once_and_empty_words_go() -> None:
    heard = Recognition((*line("aah" + "h" * 40 + " " + "哈" * 30 + " " + "la" * 25), Word(" ", 0, 0)))
    assert sift(heard, window()).text == "aah 哈 la"
    assert sift(Recognition(line("100000000 hmmmmmm")), window()).text == "100000000 hmmmmmm"


def test_no_speech_is_believed_unless_the_words_are_likely() -> None:
    assert not is_no_speech(Recognition(line("hello")))
    assert is_no_speech(Recognition(line("hello"), no_speech=0.9))
    assert is_no_speech(Recognition(line("hello"), no_speech=0.9, log_probability=-1.5))
    assert not is_no_speech(Recognition(line("hello"), no_speech=0.9, log_probability=-0.3))
    assert not is_no_speech(Recognition(line("hello"), no_speech=0.5, log_probability=-1.5))


def test_the_prompt_read_aloud_is_an_echo_and_its_words_are_not() -> None:
    prompt = "A talk about Dickens and Thackeray"
    assert is_echo(Recognition(line("A talk, about Dickens and Thackeray.")), window(prompt))
    assert not is_echo(Recognition(line("Thackeray")), window(prompt))
    assert not is_echo(Recognition(line("about Dickens and Thackeray")), window(prompt))
    doubted = Recognition(line("about Dickens and Thackeray"), log_probability=-0.9)
    assert is_echo(doubted, window(prompt))
    assert is_echo(doubted, window(before="it was " + prompt))
    assert not is_echo(doubted, window("something else"))
    assert is_echo(Recognition(line("one two three four")), window(hotwords=("one two", "three", "four")))


def misbehave(recognition: Recognition, window: Window) -> Recognition:
    """As a large model does: it cannot stop."""
    last = recognition.words[-1]
    return Recognition((*recognition.words, *([Word(" you", last.end, last.end)] * 40)))


def test_a_recogniser_that_loops_is_heard_once() -> None:
    heard = hear(engine := Windowed(Scripted(twist=misbehave)), engine.open(Options()), say(1, 2, 3, 4))
    assert heard.text == spell(1, 2, 3, 4) + " you"


def test_a_recogniser_that_invents_nothing_may_say_the_same_again_and_again() -> None:
    engine = Windowed(Scripted(invents=False))
    assert hear(engine, engine.open(Options()), say(*[5] * 20)).text == spell(*[5] * 20)
    engine = Windowed(Scripted())
    assert hear(engine, engine.open(Options()), say(*[5] * 20)).text != spell(*[5] * 20)


def test_a_recogniser_that_reads_its_prompt_aloud_is_not_heard() -> None:
    prompt = "welcome to the annual meeting"
    engine = Windowed(Scripted(twist=lambda recognition, window: Recognition(line(window.options.prompt))))
    assert hear(engine, engine.open(Options(prompt=prompt)), say(1, 2, 3, 4)).text == ""


def test_a_recogniser_that_speaks_of_silence_is_never_asked() -> None:
    recognizer = Scripted(twist=lambda recognition, window: Recognition(line("thanks for watching")))
    engine = Windowed(recognizer)
    noise = np.random.default_rng(0).standard_normal(70 * RATE).astype(np.float32) * np.float32(0.0003)
    assert hear(engine, engine.open(Options()), noise).text == ""
    assert recognizer.heard == []


def test_a_recogniser_that_says_nobody_speaks_is_believed() -> None:
    def doubt(recognition: Recognition, window: Window) -> Recognition:
        return Recognition(line("thanks for watching"), no_speech=0.8, log_probability=-1.2)

    engine = Windowed(Scripted(twist=doubt))
    assert hear(engine, engine.open(Options()), say(1, 2, 3)).text == ""
