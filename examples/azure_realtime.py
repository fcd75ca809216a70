"""A file transcribed over a websocket by OpenAI's SDK as Azure's customers use it.

Install: openai[realtime]. Run: python azure_realtime.py SPEECH.wav (16 bit, mono, 24 kHz).
The class speaks only wss: run `saywire serve --tls-self-signed`, and set SSL_CERT_FILE to the file the server
names when it starts. The server is at $SAYWIRE_URL, else https://127.0.0.1:8000; $SAYWIRE_KEY is a key.
"""

import asyncio
import os
import sys
import wave
from base64 import b64encode
from typing import Any, cast

from openai import AsyncAzureOpenAI

URL = os.environ.get("SAYWIRE_URL", "https://127.0.0.1:8000")
KEY = os.environ.get("SAYWIRE_KEY", "none")


async def main(file: str) -> None:
    with wave.open(file) as audio:
        speech = b64encode(audio.readframes(audio.getnframes())).decode()
    client = AsyncAzureOpenAI(azure_endpoint=URL, api_key=KEY, api_version="2025-04-01-preview")
    async with client.realtime.connect(model="auto", extra_query={"intent": "transcription"}) as connection:
        await connection.input_audio_buffer.append(audio=speech)
        await connection.send(cast(Any, {"type": "session.close"}))  # ours: says what is left, hangs up
        async for event in connection:
            if event.type == "conversation.item.input_audio_transcription.completed":
                print(event.transcript)
            elif event.type == "error":
                raise SystemExit(event.error.message)


asyncio.run(main(sys.argv[1]))
