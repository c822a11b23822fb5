from shop.text import shorten


def test_shorten_leaves_short_texts():
    assert shorten("Green tea", 40) == "Green tea"


def test_shorten_cuts_after_a_word():
    assert shorten("Green tea from Assam", 14) == "Green tea…"
