"""Every error that may reach a user. Each is a sentence: what happened, what it means, what to do.

    GenxError
    ├── ConfigError       a setting that cannot be used (the rest of the settings still are)
    ├── TargetError       no such file, or no such function in it
    ├── SourceError       a file that cannot be parsed or decoded
    ├── StaleError        the document changed since the suggestion was made
    ├── EmitError         a test file or an edit that cannot be written safely
    ├── FeedbackError     the feedback database cannot be used
    └── Unavailable       a part that this machine lacks: model, sandbox, interpreter

`genx_models.ModelError` and `genx_sandbox.SandboxError` are the parts' own trees; the engine turns
them into notes on the findings or into `Unavailable`.
"""

from __future__ import annotations


class GenxError(Exception):
    """Base of every error of GenX; its text is meant for the user."""


class ConfigError(GenxError):
    """A setting that cannot be used."""


class TargetError(GenxError):
    """No such file, or no such function in it."""


class SourceError(GenxError):
    """A file that cannot be parsed or decoded."""


class StaleError(GenxError):
    """The document changed since the suggestion was made."""


class EmitError(GenxError):
    """A test file or an edit that cannot be written safely."""


class FeedbackError(GenxError):
    """The feedback database cannot be used."""


class Unavailable(GenxError):
    """A part that this machine lacks."""
