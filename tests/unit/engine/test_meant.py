"""Which errors a function announces: those that its own `raise` makes, with the message that stands there."""

import textwrap

import pytest

from genx_lsp.engine.meant import is_announced
from genx_sandbox import Raised


def announced(body: str, message: str, kind: str = "TypeError") -> bool:
    source = "def f(x, *rest):\n" + textwrap.indent(body, "    ") + "\n"
    return is_announced(source, Raised(f"builtins.{kind}", message=message))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise TypeError", ""),
        ("raise TypeError()", ""),
        ("raise TypeError('a number, please')", "a number, please"),
        ("raise TypeError('a ' 'number')", "a number"),
        ("raise TypeError(f'not {type(x).__name__}, but a number')", "not str, but a number"),
        ("raise TypeError(f'cannot read {x!r}')", "cannot read 'two\nlines'"),
        ("raise TypeError('not %s at %d' % (x, 1))", "not str at 1"),
        ("raise TypeError('not {0} here'.format(x))", "not [1] here"),
        ("raise TypeError('not ' + type(x).__name__)", "not str"),
        ("said = f'no {x}'\nraise TypeError(said) from None", "no way"),
        ("raise builtins.TypeError('no', x)", "no"),
    ],
)
def test_what_a_raise_says_is_announced(body: str, message: str) -> None:
    assert announced(body, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return x + 1", "can only concatenate str"),
        ("try:\n    return x + 1\nexcept TypeError:\n    return 0", "can only concatenate str"),
        ("raise TypeError('a number, please')", "unsupported operand type(s)"),
        ("raise TypeError(f'{x}')", "unsupported operand type(s)"),
        ("raise TypeError(x)", "unsupported operand type(s)"),
        ("raise ValueError('a number, please')", "a number, please"),
        ("raise", ""),
    ],
)
def test_what_no_raise_says_is_not(body: str, message: str) -> None:
    assert not announced(body, message)


def test_broken_code_announces_nothing() -> None:
    assert not is_announced("def f(:", Raised("builtins.TypeError", message=""))
