"""The schema editors see says the same as the reader of settings does."""

from __future__ import annotations

import jsonschema
import pytest

from genx_lsp.config import json_schema, layered, vscode_configuration
from genx_lsp.config.fields import fields
from genx_lsp.config.schema import settings_page


def test_the_schema_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"onSave": "off"},
        {"onSave": "never"},
        {"model": {"threads": 257}},
        {"model": {"threads": 256, "code": "x.gguf"}},
        {"generation": {"temperature": 2, "seconds": 0}},
        {"sandbox": {"deny": ["a", "b"]}},
        {"sandbox": {"deny": [1]}},
        {"unknown": 1},
    ],
)
def test_schema_and_reader_agree(given: dict[str, object]):
    accepted = jsonschema.Draft202012Validator(json_schema()).is_valid(given)

    assert accepted == (layered(workspace=given)[1] == ())


def test_every_setting_has_a_description_and_a_default():
    for field in fields():
        assert field.description.endswith("."), field.path
        assert field.default is not None, field.path


def test_vscode_gets_every_setting_under_its_own_name():
    properties = vscode_configuration()["properties"]

    assert properties["genx.onSave"] == {
        "type": "string",
        "enum": ["off", "tests", "fixes", "both"],
        "default": "both",
        "markdownDescription": "What is worked on when a file is saved.",
        "scope": "resource",
    }
    assert properties["genx.model.gpuLayers"]["minimum"] == -1
    assert len(properties) == len(list(fields()))


def test_the_extensions_own_properties_are_kept_and_others_replaced():
    present = {"properties": {"genx.trace.server": {"type": "string"}, "genx.gone": {"type": "string"}}}

    properties = vscode_configuration(present)["properties"]

    assert "genx.trace.server" in properties
    assert "genx.gone" not in properties


def test_the_settings_page_names_every_setting():
    page = settings_page()

    assert all(f"`{field.path}`" in page for field in fields())
