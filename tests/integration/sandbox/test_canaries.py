"""A program that makes pytest say "passed" is found out by a test that must fail."""

from __future__ import annotations

import pytest

from genx_sandbox import Program, TestFile

HONEST = "def price(net):\n    return net * 2\n"
TESTS = "from shop.pricing import price\n\n\ndef test_it():\n    assert price(10) == 20\n"
LIES = {
    "a patched report": (
        "import _pytest.reports as r\n"
        "make = r.TestReport.from_item_and_call.__func__\n"
        "def lie(cls, item, call):\n"
        "    report = make(cls, item, call)\n"
        "    report.outcome, report.longrepr = 'passed', None\n"
        "    return report\n"
        "r.TestReport.from_item_and_call = classmethod(lie)\n"
    ),
    "a test function that calls nothing": (
        "import _pytest.python as p\np.Function.runtest = lambda self: None\n"
    ),
    "assertions that never raise": (
        "import _pytest.runner as r\n"
        "old = r.CallInfo.from_call.__func__\n"
        "def lie(cls, func, when, **more):\n"
        "    info = old(cls, func, when, **more)\n"
        "    info.excinfo = None\n"
        "    return info\n"
        "r.CallInfo.from_call = classmethod(lie)\n"
    ),
}


def run(sandbox, project, source):
    program = Program("p", "shop.pricing", str(project / "shop/pricing.py"), source)
    (result,) = sandbox.run_items([program], TestFile(project / "tests/test_canary.py", TESTS))
    return result


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_results_is_found_out(sandbox, project, lie):
    result = run(sandbox, project, LIES[lie] + "\n\ndef price(net):\n    return 0\n")
    assert not result.passed
    assert "must fail" in result.error
    assert [item.outcome for item in result.items] == ["error"]


def test_an_honest_program_is_told_nothing_of_it(sandbox, project):
    result = run(sandbox, project, HONEST)
    assert result.passed
    assert [item.node_id for item in result.items] == ["test_it"]


def test_a_test_that_fails_by_itself_still_fails(sandbox, project):
    result = run(sandbox, project, HONEST.replace("* 2", "* 3"))
    assert [item.outcome for item in result.items] == ["failed"]
    assert result.error == ""
