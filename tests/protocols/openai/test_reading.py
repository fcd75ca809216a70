import pytest

from saywire.errors import BadRequest
from saywire.protocols.openai import events as wire
from saywire.protocols.openai.reading import read, read_session


def test_an_event_is_read_whatever_else_is_in_it():
    event = read('{"audio":"AAAA","new":[1,{"x":null}],"type":"input_audio_buffer.append","event_id":"e"}')
    assert event == wire.Append(audio="AAAA", event_id="e")


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ('{"type":"session.update","session":{}}', wire.SessionUpdate),
        ('{"type":"transcription_session.update","session":{}}', wire.FlatSessionUpdate),
        ('{"type":"session.input_audio_buffer.append","audio":""}', wire.Append),
        ('{"type":"session.close","event_id":null}', wire.CloseSession),
        ('{"type":"response.create","response":{"x":1}}', wire.Conversational),
        ('{"type":"conversation.item.retrieve","item_id":"i"}', wire.Retrieve),
    ],
)
def test_types_name_events(frame, kind):
    assert isinstance(read(frame), kind)


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        (b"{}", "invalid_event", None),
        ("", "invalid_json", None),
        ("{", "invalid_json", None),
        ("\ud800", "invalid_json", None),
        ('{"a":' * 100_000, "invalid_json", None),
        ('{"type":"session.close"} x', "invalid_json", None),
        ("[]", "invalid_event", None),
        ("null", "invalid_event", None),
        ("{}", "invalid_event", "type"),
        ('{"type":"x"}', "invalid_value", "type"),
        ('{"type":[]}', "invalid_type", "type"),
        ('{"type":"session.update"}', "missing_required_parameter", "session"),
        ('{"type":"session.update","session":null}', "invalid_type", "session"),
        ('{"type":"session.update","session":{"include":[1]}}', "invalid_type", "session.include[0]"),
        ('{"type":"session.update","session":{"audio":{"input":{"format":{"rate":"x"}}}}}', "invalid_type",
         "session.audio.input.format.rate"),
        ('{"type":"session.update","session":{"audio":{"input":{"format":{"rate":1e999}}}}}', "invalid_value",
         "session.audio.input.format.rate"),
        ('{"type":"session.close","event_id":5}', "invalid_type", "event_id"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_by_place(frame, code, param):
    with pytest.raises(BadRequest) as refused:
        read(frame)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_the_types_there_are_are_listed():
    with pytest.raises(
        BadRequest, match=r"Invalid value: 'x'\. Supported values are: 'session\.update', .*, and '"
    ):
        read('{"type":"x"}')


def test_a_session_that_came_by_itself_is_read_likewise():
    assert read_session('{"type":"transcription","more":1}').type == "transcription"
    with pytest.raises(BadRequest) as refused:
        read_session("{")
    assert (refused.value.code, refused.value.param) == ("invalid_json", "session")
