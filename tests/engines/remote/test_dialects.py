from typing import get_args

import pytest

from saywire.config import DialectName
from saywire.engines.remote.dialects import DIALECTS
from saywire.engines.remote.realtime.dialects import DIALECTS as REALTIME

PATHS = {
    "file": "/audio/transcriptions",
    "native": "/api/v1/services/aigc/multimodal-generation/generation",
}
"""By where audio goes."""


def test_the_configuration_knows_every_dialect() -> None:
    assert get_args(DialectName) == (*DIALECTS, *REALTIME)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_of_one_piece(name: str) -> None:
    dialect = DIALECTS[name]
    form, native = dialect.audio == "file", dialect.audio == "native"
    assert dialect.path == PATHS.get(dialect.audio, "/chat/completions")
    assert form or not (dialect.verbose or dialect.words or dialect.before)
    assert dialect.verbose or not dialect.words  # times are in the verbose answer alone
    assert {dialect.language, dialect.prompt} <= (
        {"none", "field"} if form else {"none", "system", "system_parts", "instruction", "asr_options"}
    )
    assert dialect.follow == "none" or not (form or dialect.stream)
    assert dialect.follow != "tagged" or dialect.language == "none"  # the tag says it
    assert not (form and dialect.bounded)
    assert bool(dialect.instruction) == ("instruction" in (dialect.language, dialect.prompt))
    assert bool(dialect.headers) == (native and dialect.stream)
