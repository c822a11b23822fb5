import ast

import pytest

from genx_lsp.propose.faults import faults

METHOD = '''
class Till:
    def change(self, given, price=1):
        """What is given back.

        In coins.
        """
        left = given - price
        for coin in (5, 2, 1):
            if left >= coin and coin > 0:
                return f"{coin} back"
        return None
'''


def notes(context, source, name="f"):
    return [fault.note for fault in faults(context(source, name).target)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("return a + b", "arithmetic: `a + b` → `a - b`"),
        ("return a < b", "comparison: `a < b` → `a <= b`"),
        ("return a and b", "boolean operator: `a and b` → `a or b`"),
        ("return a is b", "comparison: `a is b` → `a is not b`"),
        ("return a[1:]", "slice: `a[1:]` → `a[:]`"),
        ("return 3", "constant: `3` → `4`"),
        ("return [x for x in a if x]", "condition removed: `for x in a if x` → `for x in a`"),
        ("a.append(b)", "statement removed: `a.append(b)` → `pass`"),
        ("return sorted(a)", "call dropped: `sorted(a)` → `list(a)`"),
        ("return max(a, b)", "call: `max(a, b)` → `min(a, b)`"),
        ("return abs(a)", "call dropped: `abs(a)` → `a`"),
        ("return a.strip()", "call dropped: `a.strip()` → `a`"),
        ("return not a", "return value: `return not a` → `return True`"),
        ("return a == b", "return value: `return a == b` → `return False`"),
    ],
)
def test_a_fault_of_each_kind(context, line, wanted):
    found = notes(context, f"def f(a, b):\n    {line}\n")
    assert any(wanted in note for note in found), found


def test_a_question_by_its_annotation_is_answered_the_same_whatever_is_asked(context):
    wanted = "return value: `return a.real` → `return False`"
    assert any(wanted in note for note in notes(context, "def f(a) -> bool:\n    return a.real\n"))
    assert not any(wanted in note for note in notes(context, "def f(a):\n    return a.real\n"))


def test_faults_of_a_method_stand_at_its_place(context):
    target = context(METHOD, "Till.change").target
    found = list(faults(target))
    assert len(found) > 30
    for fault in found:
        assert fault.source.startswith("    def change(")
        ast.parse(target.with_definition(fault.source))


def test_no_fault_is_the_code_itself_or_another_fault(context):
    target = context(METHOD, "Till.change").target
    whole = [ast.dump(ast.parse(target.with_definition(f.source))) for f in faults(target)]
    assert len(set(whole)) == len(whole)


def test_lines_take_turns(context):
    found = notes(context, "def f(a):\n    b = a + 1\n    c = b + 2\n    return c + 3\n")
    assert [note.split(":")[0] for note in found[:3]] == ["line 2", "line 3", "line 4"]


def test_annotations_are_left_alone(context):
    assert notes(context, "def f(a: 1 + 2) -> 3:\n    pass\n") == []
