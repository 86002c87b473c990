"""Which kinds of personal data a stream of bytes holds, how many and how surely; never a value.

Blocks are fed as they are read; windows of whole lines are looked at in whole, first for marks and announcing words by
plain searches (fast on files that hold nothing), and only around those by anything that parses. UTF-8, Latin-1,
CP1252 and CP850 are read alike (letters beyond ASCII are letters); UTF-16 of either order, marked or not, by leaving
out its NULs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ecluse.inspector import _cells, _messages, _secrets
from ecluse.inspector._cells import Cells
from ecluse.inspector._mentions import Mentions
from ecluse.inspector._nir import NirTally
from ecluse.inspector._tables import ANNOUNCING, Tables
from ecluse.inspector.findings import Sureness
from ecluse.inspector.kinds import Kind

_WINDOW = 1 << 20
_CARRIED = 1 << 16
"""Of a line whose end has not come; a longer one is looked at in pieces."""
_OVERLAP = 256
_MARK = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)")
"""Of the order of bytes, at the beginning of a text."""
_NULS = 0.02
"""Share of NULs above which bytes are looked at without them."""

_SOURCE = """
py pyi pyc pyo js mjs cjs ts tsx jsx java c h cc cpp hpp cs go rs rb php pl pm lua swift kt scala sh bash zsh
ps1 bat cmd css scss less vue svelte md rst adoc tex toml lock po pot mo feature ipynb r m f90 vb vbs pas sol
dart ex exs erl hs clj xsd xsl xslt wsdl proto graphql tf map d fsh
"""
CODE = frozenset(_SOURCE.split())
"""Endings of source code, markup and documentation: there, examples are likelier than exports."""
_PAGES = "METADATA PKG-INFO README LICENSE CHANGES CHANGELOG NEWS COPYING COPYRIGHT AUTHORS CREDITS THANKS MAINTAINERS"
_DOCUMENTATION = frozenset(_PAGES.split())
"""Names, whatever their ending, of what stands beside programs and names those who wrote them, with days."""
_PROGRAMS = (
    b"\x7fELF", b"MZ", b"!<arch>\n", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm",
    b"\xde\xc0\x17\x0b", b"dex\n",
)  # fmt: skip
"""Programs and libraries: nothing to look for."""
_WORDS = ANNOUNCING | _messages.MARKS | _secrets.KEYS
_SOME = 5
"""Examples that a file of source code may hold before it is no longer one."""
_WRITTEN_OF = frozenset({Kind.PASSWORDS, Kind.PASSWORD_DIGESTS, Kind.PATIENT_ROWS, Kind.CONTACTS})
"""Kinds whose words and shapes source code is made of."""
_SETTINGS = "ini cfg conf env properties config yaml yml json xml txt log sql csv bat cmd ps1 sh rc netrc pgpass"
_CONFIGURATION = frozenset(_SETTINGS.split())
"""Endings of files in which a password may be written beside the word for it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kind of personal data in one file.

    Attributes:
        kind: What.
        number: Records, rows or numbers of it that were counted: at least so many.
        sureness: How sure that it is that.
        facts: Fixed words of ``rules_data.FACTS_DATA``: which columns say so.
    """

    kind: Kind
    number: int
    sureness: Sureness
    facts: tuple[str, ...] = ()


class Detector:
    """Feed one file's bytes, then ask what was found. Bounded memory, whatever the file."""

    def __init__(self, name: str) -> None:
        """For a file of that name; its ending says whether examples are likely (source code, documentation)."""
        ending = PurePosixPath(name).suffix.lower().removeprefix(".")
        self._code = ending in CODE or PurePosixPath(name).name.partition(".")[0].upper() in _DOCUMENTATION
        self._configuration = ending in _CONFIGURATION or not ending
        self._words = _WORDS | (_secrets.WORDS if self._configuration else frozenset[bytes]())
        self._nir = NirTally()
        self._tables = Tables()
        self._mentions = Mentions()
        self._messages: dict[Kind, int] = {}
        self._keys = self._passwords = 0
        self._carried = b""
        self._pending: list[bytes] = []
        self._waiting = 0
        self._first = True
        self._program: bool | None = None
        self._cells: Cells | None = None

    def feed(self, block: bytes) -> None:
        """The next bytes of the file, of any length: however it is cut up, what is found is the same."""
        if self._program is None and block:
            self._program = block.startswith(_PROGRAMS)
            self._cells = Cells() if block.startswith(_cells.MAGIC) else None
        if self._program:
            return
        self._pending.append(block)
        self._waiting += len(block)
        if self._waiting < _WINDOW:
            return
        data = b"".join(self._pending)
        whole = len(data) - len(data) % _WINDOW
        self._pending = [data[whole:]]
        self._waiting = len(data) - whole
        for at in range(0, whole, _WINDOW):
            self._window(data[at : at + _WINDOW])

    def found(self) -> tuple[Found, ...]:
        """What the file held, the surest first. Ends the file."""
        self._look(self._carried + self._plain(b"".join(self._pending)))
        self._carried, self._pending = b"", []
        judged = (each for each in self._judged() if not (self._code and each.kind in _WRITTEN_OF))
        return tuple(sorted(judged, key=lambda each: (-each.sureness, each.kind)))

    @staticmethod
    def _plain(block: bytes) -> bytes:
        return block.translate(None, b"\0") if block.count(0) > len(block) * _NULS else block

    def _window(self, block: bytes) -> None:
        text = self._carried + self._plain(block)
        cut = max(text.rfind(b"\n"), text.rfind(b"\r", max(0, len(text) - _CARRIED))) + 1
        if len(text) - cut > _CARRIED:
            cut = len(text) - _OVERLAP
        self._carried = text[cut:]
        self._look(text[:cut])

    def _look(self, text: bytes) -> None:
        if not text:
            return
        low = text.lower()
        if self._cells is not None:
            self._cells.scan(text)
        hits = {word for word in self._words if word in low}
        self._nir.scan(text, low)
        begun = _MARK.sub(b"", text, count=1) if self._first else text
        self._tables.scan(begun, low[len(text) - len(begun) :], hits, first=self._first)
        self._mentions.scan(begun, low[len(text) - len(begun) :], first=self._first, code=self._code)
        for kind, number in _messages.messages(text, hits):
            self._messages[kind] = self._messages.get(kind, 0) + number
        if hits & _secrets.KEYS:
            self._keys += _secrets.keys(text)
        if self._configuration:
            self._passwords += _secrets.passwords(text, low, hits)
        self._first = False

    def _judged(self) -> Iterator[Found]:
        tables = dict(self._tables.judged)
        column = tables.pop(Kind.NIR, None)
        nir = self._nir.sureness
        if nir is not None or column is not None:
            sure = max(each for each in (nir, column.sureness if column else None) if each is not None)
            number = max(self._nir.right, self._tables.rows.get(Kind.NIR, 0))
            yield self._weighed(Kind.NIR, number, sure, ("column",) if column else ("control-keys",))
        for kind, number in self._messages.items():
            if kind is Kind.ASTM and Kind.HPRIM in self._messages:
                continue
            yield self._weighed(kind, number, Sureness.CERTAIN)
        for kind, judged in tables.items():
            yield self._weighed(kind, self._tables.rows[kind], judged.sureness, judged.facts)
        named = self._mentions.cued if self._code else self._mentions.persons
        if Kind.PERSONS in tables:
            pass
        elif self._cells is not None and self._cells.persons:
            yield Found(Kind.PERSONS, self._cells.persons, Sureness.PROBABLE, ("birth-dates", "names"))
        elif named:
            yield self._weighed(Kind.PERSONS, named, self._mentions.sureness, ("birth-dates", "names"))
        if self._keys:
            yield self._weighed(Kind.PRIVATE_KEY, self._keys, Sureness.CERTAIN)
        if self._passwords and Kind.PASSWORDS not in tables:
            yield self._weighed(Kind.PASSWORDS, self._passwords, Sureness.PROBABLE, ("written-beside-the-word",))

    def _weighed(self, kind: Kind, number: int, sureness: Sureness, facts: tuple[str, ...] = ()) -> Found:
        """In source code and documentation, a few are examples."""
        if self._code and number <= _SOME:
            sureness = Sureness.POSSIBLE
        elif self._code:
            sureness = min(sureness, Sureness.PROBABLE)
        return Found(kind, number, sureness, facts)
