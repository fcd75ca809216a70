from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from saywire.engines.base import EngineInfo
from saywire.engines.demands import check_demands, find_common
from saywire.errors import EngineFailed, Unsupported
from saywire.types import Options

ENGLISH = EngineInfo("mine", languages=("en",))
MANY = EngineInfo("both", languages=("zh", "en"))
ANY = EngineInfo("any", grammar=True)


@pytest.mark.parametrize(
    ("info", "options"),
    [
        (ENGLISH, Options()),
        (ENGLISH, Options(language="en", hotwords=("saywire",), prompt="names")),
        (ANY, Options(language="tlh")),
        (ANY, Options(grammar="#JSGF V1.0;")),
        (ANY, Options(vocabulary=("one",))),
        (ENGLISH, Options(translate=True)),
        (MANY, Options(translate=True, language="en")),
        (replace(MANY, translates=True), Options(translate=True, language="zh")),
    ],
)
def test_what_an_engine_can_do_or_ignore_is_no_demand(info: EngineInfo, options: Options) -> None:
    check_demands(info, options)


@pytest.mark.parametrize(
    ("info", "options", "param", "words"),
    [
        (ENGLISH, Options(language="zh"), "language", "'zh' is not in model 'mine'; it has: en"),
        (ENGLISH, Options(grammar="x"), "grammar", "cannot be held to a grammar"),
        (ENGLISH, Options(vocabulary=("x",)), "vocabulary", "cannot be held to a vocabulary"),
        (ANY, Options(grammar="x", vocabulary=("x",)), "grammar", "give one of them"),
        (MANY, Options(translate=True), "model", "model 'both' cannot translate into English"),
        (ANY, Options(translate=True), "model", "cannot translate"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(
    info: EngineInfo, options: Options, param: str, words: str
) -> None:
    with pytest.raises(Unsupported, match=words) as refused:
        check_demands(info, options)
    assert refused.value.param == param


def test_the_languages_of_two_engines_are_those_both_have() -> None:
    assert find_common(("en", "zh"), ("zh", "de")) == ("zh",)
    assert find_common((), ("zh",)) == find_common(("zh",), ()) == ("zh",)
    with pytest.raises(EngineFailed, match="share no language"):
        find_common(("en",), ("zh", "de"))


def test_hot_words_that_an_engine_cannot_use_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    able = EngineInfo("able to", hotwords=True)
    with caplog.at_level(logging.WARNING):
        for info in (able, EngineInfo("deaf to"), EngineInfo("deaf to")):
            check_demands(info, Options(hotwords=("a secret",)))
    assert [record.message for record in caplog.records] == [
        "model 'deaf to' cannot use hot words; it goes on without (said once)"
    ]
