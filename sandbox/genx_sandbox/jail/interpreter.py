"""Find out what an interpreter needs around it in order to start elsewhere."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from genx_sandbox.errors import InterpreterError

OLDEST = (3, 9)

# -I and -S: neither the environment, nor the current folder, nor any .pth file has a say.
_QUESTION = """
import json, os, sys, sysconfig
print(json.dumps({
    "version": sys.version_info[:3], "name": sys.implementation.name,
    "executable": sys.executable, "base": [sys.base_prefix, sys.base_exec_prefix],
    "library": os.path.dirname(os.__file__), "libdir": sysconfig.get_config_var("LIBDIR") or "",
    "user_site": sysconfig.get_path("purelib", "posix_user"),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that starts, and the folders it cannot do without."""

    executable: Path
    version: tuple[int, int, int]
    folders: tuple[Path, ...]
    """Existing folders and files to show read-only: its prefixes, environment and linked libraries."""
    site_packages: tuple[Path, ...]


def examine(executable: Path) -> Interpreter:
    """Ask `executable` about itself. Raises InterpreterError with what is wrong and what to do."""
    path = Path(executable)
    if not path.exists():
        raise InterpreterError(f"There is no Python at {path}. Choose the project's interpreter.")
    return _examine(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _examine(executable: Path, _mtime: int) -> Interpreter:
    command = [str(executable), "-I", "-S", "-c", _QUESTION]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, stdin=subprocess.DEVNULL, check=False)
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise InterpreterError(f"{executable} does not start as a Python interpreter ({error}).") from error
    version = tuple(answer["version"])
    if answer["name"] != "cpython" or version[:2] < OLDEST:
        raise InterpreterError(
            f"{executable} is {answer['name']} {'.'.join(map(str, version))}; "
            "the sandbox needs CPython 3.9 or newer."
        )
    real = Path(answer["executable"] or executable)
    environment = _environment(real)
    sites = _site_packages(real, environment, answer)
    folders = [
        *_prefixes(real, answer),
        *([environment] if environment else []),
        *sites,
        *_pth_folders(sites),
    ]
    return Interpreter(real, (version[0], version[1], version[2]), tuple(dict.fromkeys(folders)), sites)


def _environment(executable: Path) -> Path | None:
    folder = executable.parent.parent
    return folder if (folder / "pyvenv.cfg").is_file() else None


def _prefixes(executable: Path, answer: dict[str, object]) -> list[Path]:
    """The base installation, and every hop of the links that lead to the binary."""
    base = answer["base"]
    assert isinstance(base, list)
    # /usr is the system's: its libraries are shown anyway, its other programs need not be.
    system = (Path("/usr"), Path("/usr/local"), Path("/"))
    found = [Path(str(answer["library"])), *(p for p in map(Path, base) if p not in system)]
    libdir = Path(str(answer["libdir"]))
    if libdir.is_dir() and libdir.is_absolute():
        found += libdir.glob("libpython3*.so*")
    hop = executable
    for _ in range(16):
        found.append(hop)
        if not hop.is_symlink():
            break
        hop = hop.parent / hop.readlink()
    found.append(executable.resolve())
    return [p for p in found if p.exists()]


def _site_packages(executable: Path, environment: Path | None, answer: dict[str, object]) -> tuple[Path, ...]:
    version = answer["version"]
    assert isinstance(version, list)
    python = f"python{version[0]}.{version[1]}"
    folders: list[Path] = []
    system = environment is None
    if environment is not None:
        folders += [
            environment / "lib" / python / "site-packages",
            environment / "lib64" / python / "site-packages",
        ]
        system = "include-system-site-packages = true" in (environment / "pyvenv.cfg").read_text().lower()
    if system:
        library = Path(str(answer["library"]))
        folders += [library / "site-packages", Path("/usr/lib/python3/dist-packages")]
        folders += [
            Path(f"/usr/local/lib/{python}/dist-packages"),
            Path(f"/usr/local/lib/{python}/site-packages"),
        ]
    return tuple(dict.fromkeys(f for f in folders if f.is_dir()))


def _pth_folders(sites: tuple[Path, ...]) -> list[Path]:
    """Folders that editable installs add to the path; lines of code in .pth files are not followed."""
    home = Path.home()
    found = []
    for file in (f for site in sites for f in sorted(site.glob("*.pth"))):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if not line.strip() or line.startswith(("#", "import ", "import\t")):
                continue
            folder = (file.parent / line.strip()).resolve()
            if folder.is_dir() and folder != home and folder not in home.parents:
                found.append(folder)
    return found
