from __future__ import annotations

import gc
import weakref

from genx_lsp.session.memory import give_back


class Ring:
    def __init__(self) -> None:
        self.self = self


def test_what_only_refers_to_itself_is_given_back() -> None:
    gc.disable()
    try:
        seen = weakref.ref(Ring())
        assert seen() is not None
        give_back()
        assert seen() is None
    finally:
        gc.enable()
