"""What holds for every test: no network beyond this machine, nothing written outside temporary folders."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

_ATTACKS = Path(__file__).parent / "attacks"
_LOCAL = ("127.0.0.1", "::1", "localhost", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """CI tries a test that failed once more. What is to hold every time is not: an attack that wins, wins."""
    for item in items:
        if _ATTACKS in item.path.parents and item.config.pluginmanager.hasplugin("rerunfailures"):
            item.add_marker(pytest.mark.flaky(reruns=0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A test that passed only the second time is said with what went wrong the first time."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"failed at first, then run again: {report.nodeid}", sep="-")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """A suite that runs in the background inherits an ignored SIGINT, and so would what it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches out fails with a sentence instead of depending on the weather."""
    really_connect, really_lookup = socket.socket.connect, socket.getaddrinfo

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL:  # type: ignore[index]
            raise RuntimeError(f"a test tried to connect to {address}; only 127.0.0.1 is allowed")
        really_connect(self, address)  # type: ignore[arg-type]

    def lookup(host: object, *more: object, **named: object) -> object:
        if host not in (*_LOCAL, None, b"127.0.0.1"):
            raise RuntimeError(f"a test tried to look up {host}; only 127.0.0.1 is allowed")
        return really_lookup(host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.fixture(autouse=True)
def _own_feedback(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Feedback of tests goes into a file of their own, also from the processes they start."""
    path = tmp_path_factory.mktemp("feedback") / "feedback.db"
    monkeypatch.setenv("GENX_FEEDBACK", str(path))
    yield path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test is answered by what another one ran."""
    path = tmp_path_factory.mktemp("cache") / "outcomes.db"
    monkeypatch.setenv("GENX_CACHE", str(path))
    return path
