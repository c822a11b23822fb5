"""What one candidate may use before the parent ends it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Ceilings for one fork of the zygote. Seconds are wall-clock and kept by the parent."""

    call_seconds: float = 1.0
    """One call; a call that outlives it ends the fork, and the calls after it run in a new one."""
    load_seconds: float = 3.0
    """Importing the candidate's module."""
    items_seconds: float = 10.0
    """One whole run in the items grade."""
    memory_bytes: int = 512 * 1024 * 1024
    """Address space a fork may add to what the zygote already maps (RLIMIT_AS)."""
    open_files: int = 64
    value_bytes: int = 64 * 1024
    """Size of one encoded value; a larger one arrives as `truncated`."""
    value_depth: int = 24
    value_items: int = 5_000
    """Elements over one whole value, and the cap to which generators are consumed."""
    text_bytes: int = 8 * 1024
    """Longest exception message or pytest report kept, each."""
    deaths: int = 5
    """Calls of one program that may time out or crash before its remaining calls are refused unrun."""
    scratch_bytes: int = 64 * 1024 * 1024
    """Size of the private /tmp, which only the items grade has."""
    scratch_files: int = 20_000
    """Files and folders that one run may make there; looked at 20 times a second."""
