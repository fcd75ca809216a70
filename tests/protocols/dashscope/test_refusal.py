import json

from saywire.errors import EngineFailed, NotAllowed, Overloaded
from saywire.protocols.dashscope.refusal import refuse


def test_each_reason_has_its_status_and_code():
    reasons = NotAllowed("no key"), Overloaded("full"), EngineFailed("broken")
    answers = [refuse(error, "req_1") for error in reasons]
    assert [answer.status for answer in answers] == [401, 429, 500]
    bodies = [json.loads(answer.body) for answer in answers]
    assert [body["code"] for body in bodies] == ["InvalidApiKey", "Throttling.RateQuota", "InternalError"]
    assert all(body["request_id"] == "req_1" and body["message"] for body in bodies)
