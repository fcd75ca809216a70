"""A lock that processes hold on a file: it ends with them, however they end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import ModelError

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _wait(file: IO[bytes]) -> None:
        while True:  # LK_LOCK gives up after ten seconds
            try:
                return _take(file)
            except OSError:
                time.sleep(0.5)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _wait(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; ``waiting`` is called before waiting for somebody else. Raises ModelError.

    The file stays: who removed it would let two others hold two different ones.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as e:
        raise ModelError(
            f"cannot write to {path.parent}: {e.strerror}; set models.folder to a place of yours"
        ) from e
    with file:
        try:
            _take(file)
        except OSError:
            waiting()
            _wait(file)
        yield
