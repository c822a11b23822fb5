"""What can go wrong around a run (never inside one: that is an `Outcome`).

SandboxError
├── SandboxUnavailable   no level holds on this machine; says why and what to install
│   └── NoRoom           no temporary file can be written, so no level could be tried
├── InterpreterError     the workspace's interpreter cannot be started or is too old
└── SandboxCancelled     the caller's cancel event was set; everything under way has been ended
"""

from __future__ import annotations


class SandboxError(Exception):
    """Base of the sandbox's errors; its text is a sentence for the user."""


class SandboxUnavailable(SandboxError):
    """No jail can be had here, so nothing is run."""


class NoRoom(SandboxUnavailable):
    """The self-test has nowhere to put what must not be read."""


class InterpreterError(SandboxError):
    """The workspace's interpreter cannot be used."""


class SandboxCancelled(SandboxError):
    """The run was cancelled."""


class ProtocolError(Exception):
    """A fork sent something the guest never sends. Never leaves the sandbox: it is charged to the program."""
