"""Which mutants a suite kills. Runs in the benchmark's own environment, one fork a mutant.

    python killing.py PROJECT MODULE RELATIVE_PATH SECONDS [NODE_ID ...] < mutants.json

Prints one line of JSON: for every mutant `killed`, `survived` or `timeout`. pytest is imported once; every
fork loads the mutant in the module's place and runs the whole suite until the first failure.
"""

import contextlib
import importlib.abc
import importlib.util
import io
import json
import os
import resource
import select
import signal
import sys
import time

MEMORY = 2 << 30


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant's source to whoever imports the module."""

    def __init__(self, module, path, source):
        self.module, self.path, self.source = module, path, source

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        package = [os.path.dirname(self.path)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=package
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.source, self.path, "exec", dont_inherit=True), module.__dict__)


def child(project, module, path, source, nodes):
    import pytest

    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    sys.stdout = sys.stderr = io.StringIO()
    top = module.partition(".")[0]
    for name in [n for n in sys.modules if n == top or n.startswith(top + ".")]:
        del sys.modules[name]
    sys.meta_path.insert(0, Mutated(module, path, source))
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:random_order", *nodes])
    os._exit(int(code))


def run(seconds, *arguments):
    """The exit code of pytest in a fork, or -1 where it took too long."""
    pid = os.fork()
    if pid == 0:
        try:
            child(*arguments)
        finally:
            os._exit(70)
    handle = os.pidfd_open(pid)
    ready, _, _ = select.select([handle], [], [], seconds)
    os.close(handle)
    if not ready:
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status) if ready else -1


def main():
    project, module, relative, seconds, *nodes = sys.argv[1:]
    os.chdir(project)
    sys.path.insert(0, project)
    import pytest  # noqa: F401

    path = os.path.join(project, relative)
    with open(path, encoding="utf-8") as file:
        original = file.read()
    started = time.monotonic()
    base = run(60.0, project, module, path, original, nodes)
    took = time.monotonic() - started
    if base != 0:
        print(json.dumps({"error": f"the suite fails unmutated: pytest ended with {base}"}))
        return
    limit = max(float(seconds), 5 * took)
    verdicts = []
    for mutant in json.load(sys.stdin)["mutants"]:
        code = run(limit, project, module, path, mutant["source"], nodes)
        verdicts.append({0: "survived", -1: "timeout"}.get(code, "killed"))
    print(json.dumps({"verdicts": verdicts, "seconds": took}))


if __name__ == "__main__":
    main()
