"""Every setting, its default and its documentation, once; and the layers it is read from.

`settings` holds the tree, `layers` reads it from `pyproject.toml`, the editor and the command line,
`schema` describes it to editors and to the documentation.
"""

from genx_lsp.config.layers import Problem, ProjectLayer, from_initialization, layered, project_layer
from genx_lsp.config.schema import json_schema, vscode_configuration
from genx_lsp.config.settings import (
    EmitSettings,
    GenerationSettings,
    ModelSettings,
    SandboxSettings,
    Settings,
)

__all__ = [
    "EmitSettings",
    "GenerationSettings",
    "ModelSettings",
    "Problem",
    "ProjectLayer",
    "SandboxSettings",
    "Settings",
    "from_initialization",
    "json_schema",
    "layered",
    "project_layer",
    "vscode_configuration",
]
