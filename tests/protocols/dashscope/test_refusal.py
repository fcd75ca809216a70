import json

import pytest

from saywire.errors import BadAudio, BadRequest, EngineFailed, NotAllowed, Overloaded, UnknownModel
from saywire.protocols.dashscope.refusal import name_failure, refuse


def test_each_reason_has_its_status_and_code():
    reasons = NotAllowed("no key"), Overloaded("full"), EngineFailed("broken")
    answers = [refuse(error, "req_1") for error in reasons]
    assert [answer.status for answer in answers] == [401, 429, 500]
    bodies = [json.loads(answer.body) for answer in answers]
    assert [body["code"] for body in bodies] == ["InvalidApiKey", "Throttling.RateQuota", "InternalError"]
    assert all(body["request_id"] == "req_1" and body["message"] for body in bodies)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRequest("late", code="CLIENT_ERROR"), "CLIENT_ERROR"),
        (BadRequest("odd"), "InvalidParameter"),
        (BadAudio("no audio"), "UNSUPPORTED_FORMAT"),
        (UnknownModel("no model"), "ModelNotFound"),
        (NotAllowed("no key"), "InvalidApiKey"),
        (Overloaded("full"), "Throttling.RateQuota"),
        (EngineFailed("broken"), "InternalError"),
    ],
)
def test_each_failure_of_a_task_has_its_code(error, code):
    assert name_failure(error) == code
