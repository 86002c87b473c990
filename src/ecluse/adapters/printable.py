"""What a terminal may show of a text from outside."""

_MOST = 300


def printable(text: object) -> str:
    """Its first characters, without those that a terminal would obey."""
    return "".join(c for c in str(text)[:_MOST] if c.isprintable())
