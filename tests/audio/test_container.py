from __future__ import annotations

import io
import socket
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from audio.media import encode, picture, silent_flac, tone, wav
from saywire.audio import container
from saywire.audio.container import count_voices, decode, decode_channels, probe
from saywire.errors import BadAudio, BadRequest
from saywire.types import Samples

FILES = {
    "wav": (44_100, "wav", "pcm_s16le"),
    "wav, 8 bits": (16_000, "wav", "pcm_u8"),
    "wav, 24 bits": (48_000, "wav", "pcm_s24le"),
    "wav, float": (16_000, "wav", "pcm_f32le"),
    "wav, double": (16_000, "wav", "pcm_f64le"),
    "wav, mu-law": (8_000, "wav", "pcm_mulaw"),
    "wav, A-law": (8_000, "wav", "pcm_alaw"),
    "aiff": (22_050, "aiff", "pcm_s16be"),
    "flac": (16_000, "flac", "flac"),
    "mp3": (44_100, "mp3", "libmp3lame"),
    "ogg": (48_000, "ogg", "libopus"),
    "webm": (48_000, "webm", "libopus"),
    "mkv": (44_100, "matroska", "flac"),
    "m4a": (44_100, "ipod", "aac"),
    "aac": (44_100, "adts", "aac"),
    "wma": (44_100, "asf", "wmav2"),
}


def heard(data: bytes, *, rate: int = 16_000, max_seconds: float = 60) -> Samples:
    blocks = list(decode(io.BytesIO(data), rate=rate, max_seconds=max_seconds))
    assert all(block.dtype == np.float32 and block.ndim == 1 and len(block) for block in blocks)
    return np.concatenate(blocks)


def refusal(data: bytes, *, max_seconds: float = 60) -> BadAudio:
    with pytest.raises(BadAudio) as caught:
        for _ in decode(io.BytesIO(data), max_seconds=max_seconds):
            pass
    return caught.value


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples[len(samples) // 4 : -len(samples) // 4] ** 2)))


def pitch(samples: Samples, rate: int = 16_000) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()) * rate / len(samples)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_sounds_as_it_did(kind: str, channels: int) -> None:
    rate, form, codec = FILES[kind]
    samples = heard(encode(np.stack([tone(1.5, rate)] * channels), rate, form, codec))
    assert len(samples) / 16_000 == pytest.approx(1.5, abs=0.1)  # aac and wma keep some of their priming
    assert pitch(samples) == pytest.approx(440, abs=2)
    assert loudness(samples) == pytest.approx(0.4 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "webm"])
def test_no_time_is_lost_or_won(kind: str) -> None:
    rate, form, codec = FILES[kind]
    assert len(heard(encode(tone(3.0, rate), rate, form, codec))) == pytest.approx(48_000, abs=16 * 8)


def test_a_file_and_a_microphone_agree() -> None:
    steps = (tone(1.0) * 32768).astype("<i2")
    assert np.array_equal(heard(wav(steps)), steps.astype(np.float32) / 32768)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_the_rate_is_the_callers(rate: int) -> None:
    assert len(heard(wav(tone(1.0, 44_100), rate=44_100), rate=rate)) == pytest.approx(rate, abs=1)


def test_a_rate_that_cannot_be_made_is_refused_before_reading() -> None:
    with pytest.raises(BadRequest, match="sample rate 1 Hz"):
        decode(io.BytesIO(), rate=1, max_seconds=1)


def test_channels_are_mixed_without_clipping() -> None:
    left, right = tone(1.0), tone(1.0, hertz=1000)
    together = heard(wav(np.stack((left, right)).T.copy(), channels=2))
    assert np.abs(together - (left + right) / 2).max() < 1e-6
    loud = np.full(2000, 0.95, np.float32)
    assert heard(wav(np.repeat(loud, 2), channels=2)) == pytest.approx(loud)


def test_the_centre_of_a_film_is_half_of_the_mix() -> None:
    planes = np.zeros((6, 16_000), np.float32)
    planes[2] = tone(1.0)
    planes[3] = 0.3  # what rumbles below is left out
    samples = heard(encode(planes, 16_000, "wav", "pcm_f32le"))
    assert samples == pytest.approx(planes[2] / 2, abs=1e-6)
    assert heard(encode(np.full((6, 4000), 0.9, np.float32), 16_000, "wav", "pcm_f32le")).max() < 0.91


@pytest.mark.parametrize("kind", ["ogg", "aac", "flac", "wav"])
def test_eight_channels_crash_nothing(kind: str) -> None:
    _, form, codec = FILES[kind]
    samples = heard(encode(np.stack([tone(1.0, 48_000)] * 8), 48_000, form, codec))
    assert loudness(samples) == pytest.approx(0.4 / np.sqrt(2), rel=0.2)  # aac at 96 kbit/s for eight


def test_many_unnamed_channels_are_mixed_evenly() -> None:
    steps = np.tile(np.array([8000, 0, 0, 0, 0, 0, 0, 0, 1000], np.int16), 4000)
    assert heard(wav(steps, channels=9)) == pytest.approx(np.full(4000, 1000 / 32768), abs=1e-6)


# 1: only formats that hold audio, no protocol


@pytest.fixture
def bait() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


CALLING = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{http}/a.ts\n#EXT-X-ENDLIST\n",
    "hls, master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{http}/a.m3u8\n",
    "ffconcat": "ffconcat version 1.0\nfile '{http}/a.wav'\n",
    "ffconcat, tcp": "ffconcat version 1.0\nfile 'tcp://127.0.0.1:{port}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><BaseURL>{http}/'
    '</BaseURL><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1"><SegmentList>'
    '<SegmentURL media="a.m4s"/></SegmentList></Representation></AdaptationSet></Period></MPD>',
    "sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0\r\n",
    "rtsp in rm": "rtsp://127.0.0.1:{port}/a\n",
    "asx": '<asx version="3.0"><entry><ref href="{http}/a.wma"/></entry></asx>',
}


class Named(io.BytesIO):
    """FFmpeg trusts a name: it takes no playlist for one unless it is called so."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


@pytest.mark.parametrize("kind", CALLING)
@pytest.mark.parametrize("name", ["", "a.m3u8", "a.mpd", "a.sdp", "a.wav"])
def test_a_text_cannot_make_the_server_call_out(kind: str, name: str, bait: socket.socket) -> None:
    port = bait.getsockname()[1]
    text = CALLING[kind].format(http=f"http://127.0.0.1:{port}", port=port).encode()
    with pytest.raises(BadAudio) as caught:
        next(decode(Named(text, name), max_seconds=9))
    assert caught.value.code == "invalid_audio"
    with pytest.raises(BlockingIOError):
        bait.accept()


@pytest.mark.parametrize("kind", ["hls", "hls, master", "ffconcat", "ffconcat, tcp", "sdp"])
def test_formats_that_name_other_files_are_not_even_parsed(kind: str) -> None:
    text = CALLING[kind].format(http="http://127.0.0.1:9", port=9).encode()
    with pytest.raises(BadAudio, match=r"\(Invalid argument\)"):  # what FFmpeg says of a format not listed
        next(decode(Named(text, "a.m3u8"), max_seconds=9))


@pytest.mark.parametrize("kind", ["ffconcat", "ffconcat, tcp", "sdp"])
def test_no_protocol_is_opened_even_for_a_format_that_would(
    kind: str, bait: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(container._OPTIONS, "format_whitelist", "hls,mpegts,concat,sdp,rtp")
    port = bait.getsockname()[1]
    text = CALLING[kind].format(http=f"http://127.0.0.1:{port}", port=port)
    assert refusal(text.encode()).code == "invalid_audio"
    with pytest.raises(BlockingIOError):
        bait.accept()


# 2: damaged packets are passed over


def damaged(data: bytes, seed: int, share: float) -> bytes:
    rng = np.random.default_rng(seed)
    body = np.frombuffer(data, np.uint8).copy()
    hit = rng.random(len(body)) < share
    hit[: len(body) // 10] = False  # the header is another matter
    body[hit] = rng.integers(0, 256, int(hit.sum()))
    return body.tobytes()


@pytest.mark.parametrize("kind", ["aac", "mp3", "flac", "webm"])
def test_damage_costs_only_what_it_hits(kind: str) -> None:
    rate, form, codec = FILES[kind]
    whole = encode(
        tone(6.0, rate) + np.random.default_rng(0).normal(0, 0.05, 6 * rate).astype(np.float32),
        rate,
        form,
        codec,
    )
    assert len(heard(damaged(whole, seed=1, share=4e-4))) > 2 * 16_000


@pytest.mark.parametrize("kind", FILES)
def test_nothing_but_bad_audio_comes_out_of_broken_files(kind: str) -> None:
    rate, form, codec = FILES[kind]
    whole = encode(tone(0.5, rate), rate, form, codec)
    rng = np.random.default_rng(7)
    for seed in range(25):
        body = bytearray(whole)
        for at in rng.integers(0, min(len(body), [200, len(body)][seed % 2]), 1 + seed // 3).tolist():
            body[at] = int(rng.integers(256))
        try:
            samples = heard(bytes(body[: len(body) - int(rng.integers(0, len(body))) * (seed % 3 == 0)]))
        except BadAudio:
            continue
        assert np.isfinite(samples).all() and np.abs(samples).max() <= 1


def test_a_file_that_is_mostly_damaged_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rate, form, codec = FILES["aac"]
    whole = encode(tone(3.0, rate), rate, form, codec)
    monkeypatch.setattr(container, "_SPARED", 3)
    body = bytearray(whole)
    for at in range(len(body) // 4, len(body) - 20):
        if body[at : at + 2] == b"\xff\xf1":  # the header of each packet stays, what it holds does not
            body[at + 7 : at + 20] = b"\xff" * 13
    assert "damaged" in refusal(bytes(body)).message


# 3: the format may change on the way


def test_a_file_may_change_its_format() -> None:
    first = encode(tone(1.0, 44_100), 44_100, "mp3", "libmp3lame")
    second = encode(np.stack([tone(1.0, 24_000)] * 2), 24_000, "mp3", "libmp3lame")
    samples = heard(first + second)
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.15)
    for half in np.split(samples[: len(samples) // 2 * 2], 2):
        assert pitch(half) == pytest.approx(440, abs=3)


def test_chained_ogg_is_heard_to_the_end() -> None:
    part = encode(tone(1.0, 48_000), 48_000, "ogg", "libopus")
    assert len(heard(part + part)) / 16_000 == pytest.approx(2.0, abs=0.05)


# 4: nothing is an error


def test_an_empty_file_says_so() -> None:
    error = refusal(b"")
    assert (error.code, error.message) == ("audio_empty", "the file is empty")


@pytest.mark.parametrize(
    "data", [wav(np.empty(0, np.int16)), encode(tone(1.0), 16_000, "flac", "flac")[:90]], ids=["wav", "flac"]
)
def test_a_header_alone_is_empty(data: bytes) -> None:
    assert refusal(data).code in ("audio_empty", "invalid_audio")


def test_random_bytes_are_no_audio() -> None:
    for seed in range(5):
        refusal(np.random.default_rng(seed).bytes(20_000))
        refusal(b"\xff\xfb\x90\x00" + np.random.default_rng(seed).bytes(50))


@pytest.mark.parametrize(
    "text", [b"hello\n" * 99, b"<!doctype html><html><body>502</body></html>", b"{}", b"\0" * 999]
)
def test_what_is_no_audio_is_named_so(text: bytes) -> None:
    error = refusal(text)
    assert error.code == "invalid_audio"
    assert error.message.startswith("this is no audio file that can be decoded (Invalid data found")
    assert "wav, mp3, m4a" in error.message


def test_a_video_without_sound_is_refused() -> None:
    error = refusal(picture())
    assert (error.code, error.message) == (
        "invalid_audio",
        "this file has no audio in it that can be decoded",
    )


def test_an_unknown_codec_is_refused() -> None:
    body = bytearray(wav(np.zeros(8000, np.int16)))
    body[20:22] = b"\x99\x77"
    assert refusal(bytes(body)).message.startswith("the codec of this file's audio is not known here")


# 5: what is no number


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_what_is_no_number_is_silence(kind: type[np.floating[np.generic]], channels: int) -> None:  # type: ignore[type-var]
    values = np.tile(tone(0.5), (channels, 1)).T.astype(kind)
    values[100:200] = np.nan
    values[300:400] = np.inf
    values[500:600] = -np.finfo(kind).max
    samples = heard(wav(values, channels=channels, rate=16_000))
    assert np.isfinite(samples).all() and np.abs(samples).max() <= 1
    assert not samples[100:200].any() and not samples[300:400].any()


# 6: rates


@pytest.mark.parametrize("rate", [1, 3_999, 768_001, 2_000_000_000])
def test_a_file_of_an_impossible_rate_is_refused(rate: int) -> None:
    error = refusal(wav(np.zeros(2000, np.int16), rate=rate))
    assert error.message == f"sample rate {rate} Hz is not supported; send 4000 to 768000 Hz"


# 7: lengths that lie


@pytest.mark.parametrize("size", [0xFFFFFFF0, 0xFFFFFFFF, 10_000_000])
def test_a_length_that_lies_is_harmless(size: int) -> None:
    assert len(heard(wav(np.ones(8000, np.int16), size=size))) == 8000


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "webm", "aac"])
def test_of_a_truncated_file_is_heard_what_exists(kind: str) -> None:
    rate, form, codec = FILES[kind]
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * rate).astype(np.float32)
    whole = encode(noise, rate, form, codec)
    # an ogg page is a second and whole or lost
    assert len(heard(whole[: len(whole) // 2])) / 16_000 == pytest.approx(2.0, abs=1.1)


def test_an_m4a_without_its_index_is_refused() -> None:
    whole = encode(tone(1.0, 44_100), 44_100, "ipod", "aac")
    assert refusal(whole[: len(whole) // 2]).code == "invalid_audio"


# 8: decoded seconds are limited, and memory


def test_a_small_file_cannot_hold_hours() -> None:
    data = silent_flac(1200)
    assert len(data) < 250_000
    file, total = io.BytesIO(data), 0
    with pytest.raises(BadAudio, match="longer than 60 s, the limit here") as caught:
        for block in decode(file, max_seconds=60):
            total += len(block)
    assert caught.value.code == "audio_too_long"
    assert 59 * 16_000 < total <= 60 * 16_000


def test_audio_as_long_as_the_limit_passes() -> None:
    assert len(heard(wav(np.zeros(32_000, np.int16)), max_seconds=2.0)) == 32_000
    assert refusal(wav(np.zeros(32_001, np.int16)), max_seconds=2.0).code == "audio_too_long"


def test_memory_does_not_grow_with_the_file() -> None:
    file = io.BytesIO(silent_flac(600))
    tracemalloc.start()
    try:
        total = sum(len(block) for block in decode(file, max_seconds=3600))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == pytest.approx(600 * 16_000, abs=4608 * 2)
    assert peak < 1_000_000 < total * 4 / 30


def test_reading_is_lazy() -> None:
    data = silent_flac(1200)
    file = io.BytesIO(data)
    blocks = decode(file, max_seconds=3600)
    next(blocks)
    assert file.tell() < len(data)
    blocks.close()  # type: ignore[attr-defined]
    assert not file.closed


# probe


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_probe_reads_what_the_file_says(kind: str) -> None:
    rate, form, codec = FILES[kind]
    file = io.BytesIO(encode(tone(2.0, rate), rate, form, codec))
    assert probe(file) == pytest.approx(2.0, abs=0.1)
    assert file.tell() == 0
    assert sum(map(len, decode(file, max_seconds=9))) == pytest.approx(32_000, abs=2000)


def test_probe_refuses_as_decode_does() -> None:
    for data in (b"", b"hello\n" * 99, picture()):
        with pytest.raises(BadAudio) as caught:
            probe(io.BytesIO(data))
        assert caught.value.message == refusal(data).message


CALL = np.stack([tone(2.0), np.zeros(32_000, np.float32)])
"""The other end is silent."""


def apart(data: bytes) -> Samples:
    """The channels, joined."""
    return np.concatenate(list(decode_channels(io.BytesIO(data), max_seconds=60)), axis=1)


@pytest.mark.parametrize(
    ("rate", "form", "codec"), [(8_000, "wav", "pcm_s16le"), (44_100, "mp3", "libmp3lame")]
)
def test_channels_are_kept_apart(rate: int, form: str, codec: str) -> None:
    planes = np.stack([tone(2.0, rate), tone(2.0, rate, 880.0)])
    left, right = apart(encode(planes, rate, form, codec))
    assert left.dtype == np.float32 and len(left) == pytest.approx(32_000, abs=2000)
    assert (pitch(left), pitch(right)) == (pytest.approx(440, abs=2), pytest.approx(880, abs=2))


def test_eight_channels_are_kept_apart() -> None:
    """Planar codecs of so many have no ``to_ndarray`` in PyAV."""
    planes = np.stack([tone(1.0) * n / 8 for n in range(8)])
    found = apart(encode(planes, 16_000, "flac", "flac"))
    assert np.allclose(found, planes, atol=1e-3)


def test_channels_apart_are_limited_too() -> None:
    with pytest.raises(BadAudio, match="longer than 1 s"):
        list(decode_channels(io.BytesIO(encode(CALL, 16_000, "wav", "pcm_s16le")), max_seconds=1))
    with pytest.raises(BadRequest):
        decode_channels(io.BytesIO(), rate=1, max_seconds=1)


def voices(planes: Samples, form: str = "wav", codec: str = "pcm_s16le") -> int:
    file = io.BytesIO(encode(planes, 16_000, form, codec))
    counted = count_voices(file, max_seconds=120)
    assert file.tell() == 0
    return counted


def test_voices_are_counted_by_what_channels_have_for_themselves() -> None:
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (2, 32_000)).astype(np.float32)
    one, other = tone(2.0), tone(2.0, hertz=880.0)
    assert voices(one) == 1
    assert voices(np.stack([one, one])) == 1
    assert voices(np.stack([one, one * 0.9 + noise[0] * 0.01])) == 1  # the same, a little otherwise
    assert voices(np.stack([one, one]), "mp3", "libmp3lame") == 1
    assert voices(CALL) == 2
    assert voices(np.stack([one, other])) == 2
    assert voices(np.stack([one, one * 0.1])) == 2  # what one end hears of the other
    assert voices(noise) == 2
    assert voices(np.stack([one] * 6)) == 1
    assert voices(np.stack([one, other, one, one, one, one])) == 6


def test_voices_of_silence_are_those_of_its_channels() -> None:
    assert voices(np.zeros((2, 16_000), np.float32)) == 2


def test_a_common_beginning_does_not_make_them_one() -> None:
    music, one, other = tone(90.0, hertz=300.0), tone(60.0), tone(60.0, hertz=880.0)
    assert voices(np.stack([np.concatenate([music, one]), np.concatenate([music, other])])) == 2


def test_counting_voices_reads_no_further_than_it_may() -> None:
    planes = np.stack([np.concatenate([tone(5.0), tone(50.0)]), np.concatenate([tone(5.0), -tone(50.0)])])
    file = io.BytesIO(encode(planes, 16_000, "wav", "pcm_s16le"))
    assert count_voices(file, max_seconds=4) == 1
    assert count_voices(file, max_seconds=60) == 2
