"""JSON numbers as JSON strings of the same digits: ``1.10`` → ``"1.10"``.

Every JSON engine at hand reads numbers as floating ones and gives 1.1 back; a patient's result keeps its zeros (law 3).
The structure is found for a whole block at once, from where the strings are.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["Bytes", "inside", "numbers_as_texts", "string_marks"]

Bytes = npt.NDArray[np.uint8]
_QUOTE, _BACKSLASH = 0x22, 0x5C
_IN_NUMBER = np.zeros(256, dtype=np.bool_)
_IN_NUMBER[list(b"0123456789+-.eE")] = True
_BEGINS_NUMBER = np.zeros(256, dtype=np.bool_)
_BEGINS_NUMBER[list(b"0123456789-")] = True


def string_marks(text: Bytes) -> npt.NDArray[np.int64]:
    """Where quotes open and close strings, in turn; quotes after an odd number of backslashes are text."""
    quotes = np.flatnonzero(text == _QUOTE)
    slashes = np.flatnonzero(text == _BACKSLASH)
    if len(slashes):
        first = np.concatenate(([True], np.diff(slashes) != 1))
        starts = np.flatnonzero(first)
        lengths = np.diff(np.append(starts, len(slashes)))
        after = slashes[starts] + lengths
        quotes = np.setdiff1d(quotes, after[lengths % 2 == 1], assume_unique=True)
    return quotes


def inside(places: npt.NDArray[np.int64], marks: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which places are within strings."""
    odd: npt.NDArray[np.bool_] = np.searchsorted(marks, places) % 2 == 1
    return odd


def numbers_as_texts(text: Bytes) -> Bytes:
    """The same JSON with each number between quotes."""
    numeric = _IN_NUMBER[text]
    begins = np.flatnonzero(_BEGINS_NUMBER[text] & ~np.concatenate(([False], numeric[:-1])))
    begins = begins[~inside(begins, string_marks(text))]
    if not len(begins):
        return text
    others = np.append(np.flatnonzero(~numeric), len(text))
    ends = others[np.searchsorted(others, begins)]
    return np.insert(text, np.concatenate((begins, ends)), _QUOTE)
