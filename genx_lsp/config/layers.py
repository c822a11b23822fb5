"""Settings from several places, each laid over the one before; what is wrong is told, the rest kept."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from genx_lsp.config.fields import allowed, fields, is_section, members, snake, value_schema
from genx_lsp.config.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CLIENT_SECTIONS = frozenset(
    {"server", "trace", "status_notifications", "candidate_notifications", "trusted"}
)
"""Names under `genx` that belong to an editor's extension, not to the settings tree."""


@dataclass(frozen=True)
class Problem:
    """A setting that was left out. `says` is the whole sentence, name and place included."""

    name: str
    """Dotted snake_case name (`model.threads`); empty where a whole file could not be read."""
    place: str
    """Where it stands: `pyproject.toml`, `the editor's settings`, `the command line`."""
    says: str

    def __str__(self) -> str:
        return self.says


@dataclass(frozen=True)
class ProjectLayer:
    """What a project's own file says, as it was when it was read."""

    table: object = None
    problems: tuple[Problem, ...] = ()


def project_layer(root: Path) -> ProjectLayer:
    """Read `root/pyproject.toml`, whose file system may take its time."""
    table, broken = _pyproject(root / "pyproject.toml")
    table, refused = _without_what_is_not_its_to_say(table)
    return ProjectLayer(table, (*broken, *refused))


def layered(
    root: Path | None = None,
    *,
    project: ProjectLayer | None = None,
    initialization: object = None,
    workspace: object = None,
    command_line: object = None,
) -> tuple[Settings, tuple[Problem, ...]]:
    """Lay defaults < `root/pyproject.toml` < initializationOptions < workspace/configuration < command line.

    `project` is the second of them where it was read already; then nothing is read here.
    Each layer is a mapping as it came from outside, nested, with names in snake_case, kebab-case or
    camelCase; None and null values leave things as they are. Never raises for what a layer holds.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    layers: list[tuple[str, object]] = []
    if project is None and root is not None:
        project = project_layer(root)
    if project is not None:
        problems += project.problems
        layers.append(("pyproject.toml", project.table))
    layers += [
        ("initializationOptions", from_initialization(initialization)),
        ("the editor's settings", workspace),
        ("the command line", command_line),
    ]
    for place, layer in layers:
        if layer is not None:
            problems += _merge(values, Settings, layer, place)
    return msgspec.convert(values, Settings), tuple(problems)


def from_initialization(options: object) -> object:
    """The settings in LSP initializationOptions: under `genx` where a client has such a section, else all."""
    if isinstance(options, Mapping) and "genx" in options:
        return options["genx"]
    return options


def _pyproject(path: Path) -> tuple[object, list[Problem]]:
    """The `[tool.genx]` table; a file that is missing is no problem, one that is half-written is."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        document = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return None, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        says = f"{path} cannot be read ({reason}), so its [tool.genx] settings are left out until it can."
        return None, [Problem("", "pyproject.toml", says)]
    tool = document.get("tool")
    return (tool.get("genx") if isinstance(tool, dict) else None), []


def _without_what_is_not_its_to_say(table: object) -> tuple[object, list[Problem]]:
    """The project's settings without files for llama.cpp to load and servers to send code to.

    A project may come from a stranger, and a model file is read outside the sandbox: whoever opens the
    project names such files and servers, in the editor or on the command line, never the project itself.
    """
    model = table.get("model") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(model, dict):
        return table, []
    kept: dict[str, Any] = {}
    problems = []
    for given, value in model.items():
        name = snake(str(given))
        path = isinstance(value, str) and ("/" in value or "\\" in value or value.endswith(".gguf"))
        if name == "endpoint":
            says = (
                f"genx.model.endpoint in pyproject.toml is {_shown(value)}; a project may not say where code "
                "is sent. Name a server in the editor's settings or on the command line."
            )
            problems.append(Problem("model.endpoint", "pyproject.toml", says))
        elif name == "directory" or (name in ("code", "test") and path):
            says = (
                f"genx.model.{name} in pyproject.toml is {_shown(value)}; a project may only name registered "
                "models. Name files in the editor's settings or on the command line."
            )
            problems.append(Problem(f"model.{name}", "pyproject.toml", says))
        else:
            kept[given] = value
    return {**table, "model": kept}, problems


def _merge(
    into: dict[str, Any], section: type[msgspec.Struct], layer: object, place: str, prefix: str = ""
) -> Iterator[Problem]:
    if not isinstance(layer, Mapping):
        name = prefix.rstrip(".")
        what = f"genx.{name}" if name else "genx"
        yield Problem(name, place, f"{what} in {place} is {_shown(layer)}; allowed is a table of settings.")
        return
    known = members(section)
    for given, value in layer.items():
        name = snake(str(given))
        if value is None or (not prefix and name in _CLIENT_SECTIONS):
            continue
        info = known.get(name)
        if info is None:
            yield _unknown(prefix + name, place)
        elif is_section(info.type):
            yield from _merge(into.setdefault(name, {}), info.type, value, place, f"{prefix}{name}.")
        else:
            try:
                into[name] = msgspec.convert(value, info.type)
            except msgspec.ValidationError:
                schema = value_schema(info.type)
                yield Problem(
                    prefix + name,
                    place,
                    f"genx.{prefix}{name} in {place} is {_shown(value)}; allowed is {allowed(schema)}.",
                )


def _unknown(path: str, place: str) -> Problem:
    names = [field.path for field in fields()]
    close = difflib.get_close_matches(path, names, n=1, cutoff=0.6)
    if not close:
        # A name put in the wrong section is the other common slip: compare the last parts alone.
        last = {name.rpartition(".")[2]: name for name in names}
        close = [last[c] for c in difflib.get_close_matches(path.rpartition(".")[2], last, n=1, cutoff=0.8)]
    hint = f" Did you mean genx.{close[0]}?" if close else ""
    return Problem(path, place, f"genx.{path} in {place} is not a setting.{hint}")


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
