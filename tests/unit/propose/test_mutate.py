import threading
from textwrap import dedent

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genx_lsp.config import Settings
from genx_lsp.propose import mutate
from genx_lsp.propose.keys import code_key

BOUNDLESS = msgspec.structs.replace(
    Settings(), generation=msgspec.structs.replace(Settings().generation, mutants=5000)
)


def sources(context, body: str, head: str = "def f(a, b, items):") -> set[str]:
    text = f"{head}\n" + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
    made = mutate.propose(context(text, "f", settings=BOUNDLESS))
    return {"\n".join(line[4:] for line in c.source.splitlines()[1:]) for c in made}


@pytest.mark.parametrize(
    ("code", "mutant"),
    [
        ("return a < b", "return a <= b"),
        ("return a == b", "return a != b"),
        ("return a is None", "return not a"),
        ("return a in items", "return a not in items"),
        ("return a + b", "return a - b"),
        ("return a - b", "return b - a"),
        ("return (a + b) // 2", "return (a + b) / 2"),
        ("a ^= b", "a &= b"),
        ("a += b", "a -= b"),
        ("return a and b", "return a or b"),
        ("return a and b", "return b"),
        ("return not a", "return a"),
        ("return max(a, b)", "return min(a, b)"),
        ("return any(items)", "return all(items)"),
        ("return f(a, b, items)", "return f(b, a, items)"),
        ("return range(a, b)", "return range(a, b + 1)"),
        ("return range(a)", "return range(1, a)"),
        ("return items[a]", "return items[a - 1]"),
        ("return items[0]", "return items[-1]"),
        ("return items[a:b]", "return items[a:b + 1]"),
        ("return items[1:]", "return items[:]"),
        ("return items[5]", "return items[6]"),
        ("return a", "return b"),
        ("return a", "return None"),
        ("return items", "return items.copy()"),
        ("return items", "return sorted(items)"),
        ("return items.copy()", "return items"),
        ("return abs(a)", "return a"),
        ("return abs(a) * 2", "return a * 2"),
        ("return -1", "return 1"),
        ("return True", "return False"),
        ("return a.strip()", "return a.lstrip()"),
        ("if a:\n    return b", "if not a:\n    return b"),
        ("if a:\n    return b", "if True:\n    return b"),
        ("if a:\n    return b", "if a is not None:\n    return b"),
        ("while True:\n    a()", "while items:\n    a()"),
        ("for x in items:\n    break", "for x in items:\n    continue"),
        ("a.clear()\nreturn a", "pass\nreturn a"),
        ("return [x for x in items if x]", "return [x for x in items if not x]"),
        ("return sorted(items, reverse=True)", "return sorted(items)"),
    ],
)
def test_operators(context, code: str, mutant: str) -> None:
    assert mutant in sources(context, code)


def test_comments_and_formatting_stay_and_the_note_says_what_changed(context) -> None:
    source = """
    class Cart:
        @property
        def total(self):
            '''Say < nothing.'''
            if  self.n<2 :   # a < comment
                return (self.n
                        + 1)
    """
    made = list(mutate.propose(context(source, "Cart.total")))
    one = next(c for c in made if "self.n<=2" in c.source)
    expected = context(source, "Cart.total").target.source.replace("self.n<2", "self.n<=2")
    assert one.source == expected
    assert one.note == "line 5: `if  self.n<2 :   # a < comment` → `if  self.n<=2 :   # a < comment`"
    assert all("Say < nothing." in c.source and "# a < comment" in c.source for c in made)


def test_the_most_suspicious_line_comes_first_with_operators_in_turn(context) -> None:
    source = "def f(a, b):\n    if a < b:\n        return a + 1\n    return b - 1\n"
    made = list(mutate.propose(context(source, "f", suspicion={3: 0.9, 2: 0.5})))
    lines = [int(c.note.split(":")[0].removeprefix("line ")) for c in made]
    assert lines == sorted(lines, key=[3, 2, 4].index)
    assert len({c.note.rpartition("→")[2] for c in made[:4]}) == 4


def test_less_suspicious_lines_have_their_turn_before_the_others_are_done(context) -> None:
    long = " + ".join("abcd" * 6)
    source = f"def f(a, b, c, d):\n    if a < b:\n        return {long}\n    return 0\n"
    made = list(mutate.propose(context(source, "f", settings=BOUNDLESS, suspicion={3: 0.9, 2: 0.5})))
    saved = source.split("\n")
    lines = [[old == new for old, new in zip(saved, c.source.split("\n"), strict=True)] for c in made]
    changed = [same.index(False) + 1 for same in lines]
    assert set(changed[:40]) == {3}
    assert 2 in changed[: changed.count(3)]
    assert changed.count(3) > 100


def test_a_function_inside_that_calls_itself_may_be_off_by_one(context) -> None:
    made = sources(context, "def g(n):\n    return g(n) if n else 0\nreturn g(a)")
    assert "def g(n):\n    return g(n - 1) if n else 0\nreturn g(a)" in made


def test_mutants_are_spread_over_lines_whatever_is_suspicious(context) -> None:
    source = "def f(a, b):\n    if a < b:\n        return a + 1\n    return b - 1\n"
    made = list(mutate.mutants(context(source, "f", suspicion={3: 0.9})))
    assert {c.note.split(":")[0] for c in made[:3]} == {"line 2", "line 3", "line 4"}


def test_the_number_is_bounded_none_comes_twice_and_none_equals_the_original(context) -> None:
    made = context("def f(a, b):\n    return a * b + a * b - (a + b)\n", "f")
    keys = [c.key for c in mutate.propose(made)]
    assert len(keys) == len(set(keys)) and code_key(made.target.source) not in keys
    few = msgspec.structs.replace(
        Settings(), generation=msgspec.structs.replace(Settings().generation, mutants=3)
    )
    assert len(list(mutate.propose(context("def f(a):\n    return a + 1\n", "f", settings=few)))) == 3


def test_cancelling_ends_it(context) -> None:
    cancel = threading.Event()
    made = mutate.propose(context("def f(a):\n    return a + 1\n", "f", cancel=cancel))
    assert next(made)
    cancel.set()
    assert list(made) == []


NAMES = st.sampled_from(["a", "b", "items", "x"])
ATOMS = st.one_of(
    NAMES,
    st.integers(-3, 300).map(str),
    st.sampled_from(["'é\\n'", "f'{a!r:>{b}}'", "None", "[]", "1.5", "b'x'"]),
)


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "//", "<", "==", "and", "or", "in", "is not", "**", "%"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("(not ({}))".format, inner),
        st.builds("f({}, {}, k={})".format, inner, inner, inner),
        st.builds("items[{}:{}]".format, inner, inner),
        st.builds("[{} for x in {} if {}]".format, inner, inner, inner),
        st.builds("({}\n   if {} else {})".format, inner, inner, inner),
        st.builds("(lambda x, *y: {})".format, inner),
        st.builds("{{**items, {}: {}}}".format, inner, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, _expressions, max_leaves=6)


def _blocks(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    def indent(lines: list[str]) -> list[str]:
        return ["  " + line for line in lines]

    return st.one_of(
        st.builds(
            lambda e, b, c: [f"if {e}:  # why", *indent(b), "else:", *indent(c)], EXPRESSIONS, inner, inner
        ),
        st.builds(lambda e, b: [f"for x, (a, b) in {e}:", *indent(b), "  break"], EXPRESSIONS, inner),
        st.builds(lambda e, b: [f"while {e}:", "", *indent(b), "  continue"], EXPRESSIONS, inner),
        st.builds(lambda b: ["try:", *indent(b), "except (ValueError, KeyError) as x:", "  raise"], inner),
        st.builds(lambda e, b: [f"with {e} as x:", *indent(b)], EXPRESSIONS, inner),
        st.builds(lambda one, two: [*one, *two], inner, inner),
    )


STATEMENTS = st.one_of(
    EXPRESSIONS.map(lambda e: [f"return {e}".replace("\n", " ")]),
    st.builds(lambda n, e: [f"{n} = {e}".replace("\n", " ")], NAMES, EXPRESSIONS),
    st.builds(lambda n, e: [f"{n} += {e}; pass".replace("\n", " ")], NAMES, EXPRESSIONS),
    st.just(["yield"]),
)
BODIES = st.recursive(STATEMENTS, _blocks, max_leaves=5)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@given(body=BODIES, in_class=st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_function_gives_valid_mutants_that_touch_nothing_else(context_of, body, in_class) -> None:
    lines = ["def f(a, b=1, *items, k=None):", *("  " + line.replace("\n", " ") for line in body)]
    if in_class:
        lines = ["class C:", *("  " + line for line in lines)]
    source = "# é: before\n" + "\n".join(lines) + "\nAFTER = 1\n"
    made = context_of(source, "C.f" if in_class else "f")
    for candidate in mutate.propose(made):
        whole = made.target.with_definition(candidate.source)
        compile(whole, "x.py", "exec", dont_inherit=True)
        assert whole.startswith("# é: before\n") and whole.endswith("\nAFTER = 1\n")
        assert candidate.key == code_key(candidate.source) != code_key(made.target.source)
