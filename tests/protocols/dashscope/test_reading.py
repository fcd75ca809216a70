import pytest

from saywire.errors import BadRequest
from saywire.protocols.dashscope import events as wire
from saywire.protocols.dashscope.reading import read


def test_events_are_told_by_their_type():
    assert read('{"type":"session.finish","event_id":"e","more":1}') == wire.Finish(event_id="e")


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        ('{"type":"nonsense"}', "invalid_value", "type"),
        ('{"type":7}', "invalid_value", "type"),
        ("{}", "invalid_value", "type"),
        ("[]", "invalid_value", "type"),
        ("{", "invalid_json", None),
        ('{"type":' + "[" * 100_000, "invalid_json", None),
        (b"{}", "invalid_value", None),
        ('{"type":"session.update","session":{"sample_rate":"x"}}', "invalid_value", "session.sample_rate"),
    ],
)
def test_what_is_no_event_is_refused(frame, code, param):
    with pytest.raises(BadRequest) as refused:
        read(frame)
    assert (refused.value.code, refused.value.param) == (code, param)
