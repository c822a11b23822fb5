from __future__ import annotations

import gc
import weakref

from genx_lsp.memory import give_back
from genx_lsp.source_text import shared_tree


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


def test_what_is_remembered_of_sources_is_let_go_of() -> None:
    source = "value = 1\n" * 500
    tree = shared_tree(source)
    assert shared_tree(source) is tree
    give_back()
    again = shared_tree(source)
    assert again is not tree
    assert len(again.body) == len(tree.body)
