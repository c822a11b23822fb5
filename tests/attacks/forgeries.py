# ruff: noqa: E501
# One candidate a line: the table is easier to read and to extend than to keep narrow.
"""Candidates that try to pass without being right, by what they try."""

from __future__ import annotations

from arena import Arena

from genx_sandbox import Approx, Call, Grade, Leaves, Program, Raises, Returns, TestFile, Value, judge

FORGERIES = {
    "an int whose == is always true": "class Y(int):\n    def __eq__(s, o): return True\n    __hash__ = int.__hash__\ndef f(): return Y(0)",
    "an object whose == is always true": "class Y:\n    def __eq__(s, o): return True\n    def __hash__(s): return 0\ndef f(): return Y()",
    "a str whose == is always true": "class Y(str):\n    def __eq__(s, o): return True\n    __hash__ = str.__hash__\ndef f(): return Y('')",
    "a tuple whose == is always true": "class Y(tuple):\n    def __eq__(s, o): return True\n    __hash__ = tuple.__hash__\ndef f(): return Y()",
    "a list of agreeable things": "class Y:\n    def __eq__(s, o): return True\n    def __hash__(s): return 0\ndef f(): return [Y()]",
    "a dict whose == is always true": "class Y(dict):\n    def __eq__(s, o): return True\ndef f(): return Y()",
    "a reflected comparison": "class Y(float):\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\n    __hash__ = float.__hash__\ndef f(): return Y(0.0)",
    "a false repr": "class Y(int):\n    def __repr__(s): return str(globals())\n    __str__ = __repr__\ndef f(): return Y(1)",
    "a false class": "class Y:\n    __class__ = int\n    def __int__(s): return 0\n    def __index__(s): return 0\ndef f(): return Y()",
    "a metaclass that agrees": "class M(type):\n    def __instancecheck__(c, i): return True\n    def __eq__(c, o): return True\n    def __hash__(c): return 0\nclass Y(metaclass=M): pass\ndef f(): return Y()",
    "NaN": "def f(): return float('nan')",
    "a clean exit": "import os\ndef f(): os._exit(0)",
    "a clean exit while loading": "import os\nos._exit(0)\ndef f(): pass",
    "SystemExit(0)": "def f(): raise SystemExit(0)",
    "an exit handler": "import atexit, os\natexit.register(os._exit, 0)\ndef f(): raise SystemExit",
    "unittest.SkipTest": "import unittest\ndef f(): raise unittest.SkipTest('skip')",
    "a skip by pytest's own exception": "class Skipped(BaseException): pass\ndef f(): raise Skipped",
    "patched builtins": "import builtins\nbuiltins.len = lambda x: 0\nbuiltins.type = lambda x: int\nbuiltins.isinstance = lambda a, b: True\ndef f(): return None",
    "a patched json": "import json\njson.dumps = lambda *a, **k: 'true'\njson.JSONEncoder.encode = lambda *a: '[\"true\"]'\ndef f(): return 0",
    "a patched encoder": "import sys\nfor m in list(sys.modules.values()):\n    if hasattr(m, 'Encoder'):\n        m.Encoder.encode = lambda s, v: ['opaque', 'any']\ndef f(): return 0",
    "a patched channel": "import sys\nfor n, m in list(sys.modules.items()):\n    if n.endswith('.wire'):\n        m.Channel.send = lambda s, x: None\ndef f(): return 0",
    "writing to every descriptor": "import os\ndef f():\n    for fd in range(64):\n        try: os.write(fd, b'passed')\n        except OSError: pass\n    return 0",
    "a forged frame": "import os, json, struct\ndef f():\n    b = json.dumps({'index': 0, 'kind': 'value', 'value': ['bool', 'True'], 'passed': True}).encode()\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>I', len(b)) + b)\n        except OSError: pass\n    return 0",
    "forged frames for all calls": "import os, json, struct\nfor i in range(9):\n    b = json.dumps({'index': i, 'kind': 'value', 'value': ['int', '1']}).encode()\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>I', len(b)) + b)\n        except OSError: pass\ndef f(): return 0",
    "an endless frame": "import os, struct\ndef f():\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>I', 2**31))\n        except OSError: pass\n    return 0",
    "nonsense on the channel": "import os\ndef f():\n    for fd in range(3, 64):\n        try: os.write(fd, b'\\0\\0\\0\\2{]')\n        except OSError: pass\n    return 0",
    "deep JSON on the channel": "import os, struct\ndef f():\n    b = b'[' * 200000\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>I', len(b)) + b)\n        except OSError: pass\n    return 0",
    "reading callers' frames": "import sys\ndef f():\n    frame, found = sys._getframe(), []\n    while frame:\n        found += [v for v in frame.f_locals.values() if type(v) in (int, str, list, dict)]\n        frame = frame.f_back\n    return next((v for v in reversed(found) if type(v) is int and v > 10**12), found[:3])",
    "hunting through gc": "import gc\ndef f():\n    found = [o for o in gc.get_objects() if type(o) is list and o and type(o[0]) is int and o[0] > 10**12]\n    return found[0][0] if found else 0",
    "hunting for expectations": "import gc\ndef f():\n    for o in gc.get_objects():\n        if type(o) is dict and any(k in o for k in ('expected', 'expectation', 'value')): return o\n    return 0",
    "reading the request again": "import os\ndef f():\n    for fd in range(0, 64):\n        try: return os.pread(fd, 1 << 16, 0)\n        except OSError: pass\n    return 0",
    "reading the zygote's memory": "import os\ndef f(): return open('/proc/%d/mem' % os.getppid(), 'rb').read(10)",
    "reading the command line": "def f(): return open('/proc/self/cmdline').read()",
    "a thread that goes on": "import threading, time\ndef g():\n    while True: time.sleep(0.01)\nthreading.Thread(target=g, daemon=True).start()\ndef f(): return 0",
    "a swallowed timeout": "def f():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    "a value that refers to itself": "def f():\n    x = []\n    x.append(x)\n    return x",
    "a value too deep": "def f():\n    x = []\n    for _ in range(100000): x = [x]\n    return x",
    "a value too large": "def f(): return [0] * 10**7",
    "a hash bomb": "class H(int):\n    def __hash__(s): return 1\ndef f(): return {H(i): i for i in range(2000)}",
    "killing the zygote": "import os, signal\ndef f():\n    os.kill(os.getppid(), signal.SIGKILL)\n    return 0",
    "an exception of the expected name": "class Expected(Exception): pass\ndef f(): raise Expected('anything')",
    "a message that is a bomb": "class E(Exception):\n    def __str__(s): raise SystemExit\ndef f(): raise E",
    "a generator for ever": "def f():\n    while True: yield 0",
    "a property that raises": "class Y:\n    @property\n    def __dict__(s): raise SystemExit\ndef f(): return Y()",
    "replies before they are asked for": "import os, json, struct\nb = json.dumps({'id': '0', 'kind': 'value', 'value': ['int', '1'], 'after': []}).encode()\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('>I', len(b)) + b)\n    except OSError: pass\ndef f(): return 0",
    "replies sent twice": "import os, json, struct\ndef f():\n    import sys\n    frame = sys._getframe()\n    while frame and 'asked' not in frame.f_locals: frame = frame.f_back\n    number = frame.f_locals['asked']['id'] if frame else '0'\n    b = json.dumps({'id': number, 'kind': 'value', 'value': ['int', '1'], 'after': []}).encode()\n    for fd in range(3, 64):\n        try: os.write(fd, 2 * (struct.pack('>I', len(b)) + b))\n        except OSError: pass\n    return 0",
    "a reply that names a foreign type": "import os, json, struct, sys\ndef f():\n    frame = sys._getframe()\n    while frame and 'asked' not in frame.f_locals: frame = frame.f_back\n    number = frame.f_locals['asked']['id'] if frame else '0'\n    b = json.dumps({'id': number, 'kind': 'object', 'number': 10**9, 'type': 'unittest.mock:_ANY'}).encode()\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>I', len(b)) + b)\n        except OSError: pass\n    os._exit(0)",
    "a skip in the test's process": "import os, json, struct, sys\ndef f():\n    frame = sys._getframe()\n    while frame and 'asked' not in frame.f_locals: frame = frame.f_back\n    number = frame.f_locals['asked']['id'] if frame else '0'\n    r = {'type': '_pytest.outcomes.Skipped', 'bases': [], 'message': ''}\n    b = json.dumps({'id': number, 'kind': 'exception', 'raised': r}).encode()\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>I', len(b)) + b)\n        except OSError: pass\n    os._exit(0)",
    "an ANY from the standard library": "from unittest.mock import ANY\ndef f(): return ANY",
    "a patched os.write": "import os, socket, struct, json\nw, r = os.write, {'kind': 'value', 'value': ['bool', 'True']}\nos.write = lambda fd, b: w(fd, b.replace(b'0', b'1'))\nos.writev = lambda fd, bs: w(fd, b''.join(bs).replace(b'0', b'1'))\ntry:\n    socket.socket.sendall = lambda s, b, *a: None\n    socket.socket.send = lambda s, b, *a: len(b)\nexcept TypeError: pass\ndef f(): return 0",
    "a patched pytest": "import sys\ntry:\n    import pytest, _pytest.runner, _pytest.python, _pytest.python_api\n    pytest.raises = pytest.approx = lambda *a, **k: type('A', (), {'__eq__': lambda s, o: True})()\n    _pytest.python_api.ApproxScalar.__eq__ = lambda s, o: True\n    _pytest.python.Function.runtest = lambda s: None\n    _pytest.runner.call_and_report = lambda *a, **k: None\nexcept Exception: pass\ndef f(): return 0",
    "reading closures": "import sys\ndef f():\n    frame, cells = sys._getframe(), []\n    while frame:\n        for v in [*frame.f_locals.values(), frame.f_globals.get(frame.f_code.co_name)]:\n            cells += getattr(v, '__closure__', None) or ()\n            cells += getattr(getattr(v, '__func__', None), '__closure__', None) or ()\n        frame = frame.f_back\n    found = []\n    for c in cells:\n        try: found.append(c.cell_contents)\n        except ValueError: pass\n    return next((v for v in found if type(v) is int and v > 10**12), 0)",
    "an approximation": "class Y(float):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\n    def __abs__(s): return 0.0\n    __hash__ = float.__hash__\ndef f(): return Y(1.0)",
}  # fmt: skip


_TESTS = """
from forgery import f
from pytest import approx


def test_equal():
    assert f() == {secret}


def test_reflected():
    assert {secret} == f()


def test_inside():
    assert [f()] == [{secret}]


def test_member():
    assert f() in ({secret},)


def test_text():
    assert str(f()) == "{secret}"


def test_approx():
    assert f() == approx({secret}.0)
"""


def wins(arena: Arena, code: str, secret: int, grade: Grade) -> list[object]:
    """The expectations that the parent (values) or the test (split) takes for met. `secret` is unknown inside."""
    program = Program("forgery", "forgery", str(arena.folder / "forgery.py"), code)
    if grade is Grade.SPLIT:
        file = TestFile(arena.folder / "test_forgery.py", _TESTS.replace("{secret}", str(secret)))
        (split,) = arena.sandbox.run_split([program], file)
        return [item.node_id for item in split.items if item.outcome == "passed"]
    (result,) = arena.sandbox.run_calls([program], [Call("1", "f()"), Call("2", "[f()]")])
    expectations = [
        Returns(Value.of(secret)),
        Returns(Value.of(secret), exact=True),
        Returns(Value.of([secret])),
        Returns(Value.of(str(secret))),
        Returns(Value.of({"a": (secret,)})),
        Approx(Value.of(float(secret))),
        Raises("forgotten.Expected"),
        Leaves((Value.of([secret]),)),
    ]
    return [e for e in expectations for outcome in result.outcomes if judge(outcome, e) is True]
