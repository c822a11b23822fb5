"""Every setting, its default and its documentation, once.

Names are snake_case here and in `pyproject.toml` (`[tool.genx]`), camelCase in LSP clients.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

OnSave: TypeAlias = Literal["off", "tests", "fixes", "both"]


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which models write tests and code, and how llama.cpp runs them."""

    code: Annotated[
        str, Meta(description="Name of a model in the registry, or the path of a .gguf file.")
    ] = "qwen2.5-coder-0.5b"
    test: Annotated[
        str, Meta(description="As `code`, for the model that writes tests; empty means the same model.")
    ] = ""
    endpoint: Annotated[
        str,
        Meta(
            description="Address of an OpenAI-compatible server (llama-server, vLLM, Ollama) to use in place "
            "of the local model; your code is sent there. Empty means that nothing leaves the machine."
        ),
    ] = ""
    endpoint_model: Annotated[
        str, Meta(description="The model's name at the endpoint; empty means the first that it lists.")
    ] = ""
    directory: Annotated[
        str, Meta(description="Where models are kept; empty means the user's data folder.")
    ] = ""
    threads: Annotated[int, Meta(ge=0, le=256, description="Decoding threads; 0 leaves one core free.")] = 0
    gpu_layers: Annotated[
        int,
        Meta(ge=-1, le=1000, description="Layers offloaded to the GPU; -1 means all, where there is one."),
    ] = -1
    requantised: Annotated[
        bool,
        Meta(description="Serve the quicker copy that `genx-lsp models pull` made of the default model."),
    ] = True
    context: Annotated[int, Meta(ge=512, le=131072, description="Tokens of context a sequence may hold.")] = (
        4096
    )
    idle_seconds: Annotated[
        int,
        Meta(
            ge=0,
            description="Unload the model and end the engine and the waiting sandbox processes after so many "
            "idle seconds; 0 keeps them.",
        ),
    ] = 600


class GenerationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many candidates are asked for."""

    tests: Annotated[int, Meta(ge=0, le=256, description="Samples of the test model a function.")] = 8
    infills: Annotated[
        int, Meta(ge=0, le=256, description="Samples of the code model a suspicious line.")
    ] = 8
    infill_lines: Annotated[int, Meta(ge=0, le=64, description="How many suspicious lines are infilled.")] = 4
    rewrites: Annotated[int, Meta(ge=0, le=256, description="Whole-function samples of the code model.")] = 8
    mutants: Annotated[int, Meta(ge=0, le=5000, description="First-order mutants tried a function.")] = 200
    grafts: Annotated[
        int,
        Meta(ge=0, le=20000, description="Fixes tried that are made of the function's own parts."),
    ] = 4000
    boundary_calls: Annotated[
        int, Meta(ge=0, le=1000, description="Calls made up from types and literals.")
    ] = 40
    temperature: Annotated[float, Meta(ge=0, le=2, description="Sampling temperature.")] = 0.8
    seed: Annotated[int, Meta(description="The same seed and model give the same suggestions.")] = 0
    seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Time one function may take before the best so far is shown.")
    ] = 30.0


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How candidates are run."""

    deny: Annotated[
        tuple[str, ...],
        Meta(description="Further globs, relative to the project, that candidates cannot see."),
    ] = ()
    call_seconds: Annotated[float, Meta(gt=0, le=60, description="Wall-clock limit of one call.")] = 1.0
    memory_mb: Annotated[int, Meta(ge=64, le=65536, description="Memory a candidate may add.")] = 512
    jobs: Annotated[
        int, Meta(ge=0, le=256, description="Candidates run at the same time; 0 leaves one core free.")
    ] = 0
    cache_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="Disk space for outcomes that need not be run again; 0 keeps none.",
        ),
    ] = 64


class EmitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How tests are written."""

    max_tests: Annotated[int, Meta(ge=1, le=100, description="Tests offered a function, at most.")] = 12
    location: Annotated[
        Literal["auto", "tests", "beside"],
        Meta(
            description="Where new test files go: as the project does, a tests folder, or beside the module."
        ),
    ] = "auto"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings tree."""

    interpreter: Annotated[
        str, Meta(description="Python that runs your code; empty means the project's own.")
    ] = ""
    on_save: Annotated[OnSave, Meta(description="What is worked on when a file is saved.")] = "both"
    on_save_patterns: Annotated[
        dict[str, OnSave],
        Meta(
            description="The same for files that match a glob relative to the folder, such as "
            '`{"legacy/**": "off"}`; the last that matches counts.'
        ),
    ] = {}
    battery: Annotated[
        Literal["work", "low", "wait"],
        Meta(description="On battery: work on saves as ever, wait while it is low (below 20 %), or wait."),
    ] = "low"
    busy_wait_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description="How long work on a save waits while other programs keep every core busy.",
        ),
    ] = 30
    scorer: Annotated[
        Literal["default", "consensus", "max_pass", "codet", "genx", "b4"],
        Meta(description="How programs and tests are ranked."),
    ] = "default"
    feedback: Annotated[
        bool, Meta(description="Remember what was accepted and dismissed, on this machine only.")
    ] = True
    model: ModelSettings = ModelSettings()
    generation: GenerationSettings = GenerationSettings()
    sandbox: SandboxSettings = SandboxSettings()
    emit: EmitSettings = EmitSettings()
