"""Rows made of raw ones: typed, with their original beside, or set aside with a reason."""
# ruff: noqa: DTZ001 - a laboratory's times are on its wall clock

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from ecluse.domain.errors import ProfileError
from ecluse.domain.profile import DateStorage
from ecluse.domain.records import QuarantineCount
from ecluse.migration.normalise import Normaliser
from migration_parts import CANARY, SITES, make_profile, planned, raw
from normalising import keys, normalise, reasons, values

# Passing through.


def test_passthrough_copies_nothing():
    columns = {
        "source_id": keys(3), "request": ["R1", "R1", "R2"], "raw_value": ["13,3", None, ""],
        "observed_on": pa.array([dt.datetime(2019, 6, 1, 8, 30)] * 3, pa.timestamp("us")),
    }  # fmt: skip
    table = raw(columns)
    result = Normaliser(make_profile(), planned("observation", *columns))(table)
    for name in columns:
        given, made = table.column(name).chunk(0), result.rows.column(name).chunk(0)
        assert [b and b.address for b in given.buffers()] == [b and b.address for b in made.buffers()]
    assert result.quarantine is None
    assert result.reasons == ()
    assert values(result, "raw_value") == ["13,3", None, ""]


def test_rows_are_the_planned_columns_in_order():
    result = normalise("patient", ["source_id", "sex", "title"], {"title": ["M"], "source_id": ["1"], "sex": ["m"]})
    assert result.rows.column_names == ["source_id", "sex", "title"]


def test_keys_that_are_numbers_become_text():
    result = normalise("patient", ["source_id", "general_practitioner"], {
        "source_id": pa.array([100001, 100002]), "general_practitioner": pa.array([None, 7], pa.int32()),
    })  # fmt: skip
    assert result.rows.schema.types == [pa.string(), pa.string()]
    assert values(result, "source_id") == ["100001", "100002"]
    assert values(result, "general_practitioner") == [None, "7"]


def test_years_and_sites_of_request_scoped_rows():
    dates = [dt.date(2018, 12, 31), dt.date(2019, 1, 1)]
    result = normalise("request", ["source_id"], {"source_id": keys(2)}, date=dates, site=list(SITES))
    assert result.years.to_pylist() == [2018, 2019]
    assert result.sites.to_pylist() == list(SITES)
    assert (result.min_date, result.max_date) == (dates[0], dates[1])


def test_other_entities_have_no_year_nor_site_of_their_own():
    result = normalise("patient", ["source_id"], {"source_id": keys(2)})
    assert result.years.to_pylist() == result.sites.to_pylist() == [None, None]
    assert result.min_date == dt.date(2019, 6, 1)


@pytest.mark.parametrize(
    ("storage", "stored"),
    [
        (DateStorage.TEXT_COMPACT, "20190601"),
        (DateStorage.TEXT_ISO, "2019-06-01"),
        (DateStorage.TEXT_ISO, "2019-06-01T08:00:00"),
        (DateStorage.TIMESTAMP, "2019-06-01 08:00"),
        (DateStorage.TIMESTAMP, dt.datetime(2019, 6, 1, 23, 59, 59)),
        (DateStorage.DATE, dt.date(2019, 6, 1)),
    ],
)
def test_scope_dates_in_every_form(storage, stored):
    result = normalise("request", ["source_id"], {"source_id": ["1"]}, profile=make_profile(storage), date=stored)
    assert (result.years.to_pylist(), result.min_date) == ([2019], dt.date(2019, 6, 1))


def test_days_before_1970_are_rounded_down():
    before = pa.array([dt.datetime(1969, 12, 31, 23, 59)], pa.timestamp("us"))
    result = normalise("request", ["source_id"], {"source_id": ["1"]}, date=before)
    assert result.min_date == dt.date(1969, 12, 31)


def test_an_empty_batch():
    columns = {"source_id": pa.array([], pa.string()), "value": pa.array([], pa.float64())}
    table = raw(columns, date=[], site=pa.array([], pa.string()), code=pa.array([], pa.string()))
    for kind in (pa.date32(), pa.timestamp("us"), pa.string(), pa.null()):
        given = table.set_column(2, "_date", pa.array([], kind))
        result = Normaliser(make_profile(), planned("observation", "source_id", "value"))(given)
        assert result.rows.num_rows == 0
        assert (result.quarantine, result.min_date) == (None, None)
        none = Normaliser(make_profile(), planned("observation", "source_id", "value"))(given.schema.empty_table())
        assert none.rows.num_rows == len(none.years) == len(none.sites) == 0


def test_many_chunks_and_slices():
    whole = raw({"source_id": keys(9), "family_name": ["Zoé", None, "a\0b"] * 3})
    chunked = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 4), whole.slice(5, 0), whole.slice(5, 4)])
    result = Normaliser(make_profile(), planned("patient", "source_id", "family_name"))(chunked)
    assert values(result, "family_name") == ["Zoé", None] * 3
    assert reasons(result) == ["encoding.family_name"] * 3
    assert result.quarantine.column("source_id").to_pylist() == ["K2", "K5", "K8"]


# Keys and links.


def test_rows_without_a_key_or_with_anothers_are_set_aside():
    columns = {"source_id": ["1", None, "2", "", "1", "3"], "title": list("abcdef")}
    result = normalise("patient", ["source_id", "title"], columns)
    assert values(result, "source_id") == ["2", "3"]
    assert reasons(result) == ["duplicate_key", "key", "key", "duplicate_key"]
    assert result.quarantine.column("title").to_pylist() == ["a", "b", "d", "e"]
    assert result.reasons == (
        QuarantineCount("duplicate_key", None, None, 2),
        QuarantineCount("key", None, None, 2),
    )


@pytest.mark.parametrize(
    "given",
    [
        pa.array([5, 3, 9, 3]),
        pa.array([5, 3, 2**62, 3]),
        pa.array([-5, -(2**63), 2**63 - 1, -(2**63)]),
        pa.array([5, 3, None, 3]),
        pa.array(["b", "a", "c", "a"]),
        pa.array(["b", "a", "c", "a"]).dictionary_encode(),
        pa.array([b"b", b"a", b"c", b"a"]),
        pa.array([Decimal(5), Decimal(3), Decimal(9), Decimal(3)]),
    ],
    ids=str,
)
def test_duplicates_of_every_type(given):
    result = normalise("patient", ["source_id"], {"source_id": given})
    assert reasons(result).count("duplicate_key") == 2


def test_sorted_keys_in_chunks_that_overlap():
    one, two = raw({"source_id": ["a", "b", "c"]}), raw({"source_id": ["b", "d"]})
    result = Normaliser(make_profile(), planned("patient", "source_id"))(pa.concat_tables([one, two]))
    assert values(result, "source_id") == ["a", "c", "d"]
    touching = pa.concat_tables([raw({"source_id": ["a", "b"]}), raw({"source_id": ["b", "c"]})])
    result = Normaliser(make_profile(), planned("patient", "source_id"))(touching)
    assert values(result, "source_id") == ["a", "c"]


def test_a_missing_link_is_set_aside():
    columns = {"source_id": keys(3), "request": ["R1", None, ""]}
    result = normalise("observation", ["source_id", "request"], columns, code="NA")
    assert values(result, "source_id") == ["K0"]
    assert result.reasons == (QuarantineCount("link", 2019, SITES[0], 2),)


def test_quarantine_is_counted_by_year_and_site_and_first_reason():
    columns = {"source_id": [None, "", "1", "2"], "patient": [None, "P", None, None]}
    dates = [dt.date(2018, 1, 1), dt.date(2019, 1, 1), dt.date(2019, 1, 1), dt.date(2019, 1, 1)]
    sites = [SITES[0], SITES[0], SITES[1], SITES[1]]
    result = normalise("request", ["source_id", "patient"], columns, date=dates, site=sites)
    assert result.reasons == (
        QuarantineCount("key", 2018, SITES[0], 1),
        QuarantineCount("key", 2019, SITES[0], 1),
        QuarantineCount("link", 2019, SITES[1], 2),
    )
    assert result.rows.num_rows == 0
    assert (result.min_date, result.max_date) == (None, None)


# Texts.


def test_bytes_are_read_as_utf8_or_set_aside():
    names = [b"Zo\xc3\xa9", b"Zo\xe9", None, b"Z\xc3", b"\xa9x", b"", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80"]
    result = normalise("patient", ["source_id", "family_name"], {"source_id": keys(8), "family_name": names})
    assert values(result, "family_name") == ["Zoé", None, "", "😀"]
    assert reasons(result) == ["encoding.family_name"] * 4
    assert result.quarantine.column("family_name").to_pylist() == ["5a6fe9", "5ac3", "a978", "eda080"]


def test_texts_that_a_driver_did_not_check():
    bad = pa.array([b"Zo\xe9", b"Jean"]).view(pa.binary())
    unchecked = pa.StringArray.from_buffers(2, *bad.buffers()[1:])
    result = normalise("patient", ["source_id", "family_name"], {"source_id": keys(2), "family_name": unchecked})
    assert values(result, "family_name") == ["Jean"]
    assert result.quarantine.column("family_name").to_pylist() == ["5a6fe9"]


def test_bytes_of_dos_are_read_where_the_profile_says_so():
    parse = {"family_name": {"repair": "cp850_as_cp1252"}}
    names = ["Hélène".encode("cp850"), "Hélène".encode(), None]
    result = normalise(
        "patient", ["source_id", "family_name"], {"source_id": keys(3), "family_name": names}, parse=parse
    )
    assert values(result, "family_name") == ["Hélène", "Hélène", None]


@pytest.mark.parametrize("text", ["a\0b", "\0", "é\0"])
def test_nul_is_set_aside_in_texts_and_bytes(text):
    for given in (text, text.encode()):
        result = normalise("patient", ["source_id", "city"], {"source_id": keys(2), "city": [given, type(given)()]})
        assert values(result, "city") == [""]
        assert reasons(result) == ["encoding.city"]


def test_odd_characters_are_kept():
    odd = ["\u200b", "\u0007", "\ufffd", "e\u0301", "\u202e", "\ud7ff", "\U0010ffff", "\x7f\x80"]
    result = normalise("patient", ["source_id", "city"], {"source_id": keys(8), "city": odd})
    assert values(result, "city") == odd


REPAIRS = [("cp850_as_cp1252", "cp850"), ("utf8_as_latin1", "utf-8")]
NAMES = [
    "Hélène",
    "Michèle",
    "Irène",
    "Noël",
    "François",
    "Benoît",
    "Jérôme",
    "Zoé",
    "Éric",
    "LÉA",
    "Loïc",
    "Müller",
    "Côte",
]


def misread(text, encoding):
    return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text.encode(encoding))


@pytest.mark.parametrize(("repair", "encoding"), REPAIRS)
def test_misread_names_are_put_right_and_sound_ones_left_alone(repair, encoding):
    sound = [
        *NAMES,
        "Šárka",
        "Œuvré",
        "D’Été",
        "Saint–Malo",
        "ÀÉÎ",
        "Ÿ",
        "Ã",
        "Â",
        "",
        None,
        "Žižka",
        "Œil de Bœuf",
        "HéLèNE",
        "BâNE",
    ]
    broken = [misread(name, encoding) for name in NAMES]
    columns = {"source_id": keys(len(sound) + len(broken)), "family_name": broken + sound}
    parse = {"family_name": {"repair": repair}}
    result = normalise("patient", ["source_id", "family_name", "family_name_raw"], columns, parse=parse)
    assert values(result, "family_name") == NAMES + sound
    assert values(result, "family_name_raw") == broken + sound


def test_nothing_is_repaired_that_the_profile_does_not_ask_for():
    broken = [misread(name, "utf-8") for name in NAMES]
    columns = {"source_id": keys(len(broken)), "family_name": broken}
    assert values(normalise("patient", ["source_id", "family_name"], columns), "family_name") == broken


@pytest.mark.parametrize(
    "text", ["H‚lÉne", "Prix ‚ 3 ¢ × Ð", "‚", "J‚ et René", "“cite” ‚x", "3£", "„Wort“", "a\x85b", "TEST™"]
)
def test_a_repair_that_would_make_another_oddity_is_not_done(text):
    parse = {"comment": {"repair": "cp850_as_cp1252"}}
    result = normalise("patient", ["source_id", "comment"], {"source_id": ["1"], "comment": [text]}, parse=parse)
    assert values(result, "comment") == [text]


# Codes.


def test_loinc_and_ucum_are_looked_up():
    columns = {"source_id": keys(4), "code": ["NA", "na", "ENVOI", None], "unit": ["mmol/L", "g/L", "", None]}
    result = normalise("observation", ["source_id", "code", "loinc", "unit", "ucum"], columns, code="NA")
    assert values(result, "loinc") == ["2951-2", None, None, None]
    assert values(result, "ucum") == ["mmol/L", None, None, None]
    given = normalise("observation", ["source_id", "loinc"], {"source_id": ["1"], "loinc": ["718-7"]}, code="NA")
    assert values(given, "loinc") == ["718-7"]


def test_a_column_read_only_to_derive_another_is_not_in_the_quarantine():
    columns = {"source_id": ["1", "1"], "code": [CANARY, CANARY], "unit": [CANARY, CANARY]}
    result = normalise("observation", ["source_id", "loinc", "ucum"], columns, code=CANARY)
    assert result.quarantine.column_names == ["source_id", "_reason"]


def test_bytes_in_the_quarantine_are_hexadecimal():
    columns = {"source_id": ["1", "1", "2"], "content": [b"%PDF\0", None, b"x"]}
    result = normalise("report", ["source_id", "content"], columns)
    assert values(result, "content") == [b"x"]
    assert result.quarantine.column("content").to_pylist() == ["2550444600", None]
    assert set(result.quarantine.schema.types) == {pa.string()}


def test_messages_hold_no_value():
    faulty = [
        ("patient", "created_on", pa.array([dt.datetime(2019, 1, 1)], pa.timestamp("us", "UTC"))),
        ("request", "urgent", pa.array([[CANARY]])),
        ("patient", "city", pa.array([[CANARY]])),
        ("observation", "value", pa.array([{"a": CANARY}])),
    ]
    for entity, name, given in faulty:
        with pytest.raises(ProfileError) as caught:
            normalise(entity, ["source_id", name], {"source_id": [CANARY], name: given}, code=CANARY)
        assert CANARY not in str(caught.value)
        assert name in str(caught.value)


def test_years_are_arrow_integers():
    result = normalise("request", ["source_id"], {"source_id": keys(3)})
    assert result.years.type == pa.int32()
    assert np.unique(result.years.to_numpy()).tolist() == [2019]
