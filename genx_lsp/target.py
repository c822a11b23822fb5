"""The function or method under work, found in a module's source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from genx_lsp.source_text import split_lines

ParameterKind = Literal[
    "positional_only", "positional_or_keyword", "var_positional", "keyword_only", "var_keyword"
]
TargetKind = Literal["function", "method", "classmethod", "staticmethod", "property"]


@dataclass(frozen=True)
class Parameter:
    """One parameter; `annotation` and `default` are source text, empty where absent."""

    name: str
    annotation: str = ""
    default: str = ""
    kind: ParameterKind = "positional_or_keyword"


@dataclass(frozen=True)
class Target:
    """A function or method, with everything a generator may know about it. A new save makes a new one."""

    path: Path
    module: str
    """Dotted name in the project: `shop.pricing`."""
    qualified_name: str
    """`apply_discount`, `Cart.total`."""
    kind: TargetKind
    module_source: str
    """The whole file as saved, line endings normalised to `\\n`."""
    first_line: int
    """1-based, decorators included."""
    last_line: int
    """1-based, inclusive."""
    def_line: int
    """1-based line of `def`, where a lens sits."""
    parameters: tuple[Parameter, ...]
    """Without `self` or `cls`."""
    returns: str = ""
    docstring: str = ""
    is_async: bool = False
    is_generator: bool = False
    out_of_reach: str = ""
    """Why it cannot be called from outside (a closure, a nested function), as a sentence; empty if it can."""
    ast_hash: str = ""
    """Normalised AST of the definition, docstring included; equal hashes need no new work."""

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualified_name.rpartition(".")[2]

    @property
    def class_name(self) -> str:
        """The class it belongs to, dotted; empty for a function."""
        return self.qualified_name.rpartition(".")[0]

    @cached_property
    def source(self) -> str:
        """The definition as it stands in the file, decorators and indentation included."""
        text = "".join(split_lines(self.module_source)[self.first_line - 1 : self.last_line])
        return text if text.endswith("\n") else text + "\n"

    @cached_property
    def source_lines(self) -> tuple[str, ...]:
        """Its lines. Where it stands now is asked for at every keystroke."""
        return tuple(split_lines(self.source))

    def with_definition(self, source: str) -> str:
        """The module's source with the target's definition replaced by `source` (same indentation)."""
        lines = split_lines(self.module_source)
        if source and not source.endswith("\n"):
            source += "\n"
        if self.last_line >= len(lines) and lines and not lines[-1].endswith("\n"):
            # A file that ends without a newline keeps ending so.
            source = source[:-1]
        return "".join([*lines[: self.first_line - 1], source, *lines[self.last_line :]])
