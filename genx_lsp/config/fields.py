"""The settings tree seen as fields: names in every spelling, types, and what a value may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from genx_lsp.config.settings import Settings


@dataclass(frozen=True)
class Field:
    """One setting. `path` is its dotted snake_case name: `model.gpu_layers`."""

    path: str
    type: Any
    default: Any
    schema: dict[str, Any]
    """JSON schema of its value, `description` included."""

    @property
    def description(self) -> str:
        """What it is for, as a sentence."""
        return str(self.schema.get("description", ""))

    @property
    def editor_name(self) -> str:
        """Its name in LSP clients: `genx.model.gpuLayers`."""
        return "genx." + ".".join(camel(part) for part in self.path.split("."))


def camel(name: str) -> str:
    """`gpu_layers` as `gpuLayers`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake(name: str) -> str:
    """`gpuLayers`, `gpu-layers` and `gpu_layers` as `gpu_layers`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()


def is_section(kind: Any) -> bool:
    """A field's type is a struct with fields of its own."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def members(section: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """A section's fields by name."""
    return {info.name: info for info in msgspec.structs.fields(section)}


def fields(section: type[msgspec.Struct] = Settings, prefix: str = "") -> Iterator[Field]:
    """Every setting under `section`, in the order of the tree."""
    for name, info in members(section).items():
        if is_section(info.type):
            yield from fields(info.type, f"{prefix}{name}.")
        else:
            default = default_of(info)
            yield Field(prefix + name, info.type, default, value_schema(info.type))


def default_of(info: msgspec.structs.FieldInfo) -> Any:
    """A field's default as JSON has it; a table's is made anew each time."""
    value = info.default_factory() if callable(info.default_factory) else info.default
    return msgspec.to_builtins(value)


def value_schema(kind: Any) -> dict[str, Any]:
    """JSON schema of one value; choices keep the order they are written in, as editors show them."""
    schema = msgspec.json.schema(kind)
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(plain) is Literal:
        schema.update(type="string", enum=list(get_args(plain)))
    return schema


def allowed(schema: dict[str, Any]) -> str:
    """What a value may be, in words: `a whole number from 0 to 256`."""
    if "enum" in schema:
        return "one of " + ", ".join(f'"{choice}"' for choice in schema["enum"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _bounds(schema)
    if kind == "array":
        return "a list of texts"
    if kind == "object":
        return "a table of texts, each " + allowed(schema["additionalProperties"])
    return {"boolean": "true or false", "string": "a text"}.get(str(kind), str(kind))


def _bounds(schema: dict[str, Any]) -> str:
    low, above, high = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if above is not None and high is not None:
        return f" above {above}, up to {high}"
    if low is not None:
        return f", {low} or more"
    return ""
