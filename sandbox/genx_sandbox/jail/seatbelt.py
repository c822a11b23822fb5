"""macOS: what a `sandbox-exec` profile for one program says. Written from its documentation, never run.

The degraded level is one process a program under this profile (`alone.py`), for those who ask for it by name.
It has no pid or mount namespace and no filter of system calls, and Apple calls the tool deprecated; see
`NOT_STOPPED`.
"""

from __future__ import annotations

from pathlib import Path

from genx_sandbox.jail import view

TOOL = "/usr/bin/sandbox-exec"
GUEST = Path(__file__).resolve().parent.parent / "guest"
NOT_STOPPED = (
    "system calls that Python does not need",
    "seeing which processes run",
    "using memory beyond what macOS enforces of RLIMIT_AS",
)
_SYSTEM = ("/usr/lib", "/usr/share/zoneinfo", "/System/Library", "/Library/Apple/System/Library")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def profile(seen: view.View, guest: Path) -> str:
    """Deny by default; read what the view shows; hide what it hides; write nowhere, start nothing."""
    shown = [*_SYSTEM, *(str(path) for path in seen.binds), str(guest)]
    lines = ["(version 1)", "(deny default)", "(allow sysctl-read)", "(allow process-fork)"]
    lines.append('(allow file-read-metadata (literal "/"))')
    lines += [f"(allow file-read* (subpath {_quoted(path)}))" for path in dict.fromkeys(shown)]
    lines += [f"(allow file-read* (literal {_quoted(path)}))" for path in _DEVICES]
    # Later rules win.
    lines += [f"(deny file-read* (subpath {_quoted(str(path))}))" for path in seen.hidden_folders]
    lines += [f"(deny file-read* (literal {_quoted(str(path))}))" for path in seen.hidden_files]
    lines += ["(deny network*)", "(deny file-write*)", "(deny process-exec*)", "(deny mach-lookup)"]
    lines.append("(allow signal (target self))")
    return "\n".join(lines) + "\n"


def command(text: str, interpreter: Path) -> list[str]:
    """The command up to the interpreter's own arguments; it may start that one program and no other."""
    allowed = f"{text}(allow process-exec (literal {_quoted(str(interpreter))}))\n"
    return [TOOL, "-p", allowed, str(interpreter)]


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
