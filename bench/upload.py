"""A long file over HTTP: when its first words come, and what memory it takes.

    python -m bench.upload [MODEL] [--minutes N...]      the model tiny, 10 and 60 minutes by default

A file of that length is made of the samples of the product, encoded as Opus, and sent to the real server with
``stream=true``. Of the first delta and of the end: wall time since the request, and the CPU time of all the
server's processes since then, which a busy machine changes less. Memory is PSS (``processes.py``), looked at
while the events come: at most every tenth of a second. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import av
import httpx
import numpy as np
from av import AudioFrame, AudioStream

from saywire.audio.pcm import to_pcm16
from saywire.client.samples import find_sample
from saywire.types import RATE, Samples

from .processes import cpu_seconds, find_tree, read_memory
from .running import Running, serve, serving

TARGET = 0.05
"""Of the work, when the first delta comes."""
GLANCE = 0.1
"""Seconds between looks at memory, at least."""
BITS = 24_000
"""A second, so that an hour is 11 MB."""


def make_speech(minutes: float) -> Samples:
    once = np.concatenate([find_sample(name).read() for name in ("commands", "dictation")])
    return np.resize(once, round(minutes * 60 * RATE))


def encode(samples: Samples) -> bytes:
    """As Opus in Ogg."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=RATE, layout="mono")
        assert isinstance(stream, AudioStream)
        stream.bit_rate = BITS
        data = np.frombuffer(to_pcm16(samples), "<i2")
        step = RATE // 50
        for start in range(0, len(data) // step * step, step):
            frame = AudioFrame.from_ndarray(data[np.newaxis, start : start + step], "s16", "mono")
            frame.sample_rate, frame.pts = RATE, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


@dataclass(slots=True)
class Course:
    """Of one request; seconds and MB."""

    began: float
    worked: float
    """CPU time before it."""
    first: float = 0.0
    first_work: float = 0.0
    wall: float = 0.0
    work: float = 0.0
    idle: float = 0.0
    most: float = 0.0
    words: int = 0


def work_of(server: Running) -> float:
    return sum(cpu_seconds(find_tree(server.pid)).values())


def listen(server: Running, model: str, file: bytes) -> Iterator[dict[str, object]]:
    form = {"model": model, "language": "en", "stream": "true"}
    url = f"http://{server.address}/v1/audio/transcriptions"
    sent = httpx.stream("POST", url, data=form, files={"file": ("talk.ogg", file)}, timeout=None)
    with sent as answer:
        if answer.is_error:
            raise RuntimeError(answer.read().decode())
        for line in answer.iter_lines():
            if line:
                yield json.loads(line.removeprefix("data: "))


def follow(server: Running, model: str, file: bytes) -> Course:
    course = Course(time.perf_counter(), work_of(server), idle=read_memory(server.pid).pss)
    looked = 0.0
    for event in listen(server, model, file):
        now = time.perf_counter() - course.began
        if not course.first and event["type"] == "transcript.text.delta":
            course.first, course.first_work = now, work_of(server) - course.worked
        if now - looked >= GLANCE:
            looked = now
            course.most = max(course.most, read_memory(server.pid).pss)
        course.words = len(str(event.get("text", "")).split())
    course.wall = time.perf_counter() - course.began
    course.work = work_of(server) - course.worked
    return course


def tell(minutes: float, size: int, course: Course) -> None:
    share, share_work = course.first / course.wall, course.first_work / course.work
    print(
        f"  {minutes:g} minutes, {size / 1e6:.1f} MB, {course.words} words\n"
        f"    first delta   {course.first:.2f} s of {course.wall:.1f} s ({share:.1%}); "
        f"CPU {course.first_work:.2f} s of {course.work:.1f} s ({share_work:.1%}, target {TARGET:.0%})\n"
        f"    memory        PSS {course.idle:.0f} MB before, {course.most:.0f} MB at most"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="tiny")
    parser.add_argument("--minutes", nargs="+", type=float, default=[10.0, 60.0])
    chosen = parser.parse_args(arguments)
    print(chosen.model)
    with serving(serve("--model", chosen.model)) as server:
        follow(server, chosen.model, encode(make_speech(0.5)))  # what is made once is made
        for minutes in chosen.minutes:
            file = encode(make_speech(minutes))
            tell(minutes, len(file), follow(server, chosen.model, file))


if __name__ == "__main__":
    main(sys.argv[1:])
