from __future__ import annotations

import inspect

import pytest
import sherpa_onnx

from saywire.engines.offline_models import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_sherpa_onnx_takes_what_a_kind_gives_it(kind: str) -> None:
    known = KINDS[kind]
    takes = inspect.signature(getattr(sherpa_onnx.OfflineRecognizer, known.constructor)).parameters
    given = {*known.parts.values(), "num_threads", *known.extra}
    given |= {"language"} if known.tongue == "made" else set()
    given |= {"rule_fsts", "rule_fars"} if known.rules else set()
    given |= {"decoding_method"} if known.hotwords == "searched" else set()
    needed = {name for name, each in takes.items() if each.default is inspect.Parameter.empty}
    assert needed <= given <= set(takes)
    assert known.rules == ("rule_fsts" in takes)
