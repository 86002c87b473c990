"""How an old LIS wrote things down (domain.md section 3): encodings, dates, NIRs, numbers."""

import datetime as dt
from random import Random

from demo.lis.analyses import Analysis

# Departments of the NIR's birthplace; the commune that follows is always 9xx, which no commune of theirs bears.
_DEPARTMENTS = ("35", "35", "35", "35", "22", "56", "29", "44", "75", "13", "2A", "2B", "99")
_CORSICA = {"2A": "19", "2B": "18"}
_COMPARED = (("< {}", "<"), ("<{}", "<"), ("> {}", ">"), ("inf. à {}", "<"), ("sup. à {}", ">"))
_FAILURES = ("Hémolysé", "Coagulé", "En cours", "Volume insuffisant")


def mojibake(rng: Random, text: str) -> str:
    """Bytes of one encoding read as another: CP850 as CP1252, or UTF-8 as Latin-1."""
    if rng.random() < 0.5:  # noqa: PLR2004
        return "".join(_as_windows(byte) for byte in text.encode("cp850", "replace"))
    return text.encode("utf-8").decode("latin-1")


def _as_windows(byte: int) -> str:
    # Windows maps the five bytes that CP1252 leaves undefined to control characters; Python refuses them.
    return bytes([byte]).decode("cp1252" if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1")


def day(rng: Random, first: dt.date, last: dt.date) -> dt.date:
    """A day between two, both included."""
    return first + dt.timedelta(days=rng.randrange((last - first).days + 1))


def birth_text(rng: Random, birth: dt.date) -> str | None:
    """A birth date as JJ/MM/AAAA, with two-digit years, lunar dates and gaps."""
    draw = rng.random()
    if draw < 0.90:  # noqa: PLR2004
        return birth.strftime("%d/%m/%Y")
    lunar = (f"00/00/{birth.year}", f"31/02/{birth.year}", f"15/13/{birth.year}", "00/00/1950", "31/02/1948")
    others = (birth.strftime("%d/%m/%y"), *lunar, str(birth.year), "", None)
    return birth.strftime("%d/%m/%y") if draw < 0.94 else rng.choice(others)  # noqa: PLR2004


def nir_key(body: str) -> str:
    """The two digits that close a NIR: 97 - (N mod 97), Corsica read as 19 and 18."""
    digits = body[:5] + _CORSICA.get(body[5:7], body[5:7]) + body[7:]
    return f"{97 - int(digits) % 97:02d}"


def nir_body(rng: Random, *, female: bool, birth: dt.date, serial: int) -> str:
    """Thirteen characters of a NIR that nobody has: its commune does not exist. The serial makes it unique."""
    place = rng.choice(_DEPARTMENTS) + f"9{serial // 999 % 100:02d}"
    return f"{2 if female else 1}{birth:%y%m}{place}{serial % 999 + 1:03d}"


def nir_text(rng: Random, body: str) -> str | None:
    """A NIR as found: mostly right, then wrong keys, no key, blanks, odd months, provisional, absent."""
    draw = rng.random()
    if draw < 0.84:  # noqa: PLR2004
        return body + nir_key(body)
    if draw < 0.88:  # noqa: PLR2004
        return body + f"{int(nir_key(body)) % 97 + 1:02d}"
    odd_month = body[:3] + str(rng.randrange(31, 43)) + body[5:]
    provisional = "8" + body[1:]
    spaced = " ".join((body[0], body[1:3], body[3:5], body[5:7], body[7:10], body[10:], nir_key(body)))
    choices = (body, spaced, odd_month + nir_key(odd_month), provisional + nir_key(provisional), "", None, "0")
    return rng.choice(choices)


def luhn_closed(digits: str) -> str:
    """The digits and the one that makes the whole pass Luhn's check."""
    total = sum(sum(divmod(int(digit) * (2 - rank % 2), 10)) for rank, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


# Raw value, unit as stored, decimal meant (as text), comparator meant.
Written = tuple[str | None, str, str | None, str | None]


def write_result(rng: Random, analysis: Analysis, *, second: bool) -> Written:
    """One result as the old LIS would hold it, and what it means. One analysis keeps to one decimal mark."""
    if analysis.texts:
        return rng.choice(analysis.texts), analysis.unit, None, None
    unit, factor, digits = analysis.unit, 1.0, analysis.digits
    if second and analysis.second is not None:
        unit, factor, digits = analysis.second
    number = f"{rng.uniform(analysis.low, analysis.high) * factor:.{digits}f}"
    draw = rng.random()
    if draw < 0.02:  # noqa: PLR2004
        return rng.choice((*_FAILURES, "", "", None, None)), unit, None, None
    if unit == "/mm3":
        return f"{int(number):,}".replace(",", analysis.group), unit, number, None
    return _written(rng, analysis, unit, "0" if draw < 0.03 else number, draw)  # noqa: PLR2004


def _written(rng: Random, analysis: Analysis, unit: str, number: str, draw: float) -> Written:
    written = number.replace(".", analysis.decimal)
    if 0.03 <= draw < 0.07:  # noqa: PLR2004
        raw, comparator = rng.choice(_COMPARED)
        return raw.format(written), unit, number, comparator
    if analysis.glued and draw < 0.4:  # noqa: PLR2004
        return f"{written} {unit}", rng.choice((unit, "")), number, None
    return written, unit, number, None
