"""Where the strings of a JSON text begin and end, for a whole block at once."""

import numpy as np
import numpy.typing as npt

__all__ = ["Bytes", "inside", "string_marks"]

Bytes = npt.NDArray[np.uint8]
_QUOTE, _BACKSLASH = 0x22, 0x5C


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
