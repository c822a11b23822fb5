from genx_lsp.propose import keys
from genx_sandbox import Returns, Unknown, Value


def test_comments_formatting_and_docstrings_do_not_change_a_code_key() -> None:
    plain = "def f(x):\n    return x+1\n"
    dressed = '    def f( x ):\n        """Say more."""\n        # why\n        return (x + 1)\n'
    assert keys.code_key(plain) == keys.code_key(dressed)


def test_a_different_operator_changes_a_code_key() -> None:
    assert keys.code_key("def f(x):\n    return x + 1\n") != keys.code_key("def f(x):\n    return x - 1\n")


def test_strings_over_several_lines_count_as_they_are() -> None:
    one = '    def f():\n        return """a\n  b"""\n'
    two = '    def f():\n        return """a\nb"""\n'
    assert keys.code_key(one) != keys.code_key(two)


def test_text_that_is_no_python_has_a_key_too() -> None:
    assert keys.code_key("def f(:") == keys.code_key("  def f(: ")
    assert keys.code_key("def f(:") != keys.code_key("def g(:")
    assert keys.code_key("x" + "(" * 5000) != ""


def test_a_test_key_depends_on_call_expectation_and_setup_but_not_on_spelling() -> None:
    two = Returns(Value.of(2))
    key = keys.test_key("f(1,  'a')", two)
    assert key == keys.test_key('f(1, "a")', two)
    others = (("f(2, 'a')", two), ("f(1, 'a')", Returns(Value.of(3))), ("f(1, 'a')", Unknown()))
    different = {keys.test_key(call, expected) for call, expected in others}
    assert len({key, keys.test_key("f(1, 'a')", two, "x = 1")} | different) == 5


def test_an_expected_text_tells_unknown_expectations_apart() -> None:
    one = keys.test_key("f(1)", Unknown(), expected_text="Decimal('1')")
    assert one != keys.test_key("f(1)", Unknown(), expected_text="Decimal('2')")
    assert one == keys.test_key("f(1)", Unknown(), expected_text='Decimal("1")')
