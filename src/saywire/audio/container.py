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
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, cast

import av
import numpy as np
from av import AudioCodecContext, AudioFrame, AudioStream, Packet
from av.container import InputContainer

from ..errors import BadAudio, BadRequest
from ..types import RATE, Samples
from .channels import Channels, mix, split
from .resample import Resampler, check_rate, clean

SUPPORTED = "wav, mp3, m4a, mp4, ogg, opus, flac, webm, mkv, aac, aiff, amr, wma, avi, mov"
"""The best known of the formats, for messages and help."""

Read = Callable[[AudioFrame], Channels]

# By FFmpeg's names. No playlists, no devices, no formats that only name other files.
_FORMATS = (
    "wav,w64,aiff,au,caf,flac,mp3,aac,ogg,matroska,mov,asf,amr,amrnb,amrwb,ac3,eac3,avi,mpegts,mpeg,flv,"
    "wv,ape,tta,tak,voc,sox,nistsphere"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
_BLOCK = 0.5  # seconds that are resampled at a time
_APART = 0.2  # of their energy: channels that differ by more hold voices of their own
_MINUTE = 60.0
_SPARED = 20  # damaged packets that are passed over in any file; then no more than half of all


def decode(file: BinaryIO, *, rate: int = RATE, max_seconds: float) -> Iterator[Samples]:
    """The file's audio as blocks of about half a second at ``rate``, channels mixed, in [-1, 1].

    Takes the best audio stream where there are several. Reads lazily; closing the iterator frees all.
    Raises BadAudio, at the latest after the last block: ``invalid_audio`` for what is no audio or too
    damaged, ``audio_empty`` where nothing comes out, ``audio_too_long`` beyond ``max_seconds`` of audio
    (what lay before was yielded). Raises BadRequest at once for a ``rate`` out of range.
    """
    check_rate(rate)
    return (block[0] for block in _limited(_decode(file, rate, _mix), rate, max_seconds))


def decode_channels(file: BinaryIO, *, rate: int = RATE, max_seconds: float) -> Iterator[Channels]:
    """As ``decode``, but each block has the channels apart: shape ``(channels, n)``, the same number in all.

    Raises BadAudio also where the file changes that number.
    """
    check_rate(rate)
    return _limited(_decode(file, rate, split), rate, max_seconds)


def count_voices(file: BinaryIO, *, max_seconds: float) -> int:
    """Channels that hold something of their own; 1 where they all hold more or less the same.

    Calls are recorded with a channel for each end; music and rooms have the same voices in all of them,
    and so has mono that was written twice. Told by the energy of their differences: 1 (of what both have
    together) for strangers, 0 for twins. Reads a minute, or further while the channels are alike, up to
    ``max_seconds``. Leaves the file at its beginning. Raises BadAudio as ``decode`` does.
    """
    with _open(file) as container:
        counted = _count_voices(_parts(container, _audio(container), split), max_seconds)
    file.seek(0)
    return counted


def _count_voices(parts: Iterator[tuple[Channels, int]], max_seconds: float) -> int:
    channels, seconds, own, whole = 0, 0.0, 0.0, 0.0
    for part, rate in parts:
        channels = channels or len(part)
        enough = _MINUTE if own > whole * _APART else max_seconds
        if channels == 1 or seconds >= enough:
            break
        seconds += part.shape[1] / rate
        energies = np.square(part).sum(axis=1)
        differences = np.square(part - part[0]).sum(axis=1)
        other = int(differences.argmax())  # than the first, and most
        own += float(differences[other])
        whole += float(energies[0] + energies[other])
    return 1 if whole and own <= whole * _APART else max(channels, 1)


def probe(file: BinaryIO) -> float | None:
    """The seconds the file says it has: a hint for a progress bar, often wrong. None where it says none.

    Leaves the file at its beginning. Raises BadAudio as ``decode`` does for what cannot be opened.
    """
    with _open(file) as container:
        _audio(container)
        duration = container.duration
    file.seek(0)
    return duration / av.time_base if duration is not None and duration > 0 else None


def _limited(blocks: Iterator[Channels], rate: int, max_seconds: float) -> Iterator[Channels]:
    total = 0
    for block in blocks:
        total += block.shape[1]
        if total > max_seconds * rate:
            raise BadAudio(
                f"the audio is longer than {max_seconds:g} s, the limit here; send it in parts",
                code="audio_too_long",
            )
        if block.size:
            yield clean(block.reshape(-1)).reshape(block.shape)
    if not total:
        raise BadAudio("no audio could be decoded from this file; is it cut off?", code="audio_empty")


def _decode(file: BinaryIO, rate: int, read: Read) -> Iterator[Channels]:
    """Blocks at ``rate``; the resamplers are built anew where the file changes its own."""
    with _open(file) as container:
        resamplers: list[Resampler] = []
        current = 0
        for block, block_rate in _gathered(_parts(container, _audio(container), read)):
            if resamplers and len(block) != len(resamplers):
                what = f"the file has first {len(resamplers)} and then {len(block)} channels"
                raise BadAudio(f"{what}; convert it to one of the two")
            if block_rate != current:
                if resamplers:
                    yield np.stack([resampler.flush() for resampler in resamplers])
                resamplers, current = [_resampler(block_rate, rate) for _ in block], block_rate
            yield np.stack([each.feed(row) for each, row in zip(resamplers, block, strict=True)])
        if resamplers:
            yield np.stack([resampler.flush() for resampler in resamplers])


def _gathered(parts: Iterator[tuple[Channels, int]]) -> Iterator[tuple[Channels, int]]:
    """Frames joined to about half a second: most codecs give 20 ms, and each call costs."""
    waiting: list[Channels] = []
    count, current = 0, 0
    for part, rate in parts:
        if waiting and (rate != current or len(part) != len(waiting[0]) or count >= _BLOCK * current):
            yield np.concatenate(waiting, axis=1), current
            waiting, count = [], 0
        waiting.append(part)
        count, current = count + part.shape[1], rate
    if waiting:
        yield np.concatenate(waiting, axis=1), current


def _parts(container: InputContainer, stream: AudioStream, read: Read) -> Iterator[tuple[Channels, int]]:
    """Samples and their rate, frame by frame."""
    bad = 0
    for count, packet in enumerate(_packets(container, stream), 1):
        try:
            for frame in packet.decode():
                yield read(frame), frame.sample_rate
        except (av.FFmpegError, ValueError) as e:
            # AAC says EPERM, others EINVAL or "invalid data": the packet is lost, the next may be sound
            bad += 1
            if bad > max(_SPARED, count / 2):
                raise BadAudio(f"the file is damaged: {bad} of {count} packets cannot be decoded") from e


def _mix(frame: AudioFrame) -> Channels:
    return mix(frame)[np.newaxis]


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Up to where the file breaks off: what came before is what there is."""
    with suppress(av.FFmpegError, ValueError):
        yield from container.demux(stream)


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
