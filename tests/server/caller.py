"""A peer that calls, of the benches; whatever imports this is skipped where aiortc is not installed."""

from __future__ import annotations

import pytest

pytest.importorskip("aiortc", reason="saywire[webrtc] is not installed")

from bench.caller import Caller, calling

__all__ = ["Caller", "calling"]
