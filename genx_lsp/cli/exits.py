"""Exit codes; `docs/cli.md` lists them for scripts."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's end means."""

    DONE = 0
    RED = 1
    """It ran, and the answer is bad: doctor is red, a model's bytes are wrong, `--check` suspects a bug."""
    USAGE = 2
    """The command line, or the file or function it names, cannot be used."""
    LACKING = 3
    """This machine lacks a part: sandbox, interpreter, model, or a way to fetch it."""
    REFUSED = 4
    """Nothing was written, because it would not be safe: the file changed meanwhile, or cannot be written."""
    INTERRUPTED = 130
    """Ctrl-C."""
