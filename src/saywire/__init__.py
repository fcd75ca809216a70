"""saywire: self-hosted real-time speech recognition."""

from __future__ import annotations

__version__ = "0.1.0"
