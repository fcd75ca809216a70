from __future__ import annotations

import pytest

from saywire.protocols.envelope import event_id_in


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        ('{"event_id":"e","type":"x"}', "e"),
        ('{"event_id":7,"type":"x"}', None),
        ('{"type":"x"}', None),
        ('{"event_id":"e"', None),
        ("[]", None),
        (b"\xff", None),
        ("\ud800", None),
    ],
)
def test_the_client_s_name_for_an_event_is_found_where_it_can_be(frame, found):
    assert event_id_in(frame) == found
