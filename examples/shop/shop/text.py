"""Descriptions, as customers see them."""


def shorten(text: str, width: int) -> str:
    """The text in at most `width` characters, cut after a whole word and marked with an ellipsis.

    >>> shorten("Red woollen socks", 12)
    'Red woollen…'
    >>> shorten("Red socks", 9)
    'Red socks'

    Raises ValueError for a width below 1.
    """
    if width < 1:
        raise ValueError("width must be at least 1")
    if len(text) < width:  # nothing to cut
        return text
    kept = ""
    for word in text.split():
        longer = f"{kept} {word}".strip()
        if len(longer) + 1 > width:  # the ellipsis needs room too
            break
        kept = longer
    return kept + "…"
