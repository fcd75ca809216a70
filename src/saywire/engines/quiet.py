"""Libraries that print, warn and set up logging for everybody as they are imported, made to keep quiet.

A worker shares its standard output with the server, and its log is the server's.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def quietly() -> Iterator[None]:
    """Drops what is printed, logged below an error, or warned of; logging is as it was afterwards.

    Not for work beside other threads: all of that is the process's own.
    """
    root = logging.getLogger()
    handlers, level, disabled = root.handlers[:], root.level, root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        root.handlers[:] = handlers
        root.setLevel(level)
