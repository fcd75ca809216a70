"""When an OpenAI session acts though the client does nothing: nobody has spoken for long, it is too old."""

from __future__ import annotations

from collections.abc import Callable


class Clock:
    """Times are Unix seconds. The session is quiet from its start until somebody speaks."""

    def __init__(self, now: Callable[[], float], lifetime: float | None) -> None:
        """``lifetime``: seconds after which the session expires; None: never."""
        self._now = now
        self._end = None if lifetime is None else now() + lifetime
        self._quiet_since: float | None = now()
        self._patience: float | None = None

    @property
    def deadline(self) -> float | None:
        known = [due for due in (self._end, self._idle_at) if due is not None]
        return min(known, default=None)

    @property
    def _idle_at(self) -> float | None:
        quiet, patience = self._quiet_since, self._patience
        return None if quiet is None or patience is None else quiet + patience

    def wait(self, patience: float | None) -> None:
        """From now on ``patience`` seconds of quiet are idleness; None: however many are not."""
        if patience != self._patience:
            self._patience = patience
            if self._quiet_since is not None:
                self.quiet()

    def speak(self) -> None:
        self._quiet_since = None

    def quiet(self) -> None:
        self._quiet_since = self._now()

    def stop(self) -> None:
        """Nothing is due any more."""
        self._end = self._patience = None

    def expired(self) -> bool:
        return self._end is not None and self._end <= self._now()

    def idle(self) -> bool:
        """Whether it has been quiet for too long. If so, it is asked again only after as long a time."""
        due = self._idle_at
        if due is None or due > self._now():
            return False
        self.quiet()
        return True
