from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.folders import field
from saywire.engines.protobuf import FIXED32, LENGTH, VARINT, Field, Malformed, read_varint, walk

MESSAGE = field(1, b"ab") + b"\x10\x96\x01" + b"\x1d\x00\x00\x80\x3f"
"""A text, the number 150, a float."""


def test_fields_come_in_their_order() -> None:
    fields = list(walk(MESSAGE, 0, len(MESSAGE)))
    assert fields == [Field(1, LENGTH, 2, 4), Field(2, VARINT, 5, 7), Field(3, FIXED32, 8, 12)]
    assert read_varint(MESSAGE, 5, len(MESSAGE)) == (150, 7)


@pytest.mark.parametrize("end", [1, 3, 5, 6, 9])
def test_a_message_that_was_cut_off(end: int) -> None:
    with pytest.raises(Malformed):
        list(walk(MESSAGE, 0, end))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_fields_inside_them_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        assert all(0 <= found.start <= found.end <= len(data) for found in walk(data, 0, len(data)))
