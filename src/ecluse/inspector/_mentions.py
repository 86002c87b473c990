"""Persons named in running text, whatever its form: a name beside a day on which its bearer may have been born.

Letters, notes, logs, calendars, lists of fixed width and formats that nothing else knows have one thing in common: a
first name and another name stand within a line of a date. Only around dates is anything parsed.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote_to_bytes

from ecluse.inspector._columns import known_given, role, words
from ecluse.inspector._dates import PLACEHOLDERS, scattered, year_of
from ecluse.inspector.findings import Sureness

_FOLD = bytes.maketrans(b"123456789-.", b"000000000//")
_SHAPES = (b"00/00/00", b"0000/00/00", b"00000000")
_DIGITS = re.compile(rb"0+")
_MONTHS = (
    rb"janvier|f.{1,4}vrier|mars|avril|mai|juin|juillet|ao.{1,4}t|septembre|octobre|novembre|d.{1,4}cembre"
    rb"|january|february|march|april|may|june|july|august|september|october|november|december"
)
_LETTER = 1 << 16
"""Bytes of a text that may be a letter, in which months are looked for by their names."""
_YEARS = (b" 19", b" 20")
_DAY = (
    rb"(?<![0-9])(?<![0-9][./:-])(?:"
    rb"(?:0[1-9]|[12]\d|3[01])([-/.])(?:0[1-9]|1[0-2])\1(?:(?:18[89]|19\d|20[0-4])\d|\d\d)"
    rb"|(?:18[89]\d|19\d\d|20[0-4]\d)([-/.]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])"
    rb"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:18[89]|19\d|20[0-4])\d"
    rb")(?![0-9]|T\d\d:?\d\d| {1,2}\d\d:\d\d|[-/:]\d|\.\d|,\d\d\d )"
)
_DATE = re.compile(_DAY)
_LONG = re.compile(
    rb"(?<!\d)(?:1er|0?[1-9]|[12]\d|3[01])\s(?:" + _MONTHS + rb")\s(?:18[89]|19\d|20[0-4])\d(?!\d)", re.IGNORECASE
)
_BORN = re.compile(
    r"(?:naiss?(?:ance)?\w{0,4}|birth\w{0,8}|(?<![a-z])(?:\w{0,9}_)?ddn|(?<![a-z])dn|(?<![a-z])dob|bday|(?<![a-z])born"
    r"|(?<![a-z])n[eé]e?(?:\(e\)|\.e)?(?:\s+le)?)[^a-z0-9]{0,24}(?:(?:le|du|on|td|dd|span|b|value|date)[^a-z0-9]{1,6}){0,3}$",
    re.IGNORECASE,
)
"""A word of birth just before a date."""
_TITLED = re.compile(
    r"(?<![^\W_])(?:M\.|Mr|Mme|Mlle|Mrs|Ms|Monsieur|Madame|[Pp]atiente?|PATIENTE?|[Nn]om|NOM|[Nn]ame)"
    r"(?:[ :=\"'>]|\s){1,6}[A-ZÀ-Þ][^\W\d_]+"
)
_AGED = re.compile(
    r"(?<![^\W_])(?:M\.|Mr|Mme|Mlle|Mrs|Ms|Monsieur|Madame|Mademoiselle|[Pp]atiente?)\.?"
    r"(?:(?:[^\S\r\n]{1,2}|\r?\n)[A-ZÀ-Þ][\w.'’-]{0,40}){1,4},?(?:[^\S\r\n]{1,2}|\r?\n)(?:[Aa]ged? |[âÂ]g[ée]e?s? de )?"
    r"(?<!\d)\d{1,3}(?:\s|-)(?:ans|years?|yo)(?!\w)"
)
"""Somebody by title and name whose age is said: what a letter says of a patient where it says no date of birth."""
_AGES = (b" ans", b" year", b"-year", b" yo")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MARKUP = re.compile(r"</?[\w:-]{1,40}|/?>")
_STRUCTURED = re.compile(r"\w[\"']?\s?[:=]\s?[\"']|&\w+=")
_CHANGED = re.compile(rb"[<(]\s?[\w.+-]{1,64}@")
"""Beside a date: who changed something, and when."""
_LINE_END = re.compile(r"[\r\n\f]")
_NEXT_MEMBER = re.compile(r",[ \t]{0,40}\r?\n[ \t]{0,200}")
"""Between the members of a JSON object that stands on several lines."""
_OF_A_PATIENT = re.compile(
    r"(?<![^\W_])(?:patiente?|dossier|malade|assur[eé]e?|b[eé]n[eé]ficiaire|homonyme|specimen)(?![^\W_])", re.IGNORECASE
)
_SEX = re.compile(r"[ ;,|\t\"']{1,4}[MFHU](?![^\W_])")
"""What stands after a date of birth in lists and on labels."""
_ESCAPED = re.compile(r"\\'([0-9a-f]{2})|\\[a-z]+-?\d* ?")
_TORN = re.compile(rb"^[\x80-\xbf]{1,3}|[\xc2-\xf4][\x80-\xbf]{0,2}$")
_DOS = re.compile(rb"[A-Za-z][\x80-\x9a][A-Za-z]|[a-z][\x82\x85\x87\x8a]\b")
_BEFORE, _AFTER, _CUED = 110, 90, 320
"""Bytes around a date in which a name may stand; and before it where a word of birth does."""
_MOST, _VAIN, _SPOTS = 3000, 400, 20_000
"""Dates of one window that are looked around; how many of them in vain; and what has the shape of one at all."""
_FEW = 2
"""Mentions that may be examples."""
_SHARED = 2
"""Letters below which a word is an initial, or a particle."""
_PLACED = """
rue place avenue boulevard bd av allee impasse chemin quai cours square route stade lycee college ecole hopital
clinique gare saint sainte st ste street road school hospital prix loi maison groupe centre residence
"""
_PLACES = frozenset(_PLACED.split())
"""What bears a person's name and is none."""
_OTHER_WORDS = """
le la les de du des et the and of rdv patient patiente dossier nom prenom name date jour lundi mardi mercredi jeudi
vendredi samedi dimanche monday tuesday wednesday thursday friday saturday sunday docteur dr laboratoire janvier
fevrier mars avril mai juin juillet aout septembre octobre novembre decembre january february march april may june
july august september october november december jan feb mar apr jun jul aug sep oct nov dec i ii iii iv v vi info
debug warn error get post http select insert into values null true false
"""
_NO_NAMES = frozenset(_OTHER_WORDS.split())
_THINGS = re.compile(
    rb"navire|bateau|vessel|\bships?\b|\bboats?\b|cheva(?:l|ux)|horse|\bvoies?\b|\brues?\b|street|\bstations?\b|\bobjets?\b",
    re.IGNORECASE,
)
"""Headings of things that bear names and are dated."""


@dataclass
class Mentions:
    """Persons that a file's text names.

    Attributes:
        cued: Beside a date that a word of birth announces, or with a title and an age.
        years: Of dates beside a name that nothing announces, one for each mention (so many at most).
        aside: Of them, those in brackets after the name.
    """

    cued: int = 0
    years: list[int] = field(default_factory=list)
    aside: int = 0
    _things: bool = False
    _objects: bool = False

    def scan(self, text: bytes, low: bytes, *, first: bool, code: bool) -> None:
        """A stretch of text; ``low`` the same in lower case; ``first``: the file begins with it; ``code``: source."""
        if first:
            self._things = _THINGS.search(text[:2000].partition(b"\n")[0]) is not None
            self._objects = text[:200].lstrip()[:1] in {b"{", b"["}
        if b"%2f" in low:
            text = unquote_to_bytes(text.replace(b"+", b" "))
        letter = first and not code and len(text) <= _LETTER
        if letter and any(word in low for word in _AGES):
            self.cued += sum(1 for _ in _AGED.finditer(_readable(text)))
        vain = 0
        for begin, end in islice(_dates(text, letter=letter), _MOST):
            vain += not self._around(text, begin, end)
            if vain >= _VAIN:
                return

    def _around(self, text: bytes, begin: int, end: int) -> bool:
        date = text[begin:end].decode("latin-1")
        year = year_of(date)
        if date in PLACEHOLDERS or year is None:
            return False
        before = _readable(text[max(0, begin - _CUED) : begin])
        if _BORN.search(before[-60:]):
            after = _readable(text[end : end + _CUED])
            said = _names(before, near=False) or _names(after, near=False) or _TITLED.search(before[-160:]) is not None
            self.cued += said
            return said
        behind = _readable(text[end : end + (_CUED if self._objects else _AFTER)])
        if self._objects:  # a record stands on several lines
            before, behind = _NEXT_MEMBER.sub(", ", before), _NEXT_MEMBER.sub(", ", behind)
        left = _LINE_END.split(before[-_BEFORE:])[-1]
        right = _LINE_END.split(behind[:_AFTER], maxsplit=1)[0]
        if self._things or len(self.years) >= _MOST or _CHANGED.search(text, max(0, begin - _AFTER), end + _AFTER):
            return False
        if not (_names(left, near=True) or _names(right, near=True)):
            return False
        if _OF_A_PATIENT.search(left) or _SEX.match(right):
            self.cued += 1
        else:
            self.years.append(year)
            self.aside += left.endswith("(") and right.startswith(")")
        return True

    @property
    def persons(self) -> int:
        """Persons at least; none where the dates are of events."""
        return self.cued + (len(self.years) if scattered(self.years) else self.aside)

    @property
    def sureness(self) -> Sureness:
        """How sure that they are persons."""
        if self.cued > _FEW:
            return Sureness.CERTAIN
        many = len(self.years) > _FEW and scattered(self.years)
        return Sureness.PROBABLE if self.cued or many else Sureness.POSSIBLE


def _dates(text: bytes, *, letter: bool) -> Iterator[tuple[int, int]]:
    """Where dates stand: found by their shape first, which is fast where there are none."""
    folded = text.translate(_FOLD)
    for shape in _SHAPES:
        at, spots = folded.find(shape), 0
        while at >= 0 and spots < _SPOTS:
            spots += 1
            found = _DATE.match(text, at)
            if found is not None:
                yield found.span()
                at = found.end()
            elif (run := _DIGITS.match(folded, at)) is not None:
                at = max(at + 1, run.end() - 4)
            at = folded.find(shape, at)
    if letter and any(year in text for year in _YEARS):
        for found in _LONG.finditer(text):
            yield found.span()


def _readable(stretch: bytes) -> str:
    """A few bytes as text, without markup; the ends of a stretch may cut a letter in two."""
    try:
        text = _TORN.sub(b"", stretch).decode()
    except UnicodeDecodeError:
        text = stretch.decode("cp850" if _DOS.search(stretch) else "latin-1")
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
    if "<" in text or ">" in text:
        text = _MARKUP.sub(" ", text)
    return html.unescape(text) if "&" in text else text


def _names(text: str, *, near: bool) -> bool:
    """Whether another name stands beside a first name; ``near``: nothing but a first name that we know will do."""
    found = _WORD.findall(text)
    if _STRUCTURED.search(text):  # names of fields, mostly in lower case, stand between
        found = [word for word in found if word[0].isupper()]
    return any(_named(found, place, near=near) for place in range(len(found)))


def _named(found: list[str], place: int, *, near: bool) -> bool:
    word = found[place]
    known = _known(word) if word[0].isupper() and len(word) >= _SHARED else None
    if known is None or (near and not known) or (place and _plain(found[place - 1]) in _PLACES):
        return False
    if known:
        return any(_other(found[at]) for at in range(max(0, place - 2), min(len(found), place + 3)) if at != place)
    after = found[place + 1] if place + 1 < len(found) else ""
    return word.isupper() and len(word) > _SHARED and after[:1].isupper() and not after.isupper() and _other(after)


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    return words(word)


@lru_cache(maxsize=4096)
def _known(word: str) -> bool | None:
    """Whether it is a frequent first name; None for a word that is no name."""
    plain = _plain(word)
    if plain in _NO_NAMES or plain in _PLACES:
        return None
    return known_given(word)


@lru_cache(maxsize=4096)
def _other(word: str) -> bool:
    """Whether a word beside a first name may be the rest of it."""
    plain = _plain(word)
    return (
        len(plain) >= _SHARED
        and word[0].isupper()
        and plain not in _NO_NAMES
        and plain not in _PLACES
        and role(word) is None
    )
