import pytest

from saywire.errors import EngineFailed, UnknownModel
from saywire.protocols.openai import events as wire
from saywire.protocols.openai.refusals import conversational, no_call, of_opening, too_old, unknown_item


@pytest.mark.parametrize(
    ("seconds", "length"), [(3600, "60 minutes"), (900, "15 minutes"), (90, "1.5 minutes"), (5, "5 seconds")]
)
def test_too_old_says_how_old_it_may_be(seconds, length):
    error = too_old(seconds)
    assert error.message == f"Your session hit the maximum duration of {length}."
    assert error.code == "session_expired"


def test_each_names_what_was_wrong():
    assert no_call("rtc_1").param == "call_id" and "'rtc_1'" in no_call("rtc_1").message
    missing = unknown_item("retriev", "x" * 1000)
    assert missing.code == "item_retrieve_invalid_item_id" and len(missing.message) < 300
    assert "'response.create'" in conversational(wire.ResponseCreate()).message


def test_the_url_has_its_own_code_for_a_model():
    error = of_opening(UnknownModel("not here"))
    assert (error.code, error.message) == ("invalid_model", "not here")
    failed = EngineFailed("broken")
    assert of_opening(failed) is failed
