"""A file played as a microphone would, through the voice pipeline of OpenAI's Agents SDK to an echo.

Install: openai-agents[voice]. Run: python agents_voice.py SPEECH.wav (16 bit, mono, 24 kHz).
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import asyncio
import os
import sys
import wave
from collections.abc import AsyncIterator

import numpy as np
from agents import set_tracing_disabled, voice
from openai import AsyncOpenAI

URL = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000") + "/v1"
KEY = os.environ.get("SAYWIRE_KEY", "none")


class Echo(voice.VoiceWorkflowBase):
    async def run(self, transcription: str) -> AsyncIterator[str]:
        print("turn", transcription, flush=True)
        yield transcription


class Mute(voice.TTSModel):
    model_name = "mute"

    async def run(self, text: str, settings: voice.TTSModelSettings) -> AsyncIterator[bytes]:
        yield bytes(2)


async def play(file: str, microphone: voice.StreamedAudioInput) -> None:
    with wave.open(file) as audio:
        samples = np.frombuffer(audio.readframes(audio.getnframes()), np.int16)
    for start in range(0, len(samples), 2400):
        await microphone.add_audio(samples[start : start + 2400])
        await asyncio.sleep(0.1)
    await microphone.add_audio(None)


async def main(file: str) -> None:
    set_tracing_disabled(True)
    provider = voice.OpenAIVoiceModelProvider(openai_client=AsyncOpenAI(base_url=URL, api_key=KEY))
    pipeline = voice.VoicePipeline(
        workflow=Echo(), stt_model=provider.get_stt_model("auto"), tts_model=Mute()
    )
    microphone = voice.StreamedAudioInput()
    result, _ = await asyncio.gather(pipeline.run(microphone), play(file, microphone))
    async for event in result.stream():
        if event.type == "voice_stream_event_error":
            raise event.error


asyncio.run(main(sys.argv[1]))
