"""Load a candidate's source as the module it stands for, in memory, under its real dotted name."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import sys
import types


class MemoryModule(importlib.abc.Loader):
    """Finder and loader of one module: whoever imports that name gets the candidate, not the disk."""

    def __init__(self, name, path, source, is_package, instrument=None):
        self.name = name
        self.path = path
        self.source = source
        self.package = is_package
        self.instrument = instrument
        self.extra = {}
        self.code: types.CodeType

    def compile(self):
        """Compile early, so that a syntax error is told apart from an error while importing."""
        if self.instrument is None:
            self.code = compile(self.source, self.path, "exec", dont_inherit=True)
        else:
            self.code = self.instrument(self.source, self.path)

    def find_spec(self, fullname, path=None, target=None):
        """The candidate's spec for its own name, nothing for any other."""
        if fullname != self.name:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=self.path, is_package=self.package)
        spec.has_location = True
        if self.package:
            spec.submodule_search_locations = [os.path.dirname(self.path)]
        return spec

    def create_module(self, spec):
        """Python's own module object."""
        return

    def exec_module(self, module):
        """Run the candidate's body."""
        module.__dict__.update(self.extra)
        exec(self.code, module.__dict__)

    def get_source(self, fullname):
        """For `inspect` and tracebacks."""
        return self.source

    def get_filename(self, fullname):
        """For `runpy` and `pkgutil`."""
        return self.path

    def is_package(self, fullname):
        """Whether the candidate is an `__init__`."""
        return self.package


def install(program, instrument=None):
    """Put the candidate before every other finder."""
    finder = MemoryModule(
        program["module"], program["path"], program["source"], program["is_package"], instrument
    )
    finder.compile()
    # A loader with get_source() makes linecache prefer it over the file on disk, which may differ.
    linecache.cache[finder.path] = (
        len(finder.source),
        None,
        finder.source.splitlines(True),
        finder.path,
    )
    sys.meta_path.insert(0, finder)
    return finder


def load(finder):
    """Import the candidate (and so its parent packages, from disk) and return its module."""
    importlib.import_module(finder.name)
    return sys.modules[finder.name]
