import pytest

from genx_lsp.propose import boundary
from genx_lsp.propose.idioms import spoken

MONEY = '''
class Money:
    """An amount.

    >>> Money("2.50 EUR").cents
    250
    """

    def __init__(self, text):
        self.cents = text

    def __lt__(self, other):
        return self.cents < other.cents

    def __len__(self):
        return 1
'''


@pytest.mark.parametrize(
    ("method", "arguments", "wanted"),
    [
        ("__lt__", ["b"], "a < b"),
        ("__contains__", ["b"], "b in a"),
        ("__getitem__", ["0"], "a[0]"),
        ("__str__", [], "str(a)"),
        ("__call__", ["1", "2"], "a(1, 2)"),
        ("__exit__", ["None", "None", "None"], ""),
        ("total", [], ""),
    ],
)
def test_special_methods_are_called_as_people_do(method, arguments, wanted):
    assert spoken(method, "a", arguments) == wanted


def test_objects_are_made_as_the_examples_make_them_and_compared_with_their_like(context):
    found = [t.expression for t in boundary.propose(context(MONEY, "Money.__lt__"))]
    assert "Money('2.50 EUR') < Money('2.50 EUR')" in found


def test_a_length_is_asked_for_by_len(context):
    found = [t.expression for t in boundary.propose(context(MONEY, "Money.__len__"))]
    assert found[0] == "len(Money('2.50 EUR'))"
