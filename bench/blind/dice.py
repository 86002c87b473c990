"""Chance that is the same for the same seed, and whose choices differ between the two halves of the seeds.

Odd seeds are *seen*, even ones *held out*: :meth:`Dice.pick` draws from every other of its options, so that names,
headings, wordings and layouts of one half never occur in the other.
"""

import datetime as dt
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_FEWEST = 4
"""Options below which both halves share them all (delimiters, line ends)."""


class Dice:
    """Chance for one file: ``(seed, kind, number)`` says it all."""

    def __init__(self, seed: int, kind: str, number: int) -> None:
        self.random = random.Random(f"{seed}/{kind}/{number}")
        self.half = seed % 2
        self.number = number

    def pick(self, options: Sequence[T]) -> T:
        """One of this half's options."""
        return self.random.choice(self.own(options))

    def own(self, options: Sequence[T]) -> Sequence[T]:
        """This half's options."""
        return options[self.half :: 2] if len(options) >= _FEWEST else options

    def any(self, options: Sequence[T]) -> T:
        """One of all options, whatever the half."""
        return self.random.choice(options)

    def few(self, options: Sequence[T], count: int) -> list[T]:
        """Different ones of this half's options."""
        own = self.own(options)
        return self.random.sample(own, min(count, len(own)))

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(low, high)

    def lines(self, most: int = 1000) -> int:
        """How many lines: 1 to ``most``, short files as often as long ones."""
        return max(1, round(math.exp(self.random.uniform(0, math.log(most)))))

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.random.random() < share

    def digits(self, count: int) -> str:
        """Digits, of which the first is not zero."""
        return str(self.random.randint(1, 9)) + "".join(self.random.choices("0123456789", k=count - 1))

    def letters(self, count: int) -> str:
        """Capital letters."""
        return "".join(self.random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=count))

    def hexadecimal(self, count: int) -> str:
        """Hexadecimal digits."""
        return "".join(self.random.choices("0123456789abcdef", k=count))

    def decimal(self, low: float, high: float, places: int = 1, *, comma: bool = False) -> str:
        """A number as text."""
        text = f"{self.random.uniform(low, high):.{places}f}"
        return text.replace(".", ",") if comma else text

    def day(self, first: int, last: int) -> dt.date:
        """A day of these years, both included."""
        start, end = dt.date(first, 1, 1), dt.date(last, 12, 31)
        return start + dt.timedelta(days=self.random.randint(0, (end - start).days))

    def moment(self, first: int = 2016, last: int = 2022) -> dt.datetime:
        """A second within these years."""
        return dt.datetime.combine(self.day(first, last), dt.time()) + dt.timedelta(seconds=self.between(0, 86399))


@dataclass(frozen=True, slots=True)
class Made:
    """One file."""

    name: str
    data: bytes


POSITIVE, DECOY, DOUBTFUL, UNSEEN = "positive", "decoy", "doubtful", "unseen"
Maker = Callable[[Dice], Made]
KINDS: dict[str, tuple[str, Maker]] = {}
"""By kind: its class, and what makes one of it. Filled by :func:`kind` when the modules are imported."""


def kind(sort: str, name: str) -> Callable[[Maker], Maker]:
    """Enter a maker under its name.

    :raises ValueError: The name is taken.
    """

    def entered(maker: Maker) -> Maker:
        if name in KINDS:
            raise ValueError(name)
        KINDS[name] = (sort, maker)
        return maker

    return entered


ENCODINGS = ("utf-8", "cp1252", "utf-8-sig", "cp850", "iso-8859-1", "utf-16")


def encoded(dice: Dice, text: str, encoding: str | None = None, newline: str | None = None) -> bytes:
    """Text as some machine wrote it; what the code page lacks becomes ``?``."""
    ends = newline or dice.any(("\n", "\r\n"))
    return text.replace("\n", ends).encode(encoding or dice.any(ENCODINGS), "replace")
