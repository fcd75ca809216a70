from __future__ import annotations

import json

import pytest

from saywire.errors import (
    BadAudio,
    BadRequest,
    ConfigError,
    EngineFailed,
    NotAllowed,
    OutOfOrder,
    Overloaded,
    UnknownModel,
    Unsupported,
)
from saywire.server.problems import TooLarge, TooSlow, body, respond, status

BAD, SERVER = "invalid_request_error", "server_error"


@pytest.mark.parametrize(
    ("error", "code", "kind", "told"),
    [
        (BadRequest("x"), 400, BAD, "invalid_request"),
        (Unsupported("x"), 400, BAD, "unsupported"),
        (BadAudio("x"), 400, BAD, "invalid_audio"),
        (UnknownModel("x"), 404, BAD, "model_not_found"),
        (NotAllowed("x"), 401, BAD, None),
        (NotAllowed("x", code="invalid_api_key"), 401, BAD, "invalid_api_key"),
        (TooLarge("x"), 413, SERVER, None),
        (TooSlow("x"), 408, BAD, "upload_stalled"),
        (Overloaded("x"), 503, SERVER, "overloaded"),
        (EngineFailed("x"), 500, SERVER, "engine_failed"),
        (OutOfOrder("x"), 500, SERVER, "out_of_order"),
        (ConfigError("x"), 500, SERVER, "bad_config"),
    ],
)
def test_every_error_has_its_status_and_its_shape(error, code, kind, told):
    assert status(error) == code
    assert json.loads(body(error)) == {"error": {"message": "x", "type": kind, "param": None, "code": told}}
    answer = respond(error)
    assert (answer.status_code, answer.media_type) == (code, "application/json")
    assert ("retry-after" in answer.headers) is (code == 503)
    assert ("www-authenticate" in answer.headers) is (code == 401)


def test_the_field_at_fault_is_named():
    assert json.loads(body(BadRequest("x", param="language")))["error"]["param"] == "language"
