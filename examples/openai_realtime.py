"""A file played as a microphone would, through OpenAI's SDK: text while it is heard, then final texts.

Install: openai[realtime]. Run: python openai_realtime.py SPEECH.wav (16 bit, mono, any rate).
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import asyncio
import os
import sys
import wave
from base64 import b64encode
from typing import Any, cast

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

URL = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000") + "/v1"
KEY = os.environ.get("SAYWIRE_KEY", "none")


async def speak(connection: AsyncRealtimeConnection, file: str) -> None:
    with wave.open(file) as audio:
        listen: Any = {"format": {"type": "audio/pcm", "rate": audio.getframerate()}}  # theirs: only 24000
        await connection.session.update(session={"type": "transcription", "audio": {"input": listen}})
        while data := audio.readframes(audio.getframerate() // 10):
            await connection.input_audio_buffer.append(audio=b64encode(data).decode())
            await asyncio.sleep(0.1)
    await connection.send(cast(Any, {"type": "session.close"}))  # ours: says what is left, hangs up


async def main(file: str) -> None:
    realtime = AsyncOpenAI(base_url=URL, api_key=KEY).realtime
    async with realtime.connect(model="auto") as connection, asyncio.TaskGroup() as tasks:
        tasks.create_task(speak(connection, file))
        async for event in connection:
            if text := getattr(event, "delta", "") or getattr(event, "transcript", ""):
                print(event.type.rpartition(".")[2], text.strip())  # delta or completed


asyncio.run(main(sys.argv[1]))
