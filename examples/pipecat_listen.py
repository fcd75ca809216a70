"""A file played as a caller would be heard, through a Pipecat pipeline that is nothing but its ears.

Install: pipecat-ai[openai]. Run: python pipecat_listen.py SPEECH.wav (16 bit, mono, any rate).
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import asyncio
import os
import sys
import wave

from pipecat.frames import frames
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.workers.runner import WorkerRunner

URL = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000").replace("http", "ws", 1) + "/v1/realtime"
KEY = os.environ.get("SAYWIRE_KEY", "none")


class Printer(FrameProcessor):
    async def process_frame(self, frame: frames.Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, frames.TranscriptionFrame | frames.InterimTranscriptionFrame):
            print(
                "final" if isinstance(frame, frames.TranscriptionFrame) else "delta", frame.text, flush=True
            )
        await self.push_frame(frame, direction)


async def play(file: str, worker: PipelineWorker) -> None:
    with wave.open(file) as audio:
        rate, samples = audio.getframerate(), audio.readframes(audio.getnframes())
    samples += bytes(4 * rate)
    for start in range(0, len(samples), rate // 25 * 2):
        await worker.queue_frame(frames.InputAudioRawFrame(samples[start : start + rate // 25 * 2], rate, 1))
        await asyncio.sleep(0.04)
    await worker.queue_frame(frames.EndFrame())


async def main(file: str) -> None:
    ears = OpenAIRealtimeSTTService(api_key=KEY, base_url=URL, turn_detection={"type": "server_vad"})
    with wave.open(file) as audio:
        params = PipelineParams(audio_in_sample_rate=audio.getframerate())
    worker = PipelineWorker(Pipeline([ears, Printer()]), params=params)
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), play(file, worker))


asyncio.run(main(sys.argv[1]))
