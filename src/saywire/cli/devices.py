"""What ``saywire listen --devices`` prints: all that can be captured, and by what."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..client.capture.base import Kind
from ..client.capture.choose import Backends, Offer, backends, survey


def print_devices(console: Console, among: Backends | None = None) -> None:
    """Microphones, then loudspeakers; with a star that which is taken when none is named."""
    for kind in Kind:
        console.print(Text(f"{kind.noun}s (saywire listen {kind})", "bold"))
        table = Table.grid(padding=(0, 2))
        usual = True
        for offer in survey(kind, among or backends()):
            for row in _rows(offer, usual):
                table.add_row(*map(Text, row))
            usual = usual and not offer.devices
        console.print(table, "")


def _rows(offer: Offer, usual: bool) -> list[tuple[str, ...]]:
    """``usual``: whether no back end before has any."""
    if not offer.devices:
        return [("", "", "-", offer.backend.name, offer.problem)]
    chosen = next((one for one in offer.devices if one.default), offer.devices[0])
    return [
        ("", "*" if usual and one is chosen else "", one.id, offer.backend.name, one.name)
        for one in offer.devices
    ]
