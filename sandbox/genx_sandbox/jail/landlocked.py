"""The reduced level: no namespaces; the zygote itself gives up everything but reading what it is shown.

Landlock knows only what is allowed, and what is allowed in a folder is allowed beneath it. Where
something hidden lies in a folder, its neighbours are therefore allowed one by one, and the folder may
only be listed.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from genx_sandbox.guest.syscalls import ARCHITECTURES
from genx_sandbox.jail import view

GUEST = Path(__file__).resolve().parent.parent / "guest"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# The first version that tells truncation from reading; what is older lets files be emptied.
_OLDEST_ABI = 3
_LANDLOCK_CREATE = 444
BOOT = (
    f"import importlib.util as u, sys; p = {str(GUEST)!r}; "
    "s = u.spec_from_file_location('genx_guest', p + '/__init__.py', submodule_search_locations=[p]); "
    "m = sys.modules['genx_guest'] = u.module_from_spec(s); s.loader.exec_module(m); "
    "from genx_guest import zygote; zygote.main(int(sys.argv[1]), sys.argv[2])"
)

NOT_STOPPED = (
    "seeing whether a path exists, its size and its times (contents stay closed)",
    "seeing names of hidden files beside the project's code",
    "seeing which system and kernel this is, and the host's name",
)
"""What the kernel offers no rule against without namespaces; the attack suite holds this list exact."""


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether this kernel has what the reduced level is made of, and we have a table for its calls."""
    if not sys.platform.startswith("linux") or platform.machine() not in ARCHITECTURES:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.syscall(_LANDLOCK_CREATE, None, 0, 1)) >= _OLDEST_ABI


@dataclass(frozen=True)
class Rules:
    """What may be read with all that lies beneath, what may only be listed, and files among the former."""

    readable: tuple[str, ...]
    listable: tuple[str, ...]
    signature: tuple[tuple[str, int], ...]
    """Identity of what is allowed by itself: a file saved by renaming is another one, not allowed yet."""

    def hold(self) -> bool:
        """Whether each of them is still the one it was, and each folder has the same entries."""
        return self.signature == _signature(self.readable, self.listable)


def rules(seen: view.View) -> Rules:
    """The rules that show what `seen` shows."""
    hidden = {*seen.hidden_folders, *seen.hidden_files}
    above = {parent for path in hidden for parent in path.parents}
    readable: list[str] = [*_DEVICES, str(GUEST)]
    listable: list[str] = []
    waiting = [bound.resolve() for bound in seen.binds]
    while waiting:
        path = waiting.pop()
        if path in hidden:
            continue
        if path not in above:
            readable.append(str(path))
            continue
        listable.append(str(path))
        # What a link leads to is allowed by where that lies, not by where the link lies.
        waiting += [entry for entry in path.iterdir() if not entry.is_symlink()]
    chosen, listed = tuple(sorted(set(readable))), tuple(sorted(set(listable)))
    return Rules(chosen, listed, _signature(chosen, listed))


def _signature(readable: tuple[str, ...], listable: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    folders = set(listable)
    single = [Path(name) for name in readable if str(Path(name).parent) in folders]
    times = tuple((name, _changed(name)) for name in listable)
    return (*view.signature(single), *times)


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0
