import base64

import numpy as np
import pytest

from saywire.audio.pcm import to_alaw, to_mulaw
from saywire.errors import BadRequest
from saywire.protocols.openai.buffer import InputBuffer
from saywire.protocols.openai.session import Format

PCM = Format("audio/pcm", 24_000)
TONE = (np.sin(np.arange(400) / 9) * 0.5).astype(np.float32)


def text(data):
    return base64.b64encode(data).decode()


def silence(seconds, rate=24_000):
    return text(bytes(2 * round(seconds * rate)))


@pytest.mark.parametrize(("kind", "encode"), [("audio/pcmu", to_mulaw), ("audio/pcma", to_alaw)])
def test_g711_is_decoded_at_8_khz(kind, encode):
    heard = InputBuffer().append(text(encode(TONE)), Format(kind))
    assert heard.rate == 8_000
    assert np.abs(heard.samples - TONE).max() < 0.02


def test_a_rate_of_its_own_is_taken():
    assert InputBuffer().append(silence(1, 16_000), Format("audio/pcm", 16_000)).rate == 16_000
    assert InputBuffer().append(silence(1), Format("audio/pcm")).rate == 24_000


@pytest.mark.parametrize("audio", ["?", "AAA", "AAAA\n", "AA=A", "é", "_-_-"])
def test_what_is_no_base64_is_refused(audio):
    with pytest.raises(BadRequest) as refused:
        InputBuffer().append(audio, PCM)
    assert (refused.value.code, refused.value.param) == ("invalid_value", "audio")


def test_nothing_whole_is_nothing():
    buffer = InputBuffer()
    assert buffer.append("", PCM) is None
    assert buffer.append(text(b"\x00"), PCM) is None


def waiting(buffer):
    """Milliseconds that the refusal of a commit names; None where it is not refused."""
    try:
        buffer.commit()
    except BadRequest as error:
        assert error.code == "input_audio_buffer_commit_empty"
        return float(error.message.split("only has ")[1].removesuffix("ms of audio."))
    return None


def test_a_hundred_small_appends_are_as_long_as_one():
    buffer = InputBuffer()
    for _ in range(100):
        buffer.append(silence(0.001), PCM)
    assert waiting(buffer) is None


@pytest.mark.parametrize("empty", [InputBuffer.commit, InputBuffer.clear])
def test_commit_and_clear_leave_nothing_to_commit(empty):
    buffer = InputBuffer()
    buffer.append(silence(0.5), PCM)
    empty(buffer)
    assert waiting(buffer) == 0
    buffer.append(silence(0.05), PCM)
    assert waiting(buffer) == 50


def test_a_detected_end_takes_the_audio_before_it():
    buffer = InputBuffer()
    buffer.append(silence(2), PCM)
    buffer.ended(1.97)
    assert waiting(buffer) == 30


def test_a_late_end_gives_nothing_back():
    buffer = InputBuffer()
    buffer.append(silence(2), PCM)
    buffer.commit()
    buffer.ended(1.0)
    assert waiting(buffer) == 0


def test_clears_are_remembered_in_their_order():
    buffer = InputBuffer()
    for _ in range(2):
        buffer.append(silence(0.5), PCM)
        buffer.clear()
    buffer.append(silence(0.5), PCM)
    assert [buffer.cleared(), buffer.cleared(), buffer.cleared()] == [0.5, 1.0, 1.5]


def test_each_commit_the_session_obeys_is_told_apart():
    buffer = InputBuffer()
    assert not buffer.committable and buffer.waiting == 0.0
    for idle in (False, True, False):
        buffer.append(silence(0.1), PCM)
        assert buffer.committable and buffer.waiting == pytest.approx(0.1)
        buffer.commit(idle=idle)
    assert [buffer.committed() for _ in range(3)] == [False, True, False]
    assert buffer.committed() is False  # nobody asked for that one


def test_it_goes_on_where_another_was():
    buffer = InputBuffer()
    assert buffer.fresh
    buffer.resume(48_000, 24_000, 2.05)
    assert buffer.fresh and buffer.heard == 2.0
    buffer.append(silence(0.1), PCM)
    assert not buffer.fresh and not buffer.committable
    buffer.append(silence(0.05), PCM)
    assert buffer.committable and buffer.heard == 2.15
