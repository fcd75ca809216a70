from __future__ import annotations

from pathlib import Path

import pytest

from saywire.config import Config, ModelsConfig
from saywire.engines import ENGINES, find
from saywire.engines.finishes import with_finishes
from saywire.errors import ConfigError

MARKS = {"marks": Path("store/marks")}


def finish(*, rules: tuple[str, ...] = (), punctuation: tuple[str, ...] = ()) -> dict[str, object]:
    settings = Config(models=ModelsConfig(rules=rules, punctuation=punctuation))
    entries = with_finishes(settings, ENGINES, MARKS.__getitem__)
    return {entry.name: (entry.rules, entry.punctuation) for entry in entries if entry not in ENGINES}


def test_without_settings_entries_stay_as_they_are() -> None:
    assert finish() == {}
    assert finish(punctuation=("a-model-to-come=marks",)) == {}


def test_rules_and_marks_go_to_their_models(tmp_path: Path) -> None:
    one, two = tmp_path / "one.fst", tmp_path / "two.far"
    for path in (one, two):
        path.touch()
    rules = (f"tiny={one}", f"tiny={two}", f"tiny-offline={two}")
    assert finish(rules=rules, punctuation=("tiny=marks", "sphinx=marks")) == {
        "tiny": ((one, two), MARKS["marks"]),
        "tiny-offline": ((two,), None),
        "sphinx": ((), MARKS["marks"]),
    }


@pytest.mark.parametrize(
    ("rules", "punctuation", "problem"),
    [
        (("digits.fst",), (), "models.rules has 'digits.fst'; expected model=file, as in tiny="),
        (("sphinx=x.fst",), (), "models.rules has files for 'sphinx', which applies none"),
        (("tiny=/no/such.fst",), (), "models.rules names /no/such.fst, which is no file"),
        ((), ("marks",), "models.punctuation has 'marks'; expected model=model that punctuates"),
    ],
)
def test_what_cannot_be_is_an_error_at_the_start(
    rules: tuple[str, ...], punctuation: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        finish(rules=rules, punctuation=punctuation)


def test_what_puts_marks_is_never_loaded_before_a_fork() -> None:
    settings = Config(models=ModelsConfig(punctuation=("sphinx=marks",)))
    assert find("sphinx", ENGINES).shares
    assert not find("sphinx", with_finishes(settings, ENGINES, MARKS.__getitem__)).shares


def test_the_shipped_entries_stay_what_they_are() -> None:
    assert find("tiny", ENGINES).rules == () and find("tiny", ENGINES).punctuation is None
