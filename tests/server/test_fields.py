from __future__ import annotations

import io

import pytest
from starlette.datastructures import FormData, UploadFile

from saywire.errors import BadRequest
from saywire.server.fields import Fields, decode

FILE = UploadFile(io.BytesIO(b"RIFF"), filename="upload")


def test_fields_take_the_last_of_several_and_no_files():
    fields = Fields(FormData([("a", "1"), ("a", "2"), ("a[", "3"), ("b[]", "4"), ("c[x]", "5"), ("a", FILE)]))
    assert (fields.one("a"), fields.many("a"), fields.one("b")) == ("2", ("1", "2"), "4")
    assert fields.object("c") == {"x": "5"}
    assert (fields.one("d"), fields.many("d"), fields.object("a")) == (None, (), {})


@pytest.mark.parametrize(
    "pairs",
    [
        [("a[]", "x"), ("a[]", "y")],
        [("a", "x"), ("a", "y")],
        [("a", '["x", "y"]')],
        [("a[]", " x "), ("a[]", ""), ("a", "y")],
    ],
)
def test_spellings_of_a_list(pairs):
    assert Fields(FormData(pairs)).many("a") == ("x", "y")


def test_json_that_is_none_names_its_field():
    assert decode("[1]", list[int], "numbers") == [1]
    with pytest.raises(BadRequest) as refused:
        decode("[1", list[int], "numbers")
    assert refused.value.param == "numbers"
