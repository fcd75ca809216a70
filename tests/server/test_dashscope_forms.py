import json

import pytest

from saywire.errors import BadRequest, EngineFailed, UnknownModel
from saywire.server.dashscope_forms import ChatForm, Heard, NativeForm
from saywire.types import Options

USER = {"role": "user", "content": [{"audio": "AAAA"}]}


def read(*messages, form=None, **more):
    body = {"input": {"messages": list(messages)}, "messages": list(messages)} | more
    return (form or NativeForm()).read(json.dumps(body).encode(), False, Options(language="zh", prompt="p"))


def test_context_is_prompt_and_where_it_is_a_list_hotwords():
    ask = read({"role": "system", "content": "one, two"}, USER)
    assert (ask.options.prompt, ask.options.hotwords) == ("one, two", ("one", "two"))
    assert read(USER).options.prompt == "p"


def test_the_last_recording_of_the_user_counts():
    later = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "BBBB"}}]}
    assert read(USER, {"role": "assistant", "content": [{"audio": "CCCC"}]}, later).audio == "BBBB"
    with pytest.raises(BadRequest, match="no audio"):
        read({"role": "user", "content": "words only"})


def test_each_form_refuses_in_its_own_shape():
    assert json.loads(bytes(ChatForm().refuse(EngineFailed("broke")).body))["error"]["message"] == "broke"
    errors = EngineFailed("x"), UnknownModel("x")
    codes = [json.loads(bytes(NativeForm().refuse(error).body))["code"] for error in errors]
    assert codes == ["InternalError", "ModelNotFound"]


def test_tokens_of_text_are_words_and_characters():
    body = ChatForm().whole(read(USER), Heard("今天 is fine", "", "zh", 2.0, True))
    assert body["usage"]["completion_tokens"] == 4 and body["usage"]["prompt_tokens"] == 50
