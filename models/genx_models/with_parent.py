"""`python -I with_parent.py PARENT COMMAND...`: becomes COMMAND, which then ends when its parent does.

Run as a file, so that it starts from any folder. Where the kernel offers nothing of the kind, it just runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the kernel kill this process once the thread that started it is gone."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    """Entry point of the process."""
    parent, *command = sys.argv[1:]
    die_with_parent()
    if os.getppid() != int(parent):  # it was gone before the kernel was asked
        sys.exit("ERROR: the process that asked for this has ended")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
