"""What keeps an offline model's fantasies out of a transcript; pure, and the same for the same audio.

Whisper and language models answer silence with text, repeat themselves without end, and read their prompt
aloud. Thresholds: Whisper's own (Radford et al. 2022, section 4.5: no-speech 0.6, log-probability
-1) where the model gives the figures; the others are ours, so wide that speech passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..types import Samples, Word
from .agreement import fold
from .recognizer import Recognition, Window

SILENCE = 0.001
"""RMS of a frame (-60 dBFS) up to which it is silence: speech, even whispered, is louder."""
FRAME = 0.03
"""Seconds of such a frame."""
NO_SPEECH = 0.6
UNLIKELY = -1.0
LONGEST_PATTERN = 12
"""Words that a loop may be long."""
REPEATS = {1: 8, 2: 5}
"""How often a word, a pair may be said in a row; longer patterns ``MOST``."""
MOST = 4
MOST_LETTERS = 20
"""How often a letter or a syllable may be repeated inside a word."""
ECHO = 4
"""Words from which on a piece of the prompt is suspicious."""
DOUBTFUL = -0.5
"""Log-probability below which a piece of the prompt is an echo."""


def is_silent(samples: Samples, rate: int) -> bool:
    """Whether no frame of the audio is louder than ``SILENCE``. True for no audio."""
    frame = round(FRAME * rate)
    whole = len(samples) // frame * frame
    power = np.square(samples[:whole].reshape(-1, frame)).mean(axis=1).max(initial=0.0)
    rest = np.square(samples[whole:]).sum() / frame
    return bool(max(power, rest) <= SILENCE**2)


def sift(recognition: Recognition, window: Window) -> Recognition:
    """The recognition without what nobody said: empty, or its loops said once."""
    if is_no_speech(recognition) or is_echo(recognition, window):
        return Recognition(language=recognition.language)
    words = unloop([_unstutter(word) for word in recognition.words if word.text.strip()])
    return replace(recognition, words=tuple(words))


def is_no_speech(recognition: Recognition) -> bool:
    """Whether the model itself says that it heard nobody, and is unsure of its words too."""
    no_speech, likely = recognition.no_speech, recognition.log_probability
    if no_speech is None or no_speech <= NO_SPEECH:
        return False
    return likely is None or likely < UNLIKELY


def is_echo(recognition: Recognition, window: Window) -> bool:
    """Whether the text is the prompt, or a piece of it that the model itself doubts.

    One of the prompt's words alone is no echo: prompts hold the names that are to be heard.
    """
    said = [fold(word.text) for word in recognition.words if word.text.strip()]
    if len(said) < ECHO:
        return False
    likely, no_speech = recognition.log_probability, recognition.no_speech
    doubtful = (likely is not None and likely < DOUBTFUL) or (no_speech is not None and no_speech > NO_SPEECH)
    text = "".join(said)
    for prompt in (window.options.prompt, " ".join(window.options.hotwords), window.before):
        told = "".join(fold(word) for word in prompt.split())
        if text == told or (doubtful and text in told):
            return True
    return False


def unloop(words: Sequence[Word]) -> list[Word]:
    """The words, every pattern that is said too often in a row said once, with its first times."""
    kept = list(words)
    for size in range(1, LONGEST_PATTERN + 1):
        kept = _unloop_patterns(kept, size)
    return kept


def _unloop_patterns(words: list[Word], size: int) -> list[Word]:
    keys = [fold(word.text) for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        times = _count_repeats(keys, at, size)
        if times > REPEATS.get(size, MOST):
            kept += words[at : at + size]
            at += times * size
        else:
            kept.append(words[at])
            at += 1
    return kept


def _count_repeats(keys: Sequence[str], at: int, size: int) -> int:
    """How often the pattern of ``size`` words at a place is said in a row, 1 at least."""
    pattern, times = keys[at : at + size], 1
    while keys[at + times * size : at + (times + 1) * size] == pattern:
        times += 1
    return times if len(pattern) == size else 1


def _unstutter(word: Word) -> Word:
    """A word in which no letter, pair or triple of letters is repeated without end."""
    text = word.text
    for size in (1, 2, 3):
        text = _unstutter_text(text, size)
    return word if text == word.text else replace(word, text=text)


def _unstutter_text(text: str, size: int) -> str:
    kept, at = "", 0
    while at < len(text):
        pattern, times = text[at : at + size], 1
        while text.startswith(pattern, at + times * size):
            times += 1
        if times > MOST_LETTERS:
            kept += pattern
            at += times * size
        else:
            kept += text[at]
            at += 1
    return kept
