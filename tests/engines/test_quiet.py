"""Noisy libraries."""

from __future__ import annotations

import logging
import warnings

import pytest

from saywire.engines.quiet import quietly


def test_nothing_is_printed_warned_of_or_set_up_for_others(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with quietly():
        print("Notice: a library is here")
        warnings.warn("deprecated", stacklevel=1)
        root.addHandler(logging.StreamHandler())
        root.setLevel(logging.DEBUG)
        root.warning("a library is here")
    assert capsys.readouterr() == ("", "")
    assert (root.handlers, root.level) == before
    assert root.isEnabledFor(logging.ERROR) and not logging.root.manager.disable


def test_logging_is_as_it_was_after_an_error() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with pytest.raises(ImportError), quietly():
        root.setLevel(logging.DEBUG)
        raise ImportError("no such thing")
    assert (root.handlers, root.level) == before
