"""The engine in a process of its own, so that no keystroke waits for it and its memory ends with it."""

from genx_lsp.engine_process.client import EngineProcess
from genx_lsp.engine_process.engines import Anchors, Engine, EngineFactory, EnginePool, Engines, Want

__all__ = ["Anchors", "Engine", "EngineFactory", "EnginePool", "EngineProcess", "Engines", "Want"]
