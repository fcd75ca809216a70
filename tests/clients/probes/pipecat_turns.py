"""Pipecat's services where the pipeline says when a turn ends. Arguments: the recording, realtime or upload.

``realtime`` commits at the end of each turn, once of nothing but noise; ``upload`` posts each as a file.
"""

import asyncio
import os
import sys
import wave

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService, OpenAISTTService
from pipecat.workers.runner import WorkerRunner

URL, KEY = os.environ["SAYWIRE_URL"] + "/v1", os.environ["SAYWIRE_KEY"]


class Printer(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            print("final", frame.text, flush=True)
        await self.push_frame(frame, direction)


async def say(worker, samples, rate):
    await worker.queue_frame(VADUserStartedSpeakingFrame())
    for start in range(0, len(samples), rate // 25 * 2):
        await worker.queue_frame(InputAudioRawFrame(samples[start : start + rate // 25 * 2], rate, 1))
        await asyncio.sleep(0.01)
    await worker.queue_frame(VADUserStoppedSpeakingFrame())
    await asyncio.sleep(1.0)


async def main(file, kind):
    if kind == "realtime":
        ears = OpenAIRealtimeSTTService(api_key=KEY, base_url=URL.replace("http", "ws") + "/realtime")
    else:
        ears = OpenAISTTService(api_key=KEY, base_url=URL)
    with wave.open(file) as audio:
        rate, samples = audio.getframerate(), audio.readframes(audio.getnframes())
    worker = PipelineWorker(
        Pipeline([ears, Printer()]), params=PipelineParams(audio_in_sample_rate=rate), enable_rtvi=False
    )

    @worker.event_handler("on_pipeline_error")
    async def complain(worker, frame: ErrorFrame):
        print("error", frame.error, flush=True)

    runner = WorkerRunner()
    await runner.add_workers(worker)

    async def play():
        await asyncio.sleep(0.5)
        for turn in (samples, bytes(rate), samples):
            await say(worker, turn, rate)
        await worker.queue_frame(EndFrame())

    await asyncio.gather(runner.run(), play())


asyncio.run(main(*sys.argv[1:]))
