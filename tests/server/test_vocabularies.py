from __future__ import annotations

from pathlib import Path

import pytest

from saywire.errors import BadRequest
from saywire.server.vocabularies import LONGEST_WORD, MOST, MOST_WORDS, Vocabularies, Word

WORDS = Word("阿里巴巴", 4), Word("Kubernetes", 5, "en")


@pytest.fixture
def store(tmp_path: Path) -> Vocabularies:
    return Vocabularies(tmp_path / "deep" / "v.sqlite3")


def test_what_is_stored_is_found_by_another_server(store: Vocabularies, tmp_path: Path) -> None:
    name = store.create("team", "paraformer-realtime-v2", WORDS, 100.0)
    other = Vocabularies(tmp_path / "deep" / "v.sqlite3")
    assert name.startswith("vocab-team-") and other.find(name) == ("阿里巴巴", "Kubernetes")
    found = other.read(name)
    assert found and (found.words, found.target_model, found.created) == (
        WORDS,
        "paraformer-realtime-v2",
        100.0,
    )


def test_nothing_is_made_by_looking(store: Vocabularies, tmp_path: Path) -> None:
    assert store.find("vocab-1") is None and not store.list("", 0, 10)
    assert not list(tmp_path.iterdir())


def test_pages_are_of_one_prefix_and_the_newest_first(store: Vocabularies) -> None:
    names = [store.create(prefix, "m", WORDS, float(at)) for at, prefix in enumerate("ababab")]
    assert [one.id for one in store.list("", 0, 10)] == names[::-1]
    assert [one.id for one in store.list("a", 0, 2)] == [names[4], names[2]]
    assert [one.id for one in store.list("a", 1, 2)] == [names[0]]


def test_update_replaces_and_delete_forgets(store: Vocabularies) -> None:
    name = store.create("a", "m", WORDS, 1.0)
    assert store.update(name, [Word("one")], 2.0) and store.find(name) == ("one",)
    found = store.read(name)
    assert found and (found.created, found.modified) == (1.0, 2.0)
    assert store.delete(name) and store.find(name) is None
    assert not store.delete(name) and not store.update(name, WORDS, 3.0)


@pytest.mark.parametrize(
    "words",
    [[], [Word(" ")], [Word("x" * (LONGEST_WORD + 1))], [Word(str(n)) for n in range(MOST_WORDS + 1)]],
)
def test_what_is_no_vocabulary_is_refused(store: Vocabularies, words: list[Word]) -> None:
    with pytest.raises(BadRequest):
        store.create("a", "m", words, 1.0)


def test_the_store_is_bounded(store: Vocabularies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saywire.server.vocabularies.MOST", 2)
    assert MOST > 100
    for _ in range(2):
        store.create("a", "m", WORDS, 1.0)
    with pytest.raises(BadRequest, match="delete some"):
        store.create("a", "m", WORDS, 1.0)
