"""Uploaded files of any kind to mono samples.

Contract: a file is hostile until decoded. Only formats that hold audio are opened, and no protocol:
a playlist or session description cannot make the server call out (an SDP text, opened naively, waits
on UDP for 10 s). Nothing a header says is believed: what counts is what was decoded, and that is
limited in seconds, for 17 MB of FLAC may hold a day of silence. Damaged packets are passed over. Memory
stays at a block, whatever the file's length. Only BadAudio comes out, whatever goes in.

The file is read where it lies: a spooled temporary file will do; m4a and mp4 need one that can seek.
Headerless PCM is no file in this sense; callers know its format.

Source: FFmpeg through PyAV (https://pyav.org); the rules above each come from a file that broke a
plain loop over ``container.decode()``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import BinaryIO, cast

import av
import numpy as np
from av import AudioCodecContext, AudioFrame, AudioResampler, AudioStream, Packet
from av.container import InputContainer
from numpy.typing import NDArray

from ..errors import BadAudio, BadRequest
from ..types import RATE, Samples
from .resample import Resampler, check_rate, clean

SUPPORTED = "wav, mp3, m4a, mp4, ogg, opus, flac, webm, mkv, aac, aiff, amr, wma, avi, mov"
"""The best known of the formats, for messages and help."""

# By FFmpeg's names. No playlists, no devices, no formats that only name other files.
_FORMATS = (
    "wav,w64,aiff,au,caf,flac,mp3,aac,ogg,matroska,mov,asf,amr,amrnb,amrwb,ac3,eac3,avi,mpegts,mpeg,flv,"
    "wv,ape,tta,tak,voc,sox,nistsphere"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
_BLOCK = 0.5  # seconds that are resampled at a time
_PLANES = 8
_SPARED = 20  # damaged packets that are passed over in any file; then no more than half of all


def decode(file: BinaryIO, *, rate: int = RATE, max_seconds: float) -> Iterator[Samples]:
    """The file's audio as blocks of about half a second at ``rate``, channels mixed, in [-1, 1].

    Takes the best audio stream where there are several. Reads lazily; closing the iterator frees all.
    Raises BadAudio, at the latest after the last block: ``invalid_audio`` for what is no audio or too
    damaged, ``audio_empty`` where nothing comes out, ``audio_too_long`` beyond ``max_seconds`` of audio
    (what lay before was yielded). Raises BadRequest at once for a ``rate`` out of range.
    """
    check_rate(rate)
    return _limited(_decode(file, rate), rate, max_seconds)


def probe(file: BinaryIO) -> float | None:
    """The seconds the file says it has: a hint for a progress bar, often wrong. None where it says none.

    Leaves the file at its beginning. Raises BadAudio as ``decode`` does for what cannot be opened.
    """
    with _open(file) as container:
        _audio(container)
        duration = container.duration
    file.seek(0)
    return duration / av.time_base if duration is not None and duration > 0 else None


def _limited(blocks: Iterator[Samples], rate: int, max_seconds: float) -> Iterator[Samples]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > max_seconds * rate:
            raise BadAudio(
                f"the audio is longer than {max_seconds:g} s, the limit here; send it in parts",
                code="audio_too_long",
            )
        if len(block):
            yield clean(block)
    if not total:
        raise BadAudio("no audio could be decoded from this file; is it cut off?", code="audio_empty")


def _decode(file: BinaryIO, rate: int) -> Iterator[Samples]:
    """Blocks at ``rate``; the resampler is built anew where the file changes its own."""
    with _open(file) as container:
        resampler, current = Resampler(rate, rate), rate
        for block, block_rate in _gathered(_parts(container, _audio(container))):
            if block_rate != current:
                yield resampler.flush()
                resampler, current = _resampler(block_rate, rate), block_rate
            yield resampler.feed(block)
        yield resampler.flush()


def _gathered(parts: Iterator[tuple[Samples, int]]) -> Iterator[tuple[Samples, int]]:
    """Frames joined to about half a second: most codecs give 20 ms, and each call costs."""
    waiting: list[Samples] = []
    count, current = 0, 0
    for part, rate in parts:
        if waiting and (rate != current or count >= _BLOCK * current):
            yield np.concatenate(waiting), current
            waiting, count = [], 0
        waiting.append(part)
        count, current = count + len(part), rate
    if waiting:
        yield np.concatenate(waiting), current


def _parts(container: InputContainer, stream: AudioStream) -> Iterator[tuple[Samples, int]]:
    """Mono samples and their rate, frame by frame."""
    bad = 0
    for count, packet in enumerate(_packets(container, stream), 1):
        try:
            for frame in packet.decode():
                yield mix(frame), frame.sample_rate
        except (av.FFmpegError, ValueError) as e:
            # AAC says EPERM, others EINVAL or "invalid data": the packet is lost, the next may be sound
            bad += 1
            if bad > max(_SPARED, count / 2):
                raise BadAudio(f"the file is damaged: {bad} of {count} packets cannot be decoded") from e


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Up to where the file breaks off: what came before is what there is."""
    with suppress(av.FFmpegError, ValueError):
        yield from container.demux(stream)


def mix(frame: AudioFrame) -> Samples:
    """The frame's channels as one, none louder than it was: no clipping where all say the same."""
    channels = frame.layout.nb_channels
    if channels >= _PLANES and frame.format.is_planar:
        frame = _packed(frame)
    raw = frame.to_ndarray()
    # packed formats lie channel by channel within a sample: (1, n * channels)
    planes = raw if frame.format.is_planar else raw.reshape(-1, channels).T
    match channels:
        case 1:
            return _floats(planes[0])
        case 2:
            return (_floats(planes[0]) + _floats(planes[1])) * np.float32(0.5)
        case _:
            return _weights(tuple(channel.name for channel in frame.layout.channels)) @ _floats(planes)


def _packed(frame: AudioFrame) -> AudioFrame:
    """The same samples in one plane. PyAV (18.1 too) counts planes up to a null pointer, and eight or
    more have none behind them: ``to_ndarray`` would read where nothing is."""
    frame.pts = None
    return AudioResampler(frame.format.packed, frame.layout, frame.sample_rate).resample(frame)[0]


@cache
def _weights(names: tuple[str, ...]) -> Samples:
    """Share of each channel in the mix; they sum to 1. In film the centre speaks: half is its own."""
    weights = np.array([name not in ("FC", "LFE") for name in names], np.float32)
    weights /= max(float(weights.sum()), 1.0)
    if "FC" in names:
        weights *= 0.5
        weights[names.index("FC")] = 0.5
    return np.asarray(weights / weights.sum(), np.float32)


def _floats(values: NDArray[np.generic]) -> Samples:
    """Samples of any of FFmpeg's formats in [-1, 1], NaN and infinities as 0."""
    match values.dtype.kind:
        case "u":  # 8 bits, around 128
            return (values.astype(np.float32) - np.float32(128)) / np.float32(128)
        case "i":
            return values.astype(np.float32) / np.float32(2 ** (8 * values.dtype.itemsize - 1))
        case _:
            numbers = cast("NDArray[np.floating]", values)
            if not (numbers.min() >= -1 and numbers.max() <= 1):
                numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0).clip(-1, 1)
            return numbers.astype(np.float32, copy=False)


def _resampler(from_rate: int, to_rate: int) -> Resampler:
    try:
        return Resampler(from_rate, to_rate)
    except BadRequest as e:
        raise BadAudio(e.message) from e


def _audio(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise BadAudio("this file has no audio in it that can be decoded")
    if cast("AudioCodecContext | None", stream.codec_context) is None:
        # asking it to decode all the same is a null pointer to PyAV up to 16
        raise BadAudio(f"the codec of this file's audio is not known here; supported: {SUPPORTED}")
    return stream


def _open(file: BinaryIO) -> InputContainer:
    if file.seekable():
        if not file.seek(0, os.SEEK_END):
            raise BadAudio("the file is empty", code="audio_empty")
        file.seek(0)
    try:
        return av.open(file, "r", options=_OPTIONS)
    except (av.FFmpegError, ValueError) as e:
        reason = e.strerror if isinstance(e, av.FFmpegError) else e
        raise BadAudio(f"this is no audio file that can be decoded ({reason}); supported: {SUPPORTED}") from e
