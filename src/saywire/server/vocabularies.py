"""Vocabularies that clients have stored, in one SQLite file: made with the first of them, read at each use.

Every call is one short transaction on a connection of its own, so that several servers on a machine may share
the file, and nothing has to be closed.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..errors import BadRequest

MOST = 1_000
"""Vocabularies in the file."""
MOST_WORDS = 2_000
"""In one; the service's newest models take as many."""
LONGEST_WORD = 100

_TABLE = """
create table if not exists vocabularies (
    id text primary key, prefix text not null, target_model text not null, words text not null,
    created real not null, modified real not null
)
"""


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str
    weight: float = 4
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    id: str
    target_model: str
    words: tuple[Word, ...]
    created: float
    """Unix time in seconds."""
    modified: float


class Vocabularies:
    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, name: str) -> tuple[str, ...] | None:
        """The words of a vocabulary; None where there is none of that id."""
        found = self.read(name)
        return tuple(word.text for word in found.words) if found else None

    def create(self, prefix: str, target_model: str, words: Sequence[Word], now: float) -> str:
        """Its id. Raises BadRequest for words that are too many or too long, or when the store is full."""
        _check(words)
        name = f"vocab-{prefix}-{secrets.token_hex(16)}"
        with self._open() as db:
            [count] = db.execute("select count(*) from vocabularies").fetchone()
            if count >= MOST:
                raise BadRequest(f"there are {MOST} vocabularies, the most this server keeps; delete some")
            row = name, prefix, target_model, _encode(words), now, now
            db.execute("insert into vocabularies values (?, ?, ?, ?, ?, ?)", row)
        return name

    def read(self, name: str) -> Vocabulary | None:
        if not self._path.exists():
            return None
        with self._open() as db:
            return next(_read(db, "where id = ?", (name,)), None)

    def list(self, prefix: str, page: int, size: int) -> Sequence[Vocabulary]:
        """The ``page``-th ``size`` of those with that prefix, or of all without one, the newest first."""
        if not self._path.exists():
            return ()
        where = "where ? in ('', prefix) order by created desc, id limit ? offset ?"
        with self._open() as db:
            return tuple(_read(db, where, (prefix, size, page * size)))

    def update(self, name: str, words: Sequence[Word], now: float) -> bool:
        """Replace its words; whether there is one of that id. Raises BadRequest as ``create``."""
        _check(words)
        with self._open() as db:
            change = "update vocabularies set words = ?, modified = ? where id = ?"
            return db.execute(change, (_encode(words), now, name)).rowcount > 0

    def delete(self, name: str) -> bool:
        """Whether there was one of that id."""
        with self._open() as db:
            return db.execute("delete from vocabularies where id = ?", (name,)).rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path)) as db, db:
            db.execute(_TABLE)
            yield db


def _read(db: sqlite3.Connection, where: str, values: Sequence[object]) -> Iterator[Vocabulary]:
    columns = "id, target_model, words, created, modified"
    for name, model, words, created, modified in db.execute(
        f"select {columns} from vocabularies {where}", values
    ):
        yield Vocabulary(name, model, msgspec.json.decode(words, type=tuple[Word, ...]), created, modified)


def _encode(words: Sequence[Word]) -> str:
    return msgspec.json.encode(tuple(words)).decode()


def _check(words: Sequence[Word]) -> None:
    if not words:
        raise BadRequest("the vocabulary is empty")
    if len(words) > MOST_WORDS:
        raise BadRequest(f"the vocabulary has {len(words)} words; at most {MOST_WORDS}")
    for word in words:
        if not word.text.strip() or len(word.text) > LONGEST_WORD:
            raise BadRequest(f"'{word.text[:40]}' is no word of 1 to {LONGEST_WORD} characters")
