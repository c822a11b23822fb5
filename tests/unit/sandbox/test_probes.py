"""Line probes say what coverage.py says."""

from __future__ import annotations

import coverage
import pytest

from genx_sandbox.guest import probes

SOURCE = '''"""Docstring."""
from __future__ import annotations

import math


def grade(n, flag=False):
    """Doc."""
    total = 0
    for i in range(n):
        if i % 2:
            total += i
        elif flag:
            total -= i
        else:
            continue
    while total > 100:
        total -= 10
    try:
        total = math.sqrt(total)
    except ValueError:
        total = -1
    else:
        total += 0
    finally:
        flag = None
    with open("/dev/null") as f:
        f.read()
    return [x for x in (total,)]


class Box:
    """Doc."""

    size = 3

    def get(self):
        return self.size


async def later():
    return 1
'''
# Docstrings of the module and of a class, and the `__future__` import: they must stay first, unprobed.
NOT_CODE = {1, 2, 33}


@pytest.mark.parametrize("call", ["grade(5)", "grade(5, True)", "grade(0)", "Box().get()", "grade(60)"])
def test_probes_reach_the_lines_that_coverage_reports(call, tmp_path):
    path = tmp_path / "subject.py"
    path.write_text(SOURCE, encoding="utf-8")
    probe = probes.Probe()
    namespace = {"__name__": "subject"}
    code = probe.instrument(SOURCE, str(path))
    namespace[probes.NAME] = probe.hits
    exec(code, namespace)
    eval(call, namespace)
    ours = set(probe.lines())

    measured = coverage.Coverage(data_file=None, include=[str(path)])
    plain = {"__name__": "subject"}
    measured.start()
    try:
        exec(compile(SOURCE, str(path), "exec"), plain)
        eval(call, plain)
    finally:
        measured.stop()
    assert ours == set(measured.get_data().lines(str(path)) or ()) - NOT_CODE


def test_probes_can_be_cleared_between_calls():
    probe = probes.Probe()
    namespace: dict[str, object] = {}
    code = probe.instrument("def f(x):\n    if x:\n        return 1\n    return 2\n", "m.py")
    namespace[probes.NAME] = probe.hits
    exec(code, namespace)
    probe.clear()
    eval("f(1)", namespace)
    assert probe.lines() == [2, 3]
