"""Media files made on the spot."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
from av import AudioFrame, AudioResampler, AudioStream
from numpy.typing import NDArray

from saywire.types import Samples


def tone(seconds: float, rate: int = 16_000, hertz: float = 440.0) -> Samples:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encode(samples: Samples, rate: int, container: str, codec: str) -> bytes:
    """``samples``: (n,) or (channels, n)."""
    planes = np.atleast_2d(samples)
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[len(planes)]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        stream.bit_rate = 96_000
        step = stream.codec_context.frame_size or 4096
        fit = AudioResampler(stream.format, layout, rate, frame_size=step)
        frame = AudioFrame.from_ndarray(planes.T.reshape(1, -1).copy(), "flt", layout)
        frame.sample_rate, frame.pts = rate, 0
        for part in [*fit.resample(frame), *fit.resample(None), None]:
            output.mux(stream.encode(part))
    return file.getvalue()


def silent_flac(seconds: int) -> bytes:
    """At 8 kHz; an hour is 400 kB."""
    file = io.BytesIO()
    block = AudioFrame.from_ndarray(np.zeros((1, 4608), np.int16), "s16", "mono")
    block.sample_rate = 8000
    with av.open(file, "w", format="flac") as output:
        stream = output.add_stream("flac", rate=8000, layout="mono")
        assert isinstance(stream, AudioStream)
        for at in range(0, seconds * 8000, 4608):
            block.pts = at
            output.mux(stream.encode(block))
        output.mux(stream.encode(None))
    return file.getvalue()


def picture(width: int = 64) -> bytes:
    """A video of ten frames without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = width
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((width, width, 3), np.uint8), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def wav(
    data: NDArray[np.generic], *, rate: int = 16_000, channels: int = 1, size: int | None = None
) -> bytes:
    """A header of 44 bytes written by hand, so that it may lie: ``size`` is the length it names."""
    tag, width = (3 if data.dtype.kind == "f" else 1), data.dtype.itemsize
    size = data.nbytes if size is None else size
    head = struct.pack(
        "<HHIIHH", tag, channels, rate, rate * channels * width & 0xFFFFFFFF, channels * width, 8 * width
    )
    sizes = struct.pack("<I", min(size + 36, 0xFFFFFFFF)), struct.pack("<I", size)
    return b"RIFF" + sizes[0] + b"WAVEfmt \x10\0\0\0" + head + b"data" + sizes[1] + data.tobytes()
