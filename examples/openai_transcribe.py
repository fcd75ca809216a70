"""A file to text, subtitles or JSON, through OpenAI's SDK.

Install: openai. Run: python openai_transcribe.py SPEECH [FORMAT] (text, json, verbose_json, srt, vtt).
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import os
import sys
from pathlib import Path
from typing import Any

from openai import OpenAI


def main(file: str, format: Any = "text") -> None:
    server = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000")
    client = OpenAI(base_url=f"{server}/v1", api_key=os.environ.get("SAYWIRE_KEY", "none"))
    with client:
        answer = client.audio.transcriptions.create(model="auto", file=Path(file), response_format=format)
        print(answer if isinstance(answer, str) else answer.model_dump_json(indent=2))


main(*sys.argv[1:])
