"""The items grade inside the fork: real pytest items, their results told as they come."""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import contextlib
import io

from . import calls, loading, warming
from .reporting import Reporter


def begin(channel, request, prepared, reporter):
    """Load the program for whoever imports it, and tell the reporter what it needs. False: that failed."""
    try:
        loading.install(request["program"])
        warming.write(prepared.file)
    except BaseException as error:
        channel.send({"end": calls.one_line(error)})
        return False
    names = [prepared.file["path"] + "::" + name for name in request["node_ids"]]
    reporter.begin(channel, prepared.limits["text_bytes"], request["canary"], names)
    return True


def serve(channel, request, prepared):
    """Run the file on the program and send `items`, `start`, `item` and `end` frames."""
    reporter = Reporter()
    if begin(channel, request, prepared, reporter):
        session(prepared, reporter)
        reporter.end()


def session(prepared, reporter):
    """One run of pytest over the file, from its options to its last word."""
    try:
        import pytest
    except Exception as error:
        reporter.trouble = "this interpreter cannot import pytest (%s); install it there" % error
        return
    arguments = [prepared.file["path"], *warming.options(), "--confcutdir=" + prepared.folder]
    undo = None
    with contextlib.suppress(Exception):
        reporter.restore, undo = warming.use(prepared.file, prepared.import_roots)
    pytest.hookimpl(tryfirst=True)(Reporter.pytest_sessionfinish)
    pytest.hookimpl(tryfirst=True)(Reporter.pytest_collection)
    pytest.hookimpl(trylast=True)(Reporter.pytest_collection_modifyitems)
    said = io.StringIO()
    status = 3
    try:
        with contextlib.redirect_stderr(said):
            status = pytest.main(arguments, plugins=[reporter])
    except BaseException as error:
        reporter.trouble = reporter.trouble or calls.one_line(error)
    if not reporter.trouble and int(status) in (3, 4):
        reporter.trouble = "pytest could not run: " + " ".join(said.getvalue().split())[:500]
    if undo is not None:
        undo()
