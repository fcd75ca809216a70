"""Grammars are told by the sentences they match: all of them, up to a length."""

import random

import pytest

from saywire.engines.automaton import ARCS, Automaton, read_vocabulary
from saywire.engines.jsgf import LONGEST, read_grammar
from saywire.errors import Unsupported

HEAD = "#JSGF V1.0; grammar g;\n"


def sentences(automaton: Automaton, longest: int = 4) -> set[str]:
    found = set()
    ways: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for state, said in ways:
        for arc in automaton.arcs:
            if arc.source != state:
                continue
            if arc.word is None:
                found.add(" ".join(said))
            elif len(said) < longest:
                ways.append((arc.target, (*said, arc.word)))
    return found


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("public <a> = Open | close;", {"open", "close"}),
        (
            "public <a> = (open | close) the [big] door;",
            {"open the door", "close the door", "open the big door", "close the big door"},
        ),
        ("public <a> = one+;", {"one", "one one", "one one one", "one one one one"}),
        ("public <a> = one two*;", {"one", "one two", "one two two", "one two two two"}),
        (
            "public <a> = (one [two])+ stop;",
            {
                "one stop",
                "one two stop",
                "one one stop",
                "one one two stop",
                "one two one stop",
                "one one one stop",
            },
        ),
        ("public <a> = <b> <b>; <b> = x | y;", {"x x", "x y", "y x", "y y"}),
        ("public <a> = <g.b>; <b> = x;", {"x"}),
        ("public <a> = x; public <b> = y; <c> = z;", {"x", "y"}),
        ('public <a> = "new  york" {city} | /3.5/ (paris {x\\}y}) {z};', {"new york", "paris"}),
        ("public <a> = x <NULL> y | <VOID> z | [<VOID>] v;", {"x y", "v"}),
        ("public <a> = x <a> | y;", {"y", "x y", "x x y", "x x x y"}),
        ("public <a> = x <b> | z; <b> = y <a> | w;", {"z", "x w", "x y z", "x y x w"}),
        ("// a comment\npublic /* another\none */ <a> = x; // end", {"x"}),
        ("public <a b> = it's ok.;", {"it's ok."}),
        ("public <a> = a | b | ((c));", {"a", "b", "c"}),
    ],
)
def test_a_grammar_matches_its_sentences(rules: str, expected: set[str]) -> None:
    assert sentences(read_grammar(HEAD + rules)) == expected


def test_the_header_may_name_an_encoding_and_the_name_may_be_left_out() -> None:
    assert sentences(read_grammar("\n #JSGF V1.0 UTF-8 en;public <a>=x;")) == {"x"}


def chain(rule: str, length: int = 500) -> str:
    """Rules that each refer to the next."""
    rules = [f"<r{n}> = {rule.format(n + 1)};" for n in range(length)]
    return HEAD + "public <a> = <r0>;" + "".join(rules) + f"<r{length}> = y;"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must begin with '#JSGF V1.0;'"),
        ("grammar g; public <a> = x;", "must begin with"),
        (HEAD, "no public rule"),
        (HEAD + "<a> = x;", "no public rule"),
        (HEAD + "public <a> = x", "line 2: ';' is missing before 'the end'"),
        (HEAD + "public <a> = (x;", r"line 2: '\)' is missing before ';'"),
        (HEAD + "public <a> = x);", r"';' is missing before '\)'"),
        (HEAD + "public <a> = [x);", r"'\]' is missing"),
        (HEAD + "public <a> = ;", "a word, a rule or a bracket is missing"),
        (HEAD + "public <a> = x | ;", "a word, a rule or a bracket is missing"),
        (HEAD + "public <a> = *;", "a word, a rule or a bracket is missing"),
        (HEAD + "public <a> = () x;", "a word, a rule or a bracket is missing"),
        (HEAD + "public <a> x;", "'=' is missing before 'x'"),
        (HEAD + "public a = x;", "a rule such as"),
        (HEAD + "public <a> = <b>;", "rule <b> is not defined"),
        (HEAD + "public <a> = <a> x | y;", "rule <a> refers to itself before its end"),
        (HEAD + "public <a> = x <a> y | z;", "refers to itself before its end"),
        (HEAD + "public <a> = (x <a>)+ | z;", "refers to itself before its end"),
        (HEAD + "public <a> = x <a>;", "matches no words"),
        (HEAD + "public <a> = <a>;", "matches no words"),
        (HEAD + "public <a> = <VOID>;", "matches no words"),
        (HEAD + "public <a> = <NULL>;", "matches no words"),
        (HEAD + "public <a> = /0/ x | /0.0/ y;", "matches no words"),
        (HEAD + "public <a> = x; public <a> = y;", "line 2: rule <a> is defined already"),
        (HEAD + "public <NULL> = x;", "is defined already"),
        (HEAD + "import <other.*>; public <a> = x;", "import is not allowed"),
        (HEAD + "public <a> = x } y;", "line 2: cannot read '} y;'"),
        (HEAD + 'public <a> = "x;', "cannot read"),
        (HEAD + "public <a> = <;", "cannot read"),
        (HEAD + "public <a> = " + "(" * 10_000 + "x" + ")" * 10_000 + ";", "more than 60 brackets"),
        (chain("x <r{}>"), "more than 60 rules"),
        (chain("<r{}>+", 70), "more than 60 rules"),
        (chain("<r{0}> <r{0}>", 40), "too large"),
        (HEAD + "public <a> = " + "[x] " * 1000 + ";", "too large"),
        (HEAD + "x" * LONGEST, "at most 65536"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(Unsupported, match=complaint) as caught:
        read_grammar(text)
    assert caught.value.param == "grammar"


def test_weights_are_shares_of_their_choice() -> None:
    automaton = read_grammar(HEAD + "public <a> = /1/ x | /3/ y; ")
    assert {arc.word: arc.weight for arc in automaton.arcs} == {"x": 0.25, "y": 0.75, None: 1.0}


def test_nothing_leaves_the_final_state_and_weights_are_probabilities() -> None:
    automaton = read_grammar(
        HEAD + "public <a> = [please] (open | /3/ close) the <t> <a> | stop*; <t> = door+;"
    )
    assert all(arc.source != automaton.final and 0 < arc.weight <= 1 for arc in automaton.arcs)
    assert all((arc.word is None) == (arc.target == automaton.final) for arc in automaton.arcs)


def test_random_text_is_read_or_refused() -> None:
    draw = random.Random(1)
    pieces = [
        "<a>",
        "<b>",
        "public ",
        "=",
        ";",
        "|",
        "(",
        ")",
        "[",
        "]",
        "*",
        "+",
        "x ",
        "y ",
        '"z"',
        "{t}",
        "/2/",
        "/",
        "\\",
        "\n",
        "import ",
        "<NULL>",
        "é",
    ]
    for _ in range(3000):
        text = HEAD + "public <a> = " + "".join(draw.choice(pieces) for _ in range(draw.randrange(20))) + ";"
        try:
            automaton = read_grammar(text)
        except Unsupported:
            continue
        assert automaton.words
        assert len(automaton.arcs) <= ARCS + automaton.final


def test_a_vocabulary_is_any_number_of_its_entries() -> None:
    automaton = read_vocabulary(("One", "new  york", "one", " "))
    assert sentences(automaton, 3) == {
        "one",
        "new york",
        "one one",
        "one one one",
        "one new york",
        "new york one",
    }


def test_a_vocabulary_has_a_limit() -> None:
    assert len(read_vocabulary([f"w{n}" for n in range(ARCS // 2)]).words) == ARCS // 2
    with pytest.raises(Unsupported, match="5001 words; at most 5000"):
        read_vocabulary([f"w{n}" for n in range(ARCS // 2 + 1)])


@pytest.mark.parametrize("words", [(), ("",), ("  ",)])
def test_a_vocabulary_has_words(words: tuple[str, ...]) -> None:
    with pytest.raises(Unsupported, match="at least one"):
        read_vocabulary(words)
