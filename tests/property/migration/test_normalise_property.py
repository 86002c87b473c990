"""The vectorised readers against plain Python, row by row."""
# ruff: noqa: DTZ001 - a laboratory's times are on its wall clock

import calendar
import datetime as dt
import re
from collections import Counter
from decimal import Decimal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.profile import NumberRule
from ecluse.migration.convert import legible
from ecluse.migration.dates import DateReader
from ecluse.migration.keys import repeated
from ecluse.migration.normalise import Normaliser
from ecluse.migration.numbers import NumberReader, decimals, read_by_rule, shortest_decimals
from ecluse.migration.texts import as_text, not_utf8, repaired
from migration_parts import make_profile, planned, raw

TEXTS = st.one_of(st.none(), st.text(max_size=12))


def array(texts, kind=None):
    """A slice of an array with something before and after, so that offsets are not zero."""
    kind = kind or pa.string()
    filler = b"\xff\x00" if pa.types.is_binary(kind) else "…"
    return pa.array([filler, *texts, filler], kind).slice(1, len(texts))


# Numbers.

RULES = st.builds(
    NumberRule, decimal=st.sampled_from([",", ".", ""]), group=st.sampled_from(["", " "]), strip_unit=st.booleans()
) | st.sampled_from([NumberRule(",", ".", strip_unit=True), NumberRule(".", ",")])
UNITS = ("U", "10^9/L", "mm")
PIECES = [
    "0", "1", "12", "234", "000", "999999999", ",", ".", " ", "\u00a0", "-", "<", ">", "<=", "≥", "inf. à ", "SUP à",
    "%", " %", " g/dL", "/mm3", "/12", " U", " 10^9/L", "mm", "e5", "x", "١", "+",
]  # fmt: skip
WRITTEN = st.one_of(TEXTS, st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
WORDS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">=", "inf": "<", "sup": ">"}
BLANKS = " \t\u00a0\u202f"


def read_number(text, rule):
    """The documented grammar, one text at a time."""
    if text is None:
        return None, None
    text = text.strip(" \t\n\r\f")
    sign = re.match(r"<=|>=|[<>≤≥]|(?i:inf|sup)\.?[ \t\u00a0\u202f]?à", text)
    comparator = WORDS[re.sub(r"\W.*|à", "", sign[0]).lower() or sign[0]] if sign else None
    text = text[sign.end() :].lstrip(BLANKS) if sign else text.lstrip(BLANKS)
    unit = re.search(r"(?<=[0-9])([ \t\u00a0\u202f]*)([^0-9 \t\u00a0\u202f,.][^ \t\u00a0\u202f]*|10\^9/L)$", text)
    if rule.strip_unit and unit:
        atom = r"([A-DF-Za-df-zµμ°][A-Za-zµμ]*[0-9]?|[Ee][A-Za-zµμ]+[0-9]?)"
        shape = re.fullmatch(rf"[%‰]|{atom}?(/{atom})+", unit[2])
        if shape or (unit[2] in UNITS and (unit[1] or unit[2][0].isalpha())):
            text = text[: unit.start()]
    marks = BLANKS.replace("\t", "") if rule.group == " " else rule.group
    digits = text.removeprefix("-")
    if text.count("-") > (text != digits):
        return None, None
    whole, mark, fraction = digits.partition(rule.decimal) if rule.decimal else (digits, "", "")
    groups = re.split(f"[{re.escape(marks)}]", whole) if marks else [whole]
    grouped = len(groups) == 1 or (1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:]))
    ascii_digits = all(re.fullmatch("[0-9]+", g) for g in groups) and (
        not mark or re.fullmatch("[0-9]{1,10}", fraction)
    )
    if not grouped or not ascii_digits or len("".join(groups).lstrip("0")) > 18:
        return None, None
    value = Decimal(f"{'-' if text != digits else ''}{''.join(groups)}.{fraction or 0}")
    return value, comparator


@given(st.lists(WRITTEN, max_size=30), RULES)
def test_numbers_are_read_as_documented(texts, rule):
    found = NumberReader(rule, UNITS).read(array(texts))
    wanted = [read_number(text, rule) for text in texts]
    assert list(zip(found.value.to_pylist(), found.comparator.to_pylist(), strict=True)) == wanted


@given(st.lists(st.tuples(WRITTEN, st.sampled_from(["A", "B", "C", "", None])), max_size=30))
def test_each_text_is_read_by_the_rule_of_its_code(rows):
    rules = {"A": NumberRule("."), "B": NumberRule(",", ".", strip_unit=True)}
    readers = {code: NumberReader(rule, UNITS) for code, rule in rules.items()}
    found = read_by_rule(array([t for t, _ in rows]), array([c for _, c in rows]), readers, NumberReader(NumberRule()))
    wanted = [read_number(text, rules.get(code, NumberRule())) for text, code in rows]
    assert list(zip(found.value.to_pylist(), found.comparator.to_pylist(), strict=True)) == wanted


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**17), max_value=10**17)))
def test_decimals_are_exact(numbers):
    assert decimals(array([f"{n:f}" for n in numbers])).to_pylist() == numbers


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=40))
def test_floats_are_their_shortest_text_or_nothing(floats):
    for value, made in zip(floats, shortest_decimals(pa.array(floats, pa.float64())).to_pylist(), strict=True):
        exact = Decimal(repr(value)) if value is not None else Decimal("nan")
        fits = exact.is_finite() and abs(exact) < 10**18 and exact == round(exact, 10)
        assert made == (exact if fits else None)


# Dates.

FORMATS = ("%d/%m/%Y", "%d/%m/%y", "%Y%m%d", "%Y-%m-%d", "%Y", "%m/%Y", "%Y-%m-%d %H:%M", "%Y%m%d %H%M")
PIVOT = 30
NUMBER = st.integers(0, 99).map("{:02d}".format)
YEAR = st.one_of(st.sampled_from(["0000", "1900", "2000", "1948"]), st.integers(0, 9999).map("{:04d}".format))
DATED = st.one_of(
    TEXTS,
    st.tuples(NUMBER, NUMBER, YEAR).map("/".join),
    st.tuples(NUMBER, NUMBER, NUMBER).map("/".join),
    st.tuples(YEAR, NUMBER, NUMBER).map("".join),
    st.builds("{}-{}-{} {}:{}".format, YEAR, NUMBER, NUMBER, NUMBER, NUMBER),
    st.dates().map("{:%d/%m/%Y}".format),
    YEAR,
)


def read_date(text):  # noqa: PLR0911 - one return a case
    """State-free: None for empty, "?" for what is not understood, else the parts that are possible."""
    text = (text or "").strip()
    if not text:
        return None
    for written in FORMATS:
        pattern = re.sub(r"%([YymdHM])", lambda m: f"(?P<{m[1]}>[0-9]{{{4 if m[1] == 'Y' else 2}}})", written)
        match = re.fullmatch(pattern, text)
        if match is None:
            continue
        parts = {name: int(value) for name, value in match.groupdict().items()}
        if parts.get("H", 0) > 23 or parts.get("M", 0) > 59:
            return "?"
        year = parts["Y"] if "Y" in parts else parts["y"] + (2000 if parts["y"] < PIVOT else 1900)
        month, day = parts.get("m", 0), parts.get("d", 0)
        if year == 0:
            return ()
        if not 1 <= month <= 12:
            return (year,)
        if not 1 <= day <= calendar.monthrange(year, month)[1]:
            return (year, month)
        return (year, month, day, parts.get("H", 0), parts.get("M", 0))
    return "?"


@given(st.lists(DATED, max_size=40))
def test_dates_are_read_as_documented(texts):
    read = DateReader(FORMATS, PIVOT, partial=True).read(array(texts))
    rows = zip(read.partial().to_pylist(), read.days().to_pylist(), read.times().to_pylist(), read.state, strict=True)
    for text, (partial, day, time, state) in zip(texts, rows, strict=True):
        wanted = read_date(text)
        assert (state == 0) == (wanted == "?")
        known = wanted if isinstance(wanted, tuple) else ()
        assert partial == ("-".join(f"{p:0{w}d}" for p, w in zip(known, (4, 2, 2), strict=False)) or None)
        whole = len(known) == 5
        assert day == (dt.date(*known[:3]) if whole else None)
        assert time == (dt.datetime(*known) if whole else None)


@given(st.lists(st.datetimes(), max_size=30))
def test_every_day_survives(times):
    read = DateReader(("%Y-%m-%d %H:%M:%S",)).read(array([f"{t:%Y-%m-%d %H:%M:%S}".zfill(19) for t in times]))
    assert read.times().to_pylist() == [t.replace(microsecond=0) for t in times]


# Texts.

SNIPPETS = st.sampled_from([
    b"a", b"\xc3\xa9", b"\xc3", b"\xa9", b"\xe2\x82\xac", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0", b"\xff",
    b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98", b"\xc0\x80", b"\0", b"\xe0\x80\x80",
])  # fmt: skip
BYTES = st.one_of(st.none(), st.binary(max_size=6), st.lists(SNIPPETS, max_size=5).map(b"".join))


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.lists(BYTES, max_size=40))
def test_bytes_are_utf8_or_not_as_python_says(rows):
    given_rows = array(rows, pa.binary())
    assert not_utf8(given_rows).tolist() == [row is not None and not is_utf8(row) for row in rows]
    for chunk in (given_rows, pa.StringArray.from_buffers(len(given_rows) + given_rows.offset, *_string(given_rows))):
        text, bad = as_text(chunk.slice(len(chunk) - len(rows)) if len(chunk) != len(rows) else chunk)
        wanted = [None if r is None or not is_utf8(r) or b"\0" in r else r.decode() for r in rows]
        assert text.to_pylist() == wanted
        faults = [r is not None and w is None for r, w in zip(rows, wanted, strict=True)]
        assert (bad.tolist() if bad is not None else [False] * len(rows)) == faults
    hexed = legible(pa.chunked_array([given_rows])).to_pylist()
    assert hexed == [None if r is None else r.hex() for r in rows]


def _string(given_rows):
    mask, offsets, data = given_rows.buffers()
    return offsets, data, mask


@given(st.lists(BYTES, max_size=20))
def test_bytes_of_dos_are_decoded_as_python_does(rows):
    text, _bad = as_text(array(rows, pa.binary()), "cp850_as_cp1252")
    for row, made in zip(rows, text.to_pylist(), strict=True):
        if row is not None and b"\0" not in row:
            assert made == (row.decode() if is_utf8(row) else row.decode("cp850"))


LETTERS = "abcdéèêëàâîïôöùûüçÉÈÀÇÎÔÜABC '-"


@given(st.lists(st.one_of(st.none(), st.text(LETTERS, max_size=10), st.text(max_size=8)), max_size=30))
def test_a_repair_is_the_exact_reverse_of_a_misreading_or_nothing(texts):
    for repair, encoding in (("cp850_as_cp1252", "cp850"), ("utf8_as_latin1", "utf-8")):
        for text, made in zip(texts, repaired(array(texts), repair).to_pylist(), strict=True):
            if made != text:
                again = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in made.encode(encoding))
                assert text in {again, made.encode(encoding).decode("latin-1")} or _mixed(text, made, encoding)


def _mixed(text, made, encoding):
    """Latin-1 and Windows-1252 misreadings may stand in one text; each character still comes from one byte."""
    choices = [{chr(b), bytes([b]).decode("cp1252", "ignore")} for b in made.encode(encoding)]
    return len(text) == len(choices) and all(c in choice for c, choice in zip(text, choices, strict=True))


@given(st.lists(st.text("abcdéèêëàâîïôöùûüçÉÈÀÇ '-", max_size=10), max_size=30))
def test_sound_french_is_left_alone(texts):
    for repair in ("cp850_as_cp1252", "utf8_as_latin1"):
        assert repaired(array(texts), repair).to_pylist() == texts


# Keys and whole rows.


@given(
    st.lists(st.one_of(st.none(), st.integers(-3, 30), st.integers(-(2**63), 2**63 - 1)), max_size=60), st.booleans()
)
def test_repeated_keys_are_all_found(keys, as_texts):
    kept = [str(k) if as_texts and k is not None else k for k in keys]
    column = pa.array(kept, pa.string() if as_texts else pa.int64())
    chunked = pa.chunked_array([column.slice(0, 7), column.slice(7)], column.type)
    counts = Counter(kept)
    assert repeated(chunked).tolist() == [k is not None and counts[k] > 1 for k in kept]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 20).map(str)),
            st.one_of(st.none(), st.just(""), st.sampled_from(["P1", "P2"])),
            DATED,
            st.one_of(st.none(), st.text("a\0é", max_size=3)),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_no_row_is_lost_and_none_is_made(rows):
    keys, links, dates, wards = (list(column) for column in zip(*rows, strict=True))
    parse = {"prescribed_on": {"date": FORMATS[:4], "two_digit_pivot": PIVOT}}
    table = raw(
        {
            "source_id": pa.array(keys, pa.string()),
            "patient": pa.array(links, pa.string()),
            "prescribed_on": pa.array(dates, pa.string()),
            "ward": pa.array(wards, pa.string()),
        }
    )
    names = ("source_id", "patient", "prescribed_on", "prescribed_on_raw", "ward")
    made = Normaliser(make_profile(parse={"request": parse}), planned("request", *names))(table)
    aside = made.quarantine.num_rows if made.quarantine else 0
    assert made.rows.num_rows + aside == len(rows)
    assert sum(count.rows for count in made.reasons) == aside
    assert len(made.years) == len(made.sites) == made.rows.num_rows
    reasons = iter(made.quarantine.column("_reason").to_pylist() if made.quarantine else [])
    kept = iter(made.rows.to_pylist())
    counts = Counter(keys)
    for key, link, date, ward in rows:
        reason = _reason(key, link, date, ward, counts)
        if reason:
            assert next(reasons) == reason
        else:
            row = next(kept)
            assert (row["source_id"], row["patient"], row["prescribed_on_raw"], row["ward"]) == (key, link, date, ward)


def _reason(key, link, date, ward, counts):
    read = read_date(date)
    if key is None:
        return "key"
    if counts[key] > 1:
        return "duplicate_key"
    if not link:
        return "link"
    if "\0" in (date or ""):
        return "encoding.prescribed_on"
    if read is not None and (len(read) != 5 or re.fullmatch(r"[0-9]{4}-.*:..|[0-9]{8} [0-9]{4}", date.strip())):
        return "date.prescribed_on"
    return "encoding.ward" if "\0" in (ward or "") else None
