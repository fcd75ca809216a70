from __future__ import annotations

import pytest

from saywire.client.capture.base import Device, Kind

DEVICE = Device(Kind.SYSTEM, "spk", "Kopfhörer 扬声器")


@pytest.mark.parametrize(
    ("wanted", "meant", "alike"),
    [
        ("spk", True, False),
        ("SPK", False, False),
        ("KOPFHÖRER 扬声器", True, True),
        ("扬声器", False, True),
        ("mic", False, False),
    ],
)
def test_a_device_is_known_by_its_id_or_its_name(wanted: str, meant: bool, alike: bool) -> None:
    assert (DEVICE.is_meant(wanted), DEVICE.resembles(wanted)) == (meant, alike)


def test_kinds_have_words_for_people() -> None:
    assert [kind.noun for kind in Kind] == ["microphone", "loudspeaker"]
