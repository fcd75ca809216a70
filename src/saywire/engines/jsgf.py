"""JSGF text to a word automaton.

Source: "JSpeech Grammar Format", W3C note of 5 June 2000. Read here: headers, comments, rules, weights,
groups, ``*``, ``+``, optional parts, tags (dropped), quoted tokens, ``<NULL>``, ``<VOID>``. Any public
rule may be spoken. Imports are refused: a grammar of a client opens no files. Decoders come with a parser
of their own, but a client's text may crash it; it only ever meets this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import Unsupported
from .automaton import DEEPEST, Automaton, Choice, Node, Repeat, Rule, Run, Token, build, refusal

LONGEST = 65_536
"""Characters of a grammar."""
SPECIAL: dict[str, Node] = {"NULL": Run(), "VOID": Choice()}


def read_grammar(text: str) -> Automaton:
    """Words come in lower case. Raises Unsupported, naming the place, for a grammar that cannot be used."""
    if len(text) > LONGEST:
        raise refusal(f"{len(text)} characters; at most {LONGEST}")
    parser = Parser(text)
    parser.read()
    spoken = tuple((1.0, Rule(name)) for name in parser.public)
    if not spoken:
        raise refusal("no public rule; write 'public <name> = ...;'")
    return build(Choice(spoken), parser.rules)


HEADER = re.compile(r"\s*#JSGF\s+V1\.0\b[^;\n]*;")
LEXEME = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<weight>/\s*\d+(?:\.\d*)?\s*/)
      | (?P<rule><[^<>;|\n]+>)
      | (?P<quote>"(?:[^"\\]|\\.)*")
      | (?P<tag>\{(?:[^{}\\]|\\.)*\})
      | (?P<mark>[;=|*+()\[\]])
      | (?P<token>[^\s;=|*+<>()\[\]{}/\\"]+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Lexeme:
    kind: str
    text: str
    line: int


def split_lexemes(text: str) -> Iterator[Lexeme]:
    header = HEADER.match(text)
    if not header:
        raise refusal("it must begin with '#JSGF V1.0;'")
    at = header.end()
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        match = LEXEME.match(text, at)
        if not match:
            raise refusal(f"line {line}: cannot read {text[at : at + 10]!r}")
        at = match.end()
        if match.lastgroup and match.lastgroup != "skip":
            yield Lexeme(match.lastgroup, match.group(), line)
    yield Lexeme("end", "the end", text.count("\n") + 1)


class Parser:
    """Recursive descent over the lexemes; ``rules`` and ``public`` are the result."""

    def __init__(self, text: str) -> None:
        self._lexemes = tuple(split_lexemes(text))
        self._at = 0
        self._depth = 0
        self._name = ""
        self.rules: dict[str, Node] = {}
        self.public: list[str] = []

    def read(self) -> None:
        if self._take_text("grammar"):
            self._name = self._take("token", "the grammar's name").text
            self._take(";", "';'")
        while self._next.kind != "end":
            if self._next.text == "import":
                raise refusal(f"line {self._next.line}: import is not allowed; write the rule out")
            self._read_rule()

    def _read_rule(self) -> None:
        public = self._take_text("public")
        lexeme = self._take("rule", "a rule such as '<name> = ...;'")
        name = self._local(lexeme)
        if name in self.rules or name in SPECIAL:
            raise refusal(f"line {lexeme.line}: rule <{name}> is defined already")
        self._take("=", "'='")
        self.rules[name] = self._read_choice()
        self._take(";", "';'")
        if public:
            self.public.append(name)

    def _read_choice(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise refusal(f"line {self._next.line}: more than {DEEPEST} brackets inside each other")
        options = [self._read_run()]
        while self._take_text("|"):
            options.append(self._read_run())
        self._depth -= 1
        return options[0][1] if len(options) == 1 else Choice(tuple(options))

    def _read_run(self) -> tuple[float, Node]:
        weight = 1.0
        if self._next.kind == "weight":
            weight = float(self._advance().text.strip("/ \t\n"))
        parts: list[Node] = []
        while self._next.kind in ("token", "quote", "rule") or self._next.text in ("(", "["):
            parts.append(self._read_part())
        if not parts:
            raise self._unexpected("a word, a rule or a bracket")
        return weight, parts[0] if len(parts) == 1 else Run(tuple(parts))

    def _read_part(self) -> Node:
        part = self._read_atom()
        while True:
            if self._next.kind == "tag":
                self._advance()
            elif self._next.text in ("*", "+") and self._next.kind == "mark":
                part = Repeat(part, empty=self._advance().text == "*")
            else:
                return part

    def _read_atom(self) -> Node:
        lexeme = self._advance()
        match lexeme.kind:
            case "rule":
                name = self._local(lexeme)
                return SPECIAL.get(name, Rule(name))
            case "token":
                return Token(lexeme.text.lower())
            case "quote":
                words = re.sub(r"\\(.)", r"\1", lexeme.text[1:-1]).lower().split()
                return Run(tuple(Token(word) for word in words))
        inside = self._read_choice()
        if lexeme.text == "(":
            self._take(")", "')'")
            return inside
        self._take("]", "']'")
        return Choice(((1.0, inside), (1.0, Run())))

    def _local(self, lexeme: Lexeme) -> str:
        """The rule's name without the brackets and without this grammar's own name before it."""
        name = lexeme.text[1:-1].strip()
        return name.removeprefix(f"{self._name}.") if self._name else name

    @property
    def _next(self) -> Lexeme:
        return self._lexemes[self._at]

    def _advance(self) -> Lexeme:
        lexeme = self._next
        self._at += lexeme.kind != "end"
        return lexeme

    def _take_text(self, text: str) -> bool:
        """Take the next mark or bare word if it is this one."""
        found = self._next.text == text and self._next.kind in ("mark", "token")
        self._at += found
        return found

    def _take(self, wanted: str, called: str) -> Lexeme:
        """Take the next lexeme, which must be of the wanted kind or the wanted mark."""
        lexeme = self._next
        if wanted not in (lexeme.kind, lexeme.text if lexeme.kind == "mark" else None):
            raise self._unexpected(called)
        return self._advance()

    def _unexpected(self, wanted: str) -> Unsupported:
        return refusal(f"line {self._next.line}: {wanted} is missing before {self._next.text[:40]!r}")
