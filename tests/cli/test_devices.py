from __future__ import annotations

import io

from rich.console import Console

from client.capture.test_choose import ALL, Double
from saywire.cli.devices import print_devices
from saywire.client.capture.base import Device, Kind


def printed(among) -> list[list[str]]:
    file = io.StringIO()
    print_devices(Console(file=file, width=100), among)
    return [line.split() for line in file.getvalue().splitlines() if line.strip()]


def test_all_devices_of_all_back_ends_are_listed_with_ids_and_the_usual_one():
    assert printed(ALL) == [
        ["microphones", "(saywire", "listen", "mic)"],
        ["-", "first", "first", "is", "not", "installed"],
        ["m1", "second", "USB", "Audio"],
        ["*", "m2", "second", "USB", "Camera"],
        ["7", "third", "Line", "In"],
        ["loudspeakers", "(saywire", "listen", "system)"],
        ["-", "first", "first", "is", "not", "installed"],
        ["*", "s1", "second", "HDMI"],
        ["s2", "second", "Headset"],
    ]


def test_names_are_not_taken_for_markup_or_cut_off():
    name = "[bold]Kopfhörer[/] 扬声器 " * 3
    rows = printed({kind: (Double("one", [Device(kind, "id", name)]),) for kind in Kind})
    assert "".join(rows[1][3:]) == "".join(name.split())
