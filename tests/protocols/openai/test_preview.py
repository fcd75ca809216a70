import pytest

from saywire.errors import BadRequest
from saywire.protocols.openai.preview import preview, preview_flat
from saywire.types import Options


def test_it_is_what_session_created_will_say():
    shown = preview("sess_1", '{"audio":{"input":{"transcription":{"language":"en"}}}}', Options())
    assert (shown.id, shown.type, shown.expires_at) == ("sess_1", "transcription", 0)
    assert shown.audio.input.transcription.language == "en"
    assert shown.audio.input.turn_detection.type == "server_vad"


def test_the_beta_s_shape():
    shown = preview_flat("sess_1", '{"input_audio_format":"g711_ulaw"}', Options())
    assert (shown.id, shown.input_audio_format, shown.client_secret) == ("sess_1", "g711_ulaw", None)


def test_what_may_not_be_is_told():
    with pytest.raises(BadRequest):
        preview("sess_1", '{"audio":{"input":{"format":{"rate":1}}}}', Options())
