"""LiveKit's plugin for OpenAI without websockets: it uploads what was said. Arguments: the recording."""

import asyncio
import os
import sys
import wave

from livekit import rtc
from livekit.agents import APIStatusError
from livekit.plugins import openai


async def main(file: str) -> None:
    with wave.open(file) as audio:
        count = audio.getnframes()
        frame = rtc.AudioFrame(audio.readframes(count), audio.getframerate(), 1, count)
    url, key = os.environ["SAYWIRE_URL"] + "/v1", os.environ["SAYWIRE_KEY"]
    for model in ("gpt-4o-mini-transcribe", "whisper-1", "gpt-transcribe"):
        event = await openai.STT(base_url=url, api_key=key, model=model).recognize(frame)
        print(event.type.value, event.alternatives[0].language, event.alternatives[0].text)
    try:
        await openai.STT(base_url=url, api_key=key, model="nope").recognize(frame)
    except APIStatusError as error:
        print("error", error.status_code, error.body["code"])


asyncio.run(main(sys.argv[1]))
