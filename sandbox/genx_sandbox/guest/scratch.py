"""The private /tmp of the items grade: capped while a fork is at work, and as new for the next one.

What one program leaves there would be found by the next: a test's answer could hang on who ran before.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import os

FOLDER = "/tmp"


class Scratch:
    """One writable folder. No process of the jail may be using it while it is cleared."""

    def __init__(self, most_bytes, most_files, folder=FOLDER):
        self._folder, self._most = folder, (most_bytes, most_files)
        self._kept: "frozenset[str]" = frozenset()
        self._files = 0

    def remember(self):
        """What is there now belongs to the zygote, and stays."""
        self._kept = frozenset(path for path, _ in self._found())
        self._files = self._used()[1]

    def crowded(self):
        """Whether a fork has taken more than its share: the system caps bytes at best, files never."""
        used_bytes, used_files = self._used()
        most_bytes, most_files = self._most
        return used_bytes > most_bytes or used_files - self._files > most_files

    def clear(self):
        """Remove all that forks have made. Whether nothing is left of it."""
        try:
            for path, is_folder in self._found():
                if path not in self._kept:
                    (os.rmdir if is_folder else os.unlink)(path)
        except (OSError, RecursionError):
            return False
        return True

    def _used(self):
        room = os.statvfs(self._folder)
        return (room.f_blocks - room.f_bfree) * room.f_frsize, room.f_files - room.f_ffree

    def _found(self):
        """Paths in the folder, what lies in a folder before the folder; nothing of what is mounted in it."""
        return self._below(self._folder, os.lstat(self._folder).st_dev)

    def _below(self, folder, device):
        with os.scandir(folder) as entries:
            for entry in list(entries):
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.stat(follow_symlinks=False).st_dev != device:
                    continue
                if is_folder:
                    if entry.path not in self._kept:
                        # A program may have closed it to itself.
                        os.chmod(entry.path, 0o700)
                    yield from self._below(entry.path, device)
                yield entry.path, is_folder
