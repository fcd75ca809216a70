import pytest

from saywire.engines import ENGINES, Entry, choose, find
from saywire.errors import EngineFailed, UnknownModel

LARGE = Entry(
    "large",
    "large:load",
    ("a_module_that_is_not_here",),
    "pip install saywire[large]",
    ("en", "zh"),
    "large",
    9,
)
SMALL = Entry("small", "fake:load", (), "pip install saywire", ("en",), "small", 1)
TEST = Entry("test", "fake:load", (), "pip install saywire", (), "for tests")


@pytest.mark.parametrize(
    "entry", [entry for entry in ENGINES if not entry.missing], ids=lambda entry: entry.name
)
def test_an_entry_tells_the_truth_about_its_engine(entry: Entry) -> None:
    engine = entry.load()
    assert (engine.info.name, engine.info.languages) == (entry.name, entry.languages)
    engine.close()


def test_names_are_unique() -> None:
    names = [entry.name for entry in ENGINES]
    assert len(names) == len(set(names))


def test_every_language_has_one_best_engine() -> None:
    ranks = [(language, entry.rank) for entry in ENGINES for language in entry.languages if entry.rank]
    assert len(ranks) == len(set(ranks))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert find("small", [LARGE, SMALL]) is SMALL
    with pytest.raises(UnknownModel, match="did you mean 'small'"):
        find("smal", [LARGE, SMALL])
    with pytest.raises(UnknownModel, match="there are: large, small"):
        find("xyz", [LARGE, SMALL])


def test_an_engine_that_cannot_run_here_says_what_to_install() -> None:
    assert LARGE.missing == ("a_module_that_is_not_here",)
    with pytest.raises(
        EngineFailed, match=r"needs a_module_that_is_not_here; .* pip install saywire\[large\]"
    ):
        LARGE.load()


def test_the_best_that_can_run_is_chosen() -> None:
    choice = choose("en", [LARGE, SMALL, TEST])
    assert choice.entry is SMALL
    assert "small for language 'en'" in choice.reason
    assert choose(None, [SMALL]).entry is SMALL


def test_a_language_that_nothing_here_knows_is_refused() -> None:
    with pytest.raises(UnknownModel, match="no engine here knows language 'zh'; there are: en, zh"):
        choose("zh", [LARGE, SMALL, TEST])
