"""Names of languages as clients write them, to the codes of the house.

Codes are ISO 639-1, or ISO 639-3 where 639-1 has none (``yue``, ``haw``). The names are the English
ones that the Whisper family made common, with a few other spellings of the same language.
"""

from __future__ import annotations

import re

_TABLE = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, ba bashkir, be belarusian,
bg bulgarian, bn bengali, bo tibetan, br breton, bs bosnian, ca catalan, cs czech, cy welsh,
da danish, de german, el greek, en english, es spanish, et estonian, eu basque, fa persian,
fi finnish, fo faroese, fr french, gl galician, gu gujarati, ha hausa, haw hawaiian, he hebrew,
hi hindi, hr croatian, ht haitian creole, hu hungarian, hy armenian, id indonesian, is icelandic,
it italian, ja japanese, jv javanese, ka georgian, kk kazakh, km khmer, kn kannada, ko korean,
la latin, lb luxembourgish, ln lingala, lo lao, lt lithuanian, lv latvian, mg malagasy, mi maori,
mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay, mt maltese, my myanmar, ne nepali,
nl dutch, nn nynorsk, no norwegian, oc occitan, pa punjabi, pl polish, ps pashto, pt portuguese,
ro romanian, ru russian, sa sanskrit, sd sindhi, si sinhala, sk slovak, sl slovenian, sn shona,
so somali, sq albanian, sr serbian, su sundanese, sv swedish, sw swahili, ta tamil, te telugu,
tg tajik, th thai, tk turkmen, tl tagalog, tr turkish, tt tatar, uk ukrainian, ur urdu, uz uzbek,
vi vietnamese, yi yiddish, yo yoruba, yue cantonese, zh chinese
"""

NAMES: dict[str, str] = {
    code: name for code, _, name in (p.strip().partition(" ") for p in _TABLE.split(","))
}
"""English name of each code, in lower case."""

_CODES = {name: code for code, name in NAMES.items()} | {
    "burmese": "my",
    "castilian": "es",
    "farsi": "fa",
    "filipino": "tl",
    "flemish": "nl",
    "haitian": "ht",
    "mandarin": "zh",
    "moldavian": "ro",
    "panjabi": "pa",
    "pushto": "ps",
    "sinhalese": "si",
    "valencian": "ca",
}
_OLD_CODES = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv"}
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*", re.ASCII)


def language_code(text: str) -> str | None:
    """The code that ``text`` means: a code, a BCP 47 tag (``en-US``, ``zh_Hans_CN``) or an English name.

    None where it is none of these. A well-formed code that nobody knows is returned as it is: whether
    a model has it is for the engine to say.
    """
    word = text.strip().lower()
    if word in _CODES:
        return _CODES[word]
    tag = _TAG.fullmatch(word)
    return _OLD_CODES.get(tag[1], tag[1]) if tag else None
