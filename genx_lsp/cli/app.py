"""The commands put together, and errors turned into sentences and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from genx_lsp import __version__
from genx_lsp.cli import adapters, doctor, feedback, finetune, models, report, serve, suggest, watch
from genx_lsp.cli.exits import Exit
from genx_lsp.errors import EmitError, GenxError, StaleError, Unavailable

app = typer.Typer(
    name="genx-lsp",
    help="Writes tests and fixes for your Python with small local models, and shows only what survived "
    "execution. Nothing leaves this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(suggest.suggest)
app.command()(watch.watch)
app.command()(report.report)
app.command()(serve.serve)
app.add_typer(finetune.app, name="finetune")
models.app.add_typer(adapters.app, name="adapters")
app.add_typer(models.app, name="models")
app.command()(doctor.doctor)
app.add_typer(feedback.app, name="feedback")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genx-lsp {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line; errors that are meant for the user end as one sentence on stderr."""
    # A pipe that closes early (`| head`) is the reader's right, not a fault of ours.
    try:
        app(prog_name="genx-lsp")
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.DONE)
    except GenxError as error:
        _end(error, _code(error))
    except Exception as error:
        if not _from_a_part(error):
            raise
        _end(error, Exit.LACKING)


def _code(error: GenxError) -> Exit:
    if isinstance(error, Unavailable):
        return Exit.LACKING
    return Exit.REFUSED if isinstance(error, (StaleError, EmitError)) else Exit.USAGE


def _from_a_part(error: Exception) -> bool:
    """The models' and the sandbox's own errors, told apart without loading either package for it."""
    trees = (("genx_models.errors", "ModelError"), ("genx_sandbox.errors", "SandboxError"))
    return any(
        isinstance(error, getattr(sys.modules[module], name))
        for module, name in trees
        if module in sys.modules
    )


def _end(error: Exception, code: Exit) -> None:
    print(f"genx-lsp: {error}", file=sys.stderr)
    sys.exit(code)
