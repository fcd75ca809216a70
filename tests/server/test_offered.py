from __future__ import annotations

from saywire.server.offered import offered_keys, offered_share, path_in


def test_keys_are_found_wherever_clients_put_them():
    headers = [(b"authorization", b"Bearer a"), (b"api-key", b"b"), (b"x-api-key", b"c")]
    query = b"api_key=d&api-key=e&key=x"
    scope = {
        "type": "websocket",
        "headers": headers,
        "query_string": query,
        "subprotocols": ["realtime", "openai-insecure-api-key.f"],
    }
    assert list(offered_keys(scope)) == ["a", "b", "c", "d", "e", "f"]


def test_what_is_no_key_is_not_offered():
    for value in (b"Basic a", b"Bearer", b"Bearer  ", b""):
        scope = {"type": "http", "headers": [(b"authorization", value)], "query_string": b""}
        assert list(offered_keys(scope)) == []


def test_a_speakers_secret_is_found_in_headers_subprotocols_and_the_address():
    header, query = {"saywire-share": "a"}, {"share": "c"}
    names = ("realtime", "saywire-share.b")
    assert [
        offered_share(header, query, names),
        offered_share({}, query, names),
        offered_share({}, query, ()),
        offered_share({}, {}, ("realtime",)),
    ] == ["a", "b", "c", ""]


def test_a_path_counts_from_where_the_application_is():
    assert path_in({"path": "/asr/v1/realtime", "root_path": "/asr"}) == "/v1/realtime"
    assert path_in({"path": "/v1/realtime"}) == "/v1/realtime"
