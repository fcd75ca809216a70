import json

import pytest

from protocols.adapters import surroundings
from saywire import errors
from saywire.protocols.base import Close
from saywire.protocols.openai import events as wire
from saywire.protocols.openai.outbox import Outbox, close_code


def box():
    return Outbox(surroundings().new_id)


@pytest.mark.parametrize(
    ("error", "kind", "code", "close"),
    [
        (errors.BadRequest("x"), "invalid_request_error", "invalid_request", 4000),
        (errors.UnknownModel("x"), "invalid_request_error", "model_not_found", 4000),
        (errors.NotAllowed("x"), "invalid_request_error", None, 3000),
        (errors.NotAllowed("x", code="invalid_api_key"), "invalid_request_error", "invalid_api_key", 3000),
        (errors.Overloaded("x"), "rate_limit_error", "overloaded", 1013),
        (errors.EngineFailed("x"), "server_error", "engine_failed", 1011),
        (errors.OutOfOrder("x"), "server_error", "out_of_order", 1011),
    ],
)
def test_each_error_has_its_type_code_and_close(error, kind, code, close):
    out = box()
    out.error(error, "model", "mine")
    out.end(close_code(error), error)
    told, end = out.take()
    assert json.loads(told)["error"] == {
        "type": kind,
        "code": code,
        "message": "x",
        "param": "model",
        "event_id": "mine",
    }
    assert end == Close(close, f"{kind}.{code}" if code else kind)


def test_nothing_follows_the_end():
    out = box()
    out.end(1000)
    out.emit(wire.Cleared(out.stamp()))
    out.end(1011, errors.OutOfOrder("x"))
    assert out.take() == [Close(1000)]
    assert out.take() == [] and out.ended


def test_a_reason_fits_a_control_frame():
    out = box()
    out.end(1011, errors.SaywireError("x", code="é" * 200))
    [end] = out.take()
    assert len(end.reason.encode()) <= 123 and end.reason.startswith("server_error.é")


def test_ids_come_from_outside_and_text_is_utf_8():
    out = box()
    out.emit(wire.ItemDeleted(out.stamp(), "漢"))
    assert out.take() == ['{"type":"conversation.item.deleted","event_id":"event_1","item_id":"漢"}']


def test_a_transcript_waits_for_what_comes_next_where_that_is_wanted():
    out, done = box(), wire.Completed("event_1", "item_1", 0, "x", wire.Usage(1.0))
    out.emit(done)
    assert len(out.take()) == 1
    out.holds = True
    out.emit(done)
    assert out.take() == [] and out.held == done
    out.emit(wire.Cleared("event_2"))
    assert [json.loads(frame)["event_id"] for frame in out.take()] == ["event_1", "event_2"]
    out.emit(done)
    out.end(1000)
    told, end = out.take()
    assert json.loads(told)["event_id"] == "event_1" and end == Close(1000)
    out.release()
    assert out.take() == []
