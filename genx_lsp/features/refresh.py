"""Asks the client to fetch lenses again when they would read differently."""

from __future__ import annotations

from lsprotocol import types

from genx_lsp.features.code_lens import lens_title
from genx_lsp.session.jobs import JobEvent
from genx_lsp.session.session import Session


class LensRefresher:
    """Clients that cannot be asked fetch lenses when the text changes, which must do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._titles: dict[str, tuple[tuple[str, str], ...]] = {}

    def document_changed(self, uri: str) -> None:
        """Ask, if any lens of the document has changed its words."""
        if not self._session.capabilities.refresh_lenses:
            return
        titles = tuple((placed.name, lens_title(placed)) for placed in self._session.placed(uri))
        if titles != self._titles.get(uri, ()):
            if titles:
                self._titles[uri] = titles
            else:
                self._titles.pop(uri)
            self._session.client.refresh(types.WORKSPACE_CODE_LENS_REFRESH)

    def job_changed(self, event: JobEvent) -> None:
        """Nothing: the document has been told of."""
