from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from saywire.client.capture.base import Device, Kind, Warn
from saywire.client.capture.blocks import Blocks
from saywire.client.capture.choose import Backends, backends, capture, survey
from saywire.errors import BadAudio, EngineFailed

MICROPHONE, SYSTEM = Kind


@dataclass
class Double:
    name: str
    has: Sequence[Device] = ()
    problem: str = ""
    opened: list[str] = field(default_factory=list)

    def devices(self) -> Sequence[Device]:
        if self.problem:
            raise EngineFailed(self.problem)
        return self.has

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        self.opened.append(device.id)
        return Blocks(16_000)


FIRST = Double("first", problem="first is not installed")
SECOND = Double(
    "second",
    [
        Device(MICROPHONE, "m1", "USB Audio"),
        Device(MICROPHONE, "m2", "USB Camera", True),
        Device(SYSTEM, "s1", "HDMI"),
        Device(SYSTEM, "s2", "Headset"),
    ],
)
THIRD = Double("third", [Device(MICROPHONE, "7", "Line In", True)])
ALL: Backends = {MICROPHONE: (FIRST, SECOND, THIRD), SYSTEM: (FIRST, SECOND)}


@pytest.mark.parametrize(
    ("kind", "wanted", "opened"),
    [
        (MICROPHONE, "", "m2"),
        (MICROPHONE, "m1", "m1"),
        (MICROPHONE, "usb audio", "m1"),
        (MICROPHONE, "camera", "m2"),
        (SYSTEM, "", "s1"),
        (SYSTEM, "head", "s2"),
    ],
)
def test_a_device_is_found_by_id_by_name_or_as_the_usual_one(kind, wanted, opened):
    SECOND.opened.clear()
    capture(kind, wanted, among=ALL)
    assert SECOND.opened == [opened]


def test_another_back_end_may_have_it():
    THIRD.opened.clear()
    capture(MICROPHONE, "7", among=ALL)
    assert THIRD.opened == ["7"]


@pytest.mark.parametrize(
    ("kind", "wanted", "message"),
    [
        (SYSTEM, "m1", r"no loudspeaker is called 'm1'; there are: HDMI \(s1\), Headset \(s2\)"),
        (MICROPHONE, "USB", r"could be any of: USB Audio \(m1\), USB Camera \(m2\); give the id"),
    ],
)
def test_a_device_that_is_not_there_or_not_meant_clearly(kind, wanted, message):
    with pytest.raises(BadAudio, match=message):
        capture(kind, wanted, among=ALL)


def test_every_back_end_says_why_it_can_do_nothing():
    empty: Backends = {SYSTEM: (FIRST, Double("empty", THIRD.has))}
    expected = "no loudspeaker can be captured: first is not installed; empty finds no loudspeaker"
    with pytest.raises(EngineFailed, match=expected):
        capture(SYSTEM, among=empty)


def test_a_survey_tells_of_all():
    offers = list(survey(MICROPHONE, ALL))
    assert [(offer.backend.name, len(offer.devices), offer.problem) for offer in offers] == [
        ("first", 0, "first is not installed"),
        ("second", 2, ""),
        ("third", 1, ""),
    ]


@pytest.mark.parametrize(
    ("platform", "microphone", "system"),
    [
        ("linux", "pulse sounddevice soundcard", "pulse soundcard sounddevice"),
        ("win32", "sounddevice soundcard", "soundcard sounddevice"),
        ("darwin", "sounddevice", "catap sounddevice"),
    ],
)
def test_each_system_has_its_order(platform, microphone, system):
    found = backends(platform)
    assert [" ".join(one.name for one in found[kind]) for kind in Kind] == [microphone, system]
