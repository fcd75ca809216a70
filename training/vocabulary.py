"""The words of `tiny`: how each is written, split into tokens and spoken by the synthesisers.

Contract: token 0 is the CTC blank; a token that begins a word carries "▁" (U+2581), as sherpa-onnx expects
of subword models; a Mandarin token is one character. Written forms are lower case.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BLANK = "<blk>"
WORD_START = "\u2581"
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Entry:
    """One vocabulary word. `spoken` is what a synthesiser is given: the word itself, or numbered pinyin."""

    written: str
    language: str
    tokens: tuple[str, ...]
    spoken: str


ENGLISH_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh")

# Longer words are split by syllable, so that partials show "com" before "computer"; "o pen" and "ze ro" were
# tried and are whole now, because "oh" took the place of "o" and a swallowed "ro" left "ze".
_ENGLISH_SPLITS = {
    "hello": "hel lo",
    "computer": "com pu ter",
    "cancel": "can cel",
    "volume": "vo lume",
}
_ENGLISH_COMMANDS = (
    "yes no open close start stop play pause left right up down next back hello world computer please cancel "
    "volume"
)

_MANDARIN_DIGITS = {
    "零": "ling2",
    "一": "yi1",
    "二": "er4",
    "三": "san1",
    "四": "si4",
    "五": "wu3",
    "六": "liu4",
    "七": "qi1",
    "八": "ba1",
    "九": "jiu3",
}
_MANDARIN_COMMANDS = {
    "你好": "ni3hao3",
    "打开": "da3kai1",
    "关闭": "guan1bi4",
    "播放": "bo1fang4",
    "停止": "ting2zhi3",
    "暂停": "zan4ting2",
    "音量": "yin1liang4",
    "下一首": "xia4yi1shou3",
    "左": "zuo3",
    "右": "you4",
    "上": "shang4",
    "下": "xia4",
    "灯": "deng1",
}


def _english(word: str) -> Entry:
    first, *rest = _ENGLISH_SPLITS.get(word, word).split()
    return Entry(word, "en", (WORD_START + first, *rest), word)


DIGITS = {
    "en": tuple(_english(word) for word in ENGLISH_DIGITS),
    "zh": tuple(Entry(word, "zh", tuple(word), sound) for word, sound in _MANDARIN_DIGITS.items()),
}
COMMANDS = {
    "en": tuple(_english(word) for word in _ENGLISH_COMMANDS.split()),
    "zh": tuple(Entry(word, "zh", tuple(word), sound) for word, sound in _MANDARIN_COMMANDS.items()),
}


def list_tokens() -> tuple[str, ...]:
    """All tokens in id order; blank is 0, then English, then Mandarin."""
    entries = [entry for language in LANGUAGES for entry in DIGITS[language] + COMMANDS[language]]
    return tuple(dict.fromkeys([BLANK, *(token for entry in entries for token in entry.tokens)]))


def list_language_tokens(language: str) -> frozenset[int]:
    """The token ids that words of `language` use, blank excluded."""
    ids = {token: index for index, token in enumerate(list_tokens())}
    return frozenset(ids[token] for entry in DIGITS[language] + COMMANDS[language] for token in entry.tokens)


def write_tokens(path: Path) -> None:
    """Write the `token id` lines that sherpa-onnx reads."""
    path.write_text(
        "".join(f"{token} {index}\n" for index, token in enumerate(list_tokens())), encoding="utf-8"
    )


def split_words(text: str) -> list[str]:
    """Score units of a transcript: an English word, or one Mandarin character."""
    units: list[str] = []
    for part in text.split():
        if part.isascii():
            units.append(part)
        else:
            units.extend(_split_mixed(part))
    return units


def _split_mixed(part: str) -> list[str]:
    units: list[str] = []
    for character in part:
        if character.isascii() and units and units[-1].isascii():
            units[-1] += character
        else:
            units.append(character)
    return units
