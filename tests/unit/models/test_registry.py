from __future__ import annotations

import pytest

from genx_models import registry
from genx_models.registry import HubSource, WheelSource

ENTRY = """
[[model]]
name = "tiny"
about = "A tiny one."
licence = "MIT"
file = "tiny.gguf"
size = 3
sha256 = "ab"

[[model.source]]
kind = "hub"
repo = "owner/tiny"
revision = "main"
file = "tiny.gguf"

[[model.source]]
kind = "wheels"
parts = [{ package = "tiny", version = "1", member = "tiny/data.bin", size = 3, sha256 = "ab" }]
"""


def test_the_first_model_is_the_default_and_every_one_can_be_had_without_a_hub() -> None:
    specs = registry.load()

    assert next(iter(specs)) == "qwen2.5-coder-0.5b"
    for spec in specs.values():
        hub, wheels = spec.sources
        assert isinstance(hub, HubSource)
        assert isinstance(wheels, WheelSource)
        assert sum(part.size for part in wheels.parts) == spec.size
        assert len(spec.sha256) == 64


def test_sources_keep_their_order() -> None:
    (spec,) = registry.parse(ENTRY).values()

    assert [type(source) for source in spec.sources] == [HubSource, WheelSource]
    assert spec.licence == "MIT"


def test_an_incomplete_entry_is_named() -> None:
    with pytest.raises(ValueError, match="tiny is not complete"):
        registry.parse(ENTRY.replace('licence = "MIT"\n', ""))
