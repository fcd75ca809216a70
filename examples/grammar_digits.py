"""Speech held to what can be said: digits by a list of words, commands by a grammar. Far fewer errors.

Install: httpx. Run: python grammar_digits.py SPEECH (English digits), or with GRAMMAR.jsgf behind it.
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import os
import sys
from pathlib import Path

import httpx

DIGITS = ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def main(speech: str, grammar: str | None = None) -> None:
    server = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000")
    limits = {"grammar": Path(grammar).read_text("utf-8")} if grammar else {"vocabulary": DIGITS}
    answer = httpx.post(
        f"{server}/v1/audio/transcriptions",
        headers={"Authorization": f"Bearer {os.environ.get('SAYWIRE_KEY', 'none')}"},
        data={"model": "sphinx", "language": "en", **limits},
        files={"file": Path(speech).read_bytes()},
        timeout=300.0,
    )
    if answer.is_error:
        sys.exit(answer.json()["error"]["message"])
    print(answer.json()["text"])


main(*sys.argv[1:])
