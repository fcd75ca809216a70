"""A file played as a room's microphone would, through LiveKit's plugin for OpenAI, on its own.

Install: livekit-plugins-openai. Run: python livekit_listen.py SPEECH.wav [MODEL] (16 bit, mono, any rate).
In an agent: AgentSession(stt=openai.STT(base_url=".../v1", api_key="...", use_realtime=True)).
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import asyncio
import os
import sys
import wave

from livekit import rtc
from livekit.agents import stt, utils
from livekit.plugins import openai

URL = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000") + "/v1"
KEY = os.environ.get("SAYWIRE_KEY", "none")


async def play(file: str, stream: stt.SpeechStream) -> None:
    with wave.open(file) as audio:
        rate, samples = audio.getframerate(), audio.readframes(audio.getnframes()) + bytes(2 * 24_000)
    for start in range(0, len(samples), rate // 25 * 2):
        piece = samples[start : start + rate // 25 * 2]
        stream.push_frame(rtc.AudioFrame(piece, rate, 1, len(piece) // 2))
        await asyncio.sleep(0.04)
    await asyncio.sleep(1.0)
    await stream.aclose()


async def main(file: str, model: str = "auto") -> None:
    async with utils.http_context.open():
        listener = openai.STT(base_url=URL, api_key=KEY, model=model, use_realtime=True)
        async with listener.stream() as stream, asyncio.TaskGroup() as tasks:
            tasks.create_task(play(file, stream))
            async for event in stream:
                print(event.type.value, *(heard.text for heard in event.alternatives), flush=True)
        await listener.aclose()


asyncio.run(main(*sys.argv[1:]))
