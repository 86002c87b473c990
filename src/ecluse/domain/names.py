"""Names that people read: nothing in them that one does not see, none that the room itself goes by."""

import re
import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Unicode's general categories of what is not seen: controls, formats (direction, zero width), private, unassigned."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing."""
_ROOM = re.compile(r"(?:system|anonymous|control-room|invitation|token|recovery|watch|alert)(?:-[0-9]+)?")


def is_plain(name: str) -> bool:
    """Whether a name is all that one sees of it, on one line.

    A joiner of zero width, usual in Persian and Indic spelling, is refused too: it makes two names look alike.
    """
    seen = not any(unicodedata.category(each) in _UNSEEN or each in _BLANK for each in name)
    return seen and bool(name.strip())


def is_the_rooms(handle: str) -> bool:
    """Whether a handle is one by which journals name the room, a link or a token, and so nobody's."""
    return _ROOM.fullmatch(handle) is not None
