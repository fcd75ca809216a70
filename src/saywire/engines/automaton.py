"""Word automata: what a decoder is held to when a client gives a grammar or a vocabulary.

Nodes are a grammar as it is written; ``build`` writes its rules out and removes empty arcs, except the
ones that lead to the only final state, so that an engine needs no closure over them. Rules may refer to
themselves at their end only: anything else is not a finite automaton.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import Unsupported

DEEPEST = 60
"""Rules and brackets inside each other."""
ARCS = 10_000
"""Of an automaton; beyond it decoders slow down out of proportion."""


@dataclass(frozen=True, slots=True)
class Arc:
    source: int
    target: int
    weight: float
    """In (0, 1]."""
    word: str | None
    """None only where ``target`` is the final state."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """Starts in state 0, ends in ``final``, from which nothing leaves."""

    final: int
    arcs: tuple[Arc, ...]

    @property
    def words(self) -> frozenset[str]:
        return frozenset(arc.word for arc in self.arcs if arc.word is not None)


@dataclass(frozen=True, slots=True)
class Token:
    word: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A reference to a rule."""

    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """One after the other; empty: nothing is said."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them, by weight; empty: can never be said."""

    options: tuple[tuple[float, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    part: Node
    empty: bool
    """Whether it may be left out."""


Node = Token | Rule | Run | Choice | Repeat


def build(root: Node, rules: Mapping[str, Node]) -> Automaton:
    """Raises Unsupported for rules that are missing, too deep or too large, or that match no words."""
    return Builder(rules).build(root)


def read_vocabulary(entries: Sequence[str]) -> Automaton:
    """Any number of the entries, in any order; an entry may be several words. Raises Unsupported."""
    phrases = {tuple(entry.lower().split()) for entry in entries} - {()}
    if not phrases:
        raise Unsupported("the vocabulary has no words; give at least one", param="vocabulary")
    words = sum(map(len, phrases))
    if words > ARCS // 2:
        raise Unsupported(f"a vocabulary of {words} words; at most {ARCS // 2}", param="vocabulary")
    options = tuple((1.0, write_phrase(phrase)) for phrase in sorted(phrases))
    return build(Repeat(Choice(options), empty=False), {})


def write_phrase(phrase: Sequence[str]) -> Node:
    return Token(phrase[0]) if len(phrase) == 1 else Run(tuple(map(Token, phrase)))


def refusal(what: str) -> Unsupported:
    """What is wrong with a client's grammar, as an error."""
    return Unsupported(f"grammar: {what}", param="grammar")


@dataclass(slots=True)
class Builder:
    """Thompson's construction, then the removal of empty arcs."""

    rules: Mapping[str, Node]
    words: list[list[tuple[int, float, str]]] = field(default_factory=list)
    empties: list[list[tuple[int, float]]] = field(default_factory=list)
    count: int = 0

    def build(self, root: Node) -> Automaton:
        start, end = self._add_state(), self._add_state()
        self._connect(root, start, end, 1.0, {}, frozenset())
        return self._without_empty_arcs(start, end)

    def _connect(
        self, node: Node, start: int, end: int, weight: float, tails: Mapping[str, int], open_: frozenset[str]
    ) -> None:
        """Add the node between two states. ``open_``: the rules it is in; ``tails``: those among them that
        end where it ends, with the states they begin in."""
        self._count()
        match node:
            case Token(word):
                self.words[start].append((end, weight, word))
            case Rule(name):
                self._connect_rule(name, start, end, weight, tails, open_)
            case Run(()):
                self.empties[start].append((end, weight))
            case Run((*firsts, last)):
                for part in firsts:
                    middle = self._add_state()
                    self._connect(part, start, middle, weight, {}, open_)
                    start, weight = middle, 1.0
                self._connect(last, start, end, weight, tails, open_)
            case Choice(options):
                total = sum(share for share, _ in options)
                for share, option in (each for each in options if each[0]):
                    self._connect(option, start, end, weight * share / total, tails, open_)
            case Repeat(part, empty):
                self._connect_loop(part, start, end, weight, open_)
                if empty:
                    self.empties[start].append((end, weight))

    def _connect_loop(self, part: Node, start: int, end: int, weight: float, open_: frozenset[str]) -> None:
        first, last = self._add_state(), self._add_state()
        self.empties[start].append((first, weight))
        self._connect(part, first, last, 1.0, {}, open_)
        self.empties[last] += [(first, 1.0), (end, 1.0)]

    def _connect_rule(
        self, name: str, start: int, end: int, weight: float, tails: Mapping[str, int], open_: frozenset[str]
    ) -> None:
        if name in tails:
            self.empties[start].append((tails[name], weight))
            return
        if name in open_:
            raise refusal(f"rule <{name}> refers to itself before its end; write it with '*' or '+'")
        if name not in self.rules:
            raise refusal(f"rule <{name}> is not defined")
        if len(open_) >= DEEPEST:
            raise refusal(f"more than {DEEPEST} rules inside each other")
        entry = self._add_state()
        self.empties[start].append((entry, weight))
        self._connect(self.rules[name], entry, end, 1.0, {**tails, name: entry}, open_ | {name})

    def _add_state(self) -> int:
        self.words.append([])
        self.empties.append([])
        return len(self.words) - 1

    def _count(self) -> None:
        self.count += 1
        if self.count > ARCS:
            raise refusal(f"too large: more than {ARCS} words and branches once its rules are written out")

    def _without_empty_arcs(self, start: int, end: int) -> Automaton:
        numbers = {start: 0}
        arcs: list[Arc] = []
        accepting: list[tuple[int, float]] = []
        queue = [start]
        for state in queue:
            for via, so_far in self._reach(state).items():
                if via == end:
                    accepting.append((numbers[state], so_far))
                for target, weight, word in self.words[via]:
                    if target not in numbers:
                        numbers[target] = len(numbers)
                        queue.append(target)
                    arcs.append(Arc(numbers[state], numbers[target], so_far * weight, word))
            if len(arcs) > ARCS:
                raise refusal(f"too large: more than {ARCS} arcs once its empty parts are written out")
        if not arcs or not accepting:
            raise refusal("it matches no words")
        final = len(numbers)
        ends = [Arc(state, final, weight, None) for state, weight in accepting]
        return Automaton(final, (*arcs, *ends))

    def _reach(self, state: int) -> dict[int, float]:
        """The states reached by empty arcs, with the weight of the best way there."""
        best = {state: 1.0}
        queue = [state]
        for here in queue:
            for target, weight in self.empties[here]:
                if best[here] * weight > best.get(target, 0.0):
                    best[target] = best[here] * weight
                    queue.append(target)
        return best
