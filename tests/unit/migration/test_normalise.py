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


def normalise(entity, names, columns, *, parse=None, profile=None, **controls):
    made = profile or make_profile(parse={entity: parse or {}})
    return Normaliser(made, planned(entity, *names))(raw(columns, **controls))


def values(result, name):
    return result.rows.column(name).to_pylist()


def reasons(result):
    return [] if result.quarantine is None else result.quarantine.column("_reason").to_pylist()


def keys(n):
    return [f"K{i}" for i in range(n)]


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


# Maps.


def test_mapped_values_and_what_the_map_does_not_name():
    parse = {"sex": {"values": {"M": "male", "MME": "female", "DR": ""}}}
    given = ["M", "MME", "DR", "", None, "m", "M ", "ENFANT"]
    columns = {"source_id": keys(8), "sex": given}
    result = normalise("patient", ["source_id", "sex", "sex_raw"], columns, parse=parse)
    assert values(result, "sex") == ["male", "female", None, None, None]
    assert values(result, "sex_raw") == given[:5]
    assert reasons(result) == ["value.sex"] * 3
    assert result.quarantine.column_names == ["source_id", "sex", "_reason"]


def test_an_empty_text_may_be_mapped():
    parse = {"sex": {"values": {"": "unknown"}}}
    result = normalise("patient", ["source_id", "sex"], {"source_id": keys(2), "sex": ["", None]}, parse=parse)
    assert values(result, "sex") == ["unknown", None]


def test_status_keeps_its_original():
    parse = {"status": {"values": {"V": "final", "T": "preliminary"}}}
    columns = {"source_id": keys(2), "status": ["V", "T"]}
    result = normalise("observation", ["source_id", "status", "status_raw"], columns, parse=parse, code="NA")
    assert values(result, "status") == ["final", "preliminary"]
    assert values(result, "status_raw") == ["V", "T"]


def test_a_boolean_is_mapped():
    parse = {"urgent": {"values": {"O": "true", "N": "false"}}}
    columns = {"source_id": keys(4), "urgent": ["O", "N", "", "?"]}
    result = normalise("request", ["source_id", "urgent", "urgent_raw"], columns, parse=parse)
    assert values(result, "urgent") == [True, False, None]
    assert reasons(result) == ["value.urgent"]


def test_maps_that_cannot_be_obeyed():
    with pytest.raises(ProfileError, match="no boolean") as caught:
        Normaliser(
            make_profile(parse={"request": {"urgent": {"values": {"O": "oui"}}}}),
            planned("request", "source_id", "urgent"),
        )
    assert caught.value.location.field == "entities.request.urgent"
    with pytest.raises(ProfileError, match="law 3"):
        Normaliser(
            make_profile(parse={"patient": {"postcode": {"values": {"a": "b"}}}}),
            planned("patient", "source_id", "postcode"),
        )


# Dates.


def partial(texts, *formats, pivot=30):
    parse = {"birth_date": {"date": formats, "two_digit_pivot": pivot}}
    columns = {"source_id": keys(len(texts)), "birth_date": texts}
    return normalise("patient", ["source_id", "birth_date", "birth_date_raw"], columns, parse=parse)


def test_partial_dates_keep_what_is_known():
    cases = {
        "31/02/1948": "1948-02", "15/13/1961": "1961", "00/00/1950": "1950", "00/05/1950": "1950-05",
        "29/02/2000": "2000-02-29", "29/02/1900": "1900-02", "01/02/29": "2029-02-01", "01/02/30": "1930-02-01",
        "1950": "1950", "": None, "00/00/0000": None, " 04/07/1976 ": "1976-07-04", "31/12/9999": "9999-12-31",
    }  # fmt: skip
    result = partial(list(cases), "%d/%m/%Y", "%d/%m/%y", "%Y")
    assert values(result, "birth_date") == list(cases.values())
    assert values(result, "birth_date_raw") == list(cases)
    assert result.quarantine is None


@pytest.mark.parametrize(
    "text", ["1/2/1950", "1950-01-01", "01/02/195", "٠١/02/1950", "01/02/1950x", "né", "--/--/1950"]
)
def test_what_is_not_understood_is_set_aside(text):
    result = partial([text, None], "%d/%m/%Y")
    assert reasons(result) == ["date.birth_date"]
    assert result.quarantine.column("birth_date").to_pylist() == [text]


def test_whole_dates_must_be_whole():
    parse = {"valid_from": {"date": ("%Y%m%d",)}}
    texts = ["20190228", "20190230", "20181301", "20190000", "", None, "00000000"]
    names = ["source_id", "patient", "valid_from", "valid_from_raw"]
    columns = {"source_id": keys(7), "patient": ["P"] * 7, "valid_from": texts}
    result = normalise("payer", names, columns, parse=parse)
    assert values(result, "valid_from") == [dt.date(2019, 2, 28), None, None]
    assert values(result, "valid_from_raw") == ["20190228", "", None]
    assert reasons(result) == ["date.valid_from"] * 4


def test_times_of_day():
    formats = ("%Y%m%d", "%Y%m%d %H%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S")
    parse = {"registered_on": {"date": formats}}
    texts = ["20190228", "20190228 0830", "28/02/2019 23:59", "2019-02-28 00:00:01", "20190228 2430", "20190228 08:30"]
    columns = {"source_id": keys(6), "registered_on": texts}
    result = normalise("request", ["source_id", "registered_on", "registered_on_raw"], columns, parse=parse)
    day = dt.datetime(2019, 2, 28)
    assert values(result, "registered_on") == [
        day, day.replace(hour=8, minute=30), day.replace(hour=23, minute=59), day.replace(second=1),
    ]  # fmt: skip
    assert reasons(result) == ["date.registered_on"] * 2


def test_a_profile_may_give_the_raw_column_alone():
    parse = {"registered_on": {"date": ("%Y%m%d",)}}
    columns = {"source_id": ["1"], "registered_on_raw": ["20190101"]}
    result = normalise("request", ["source_id", "registered_on", "registered_on_raw"], columns, parse=parse)
    assert result.rows.to_pylist()[0]["registered_on"] == dt.datetime(2019, 1, 1)
    assert values(result, "registered_on_raw") == ["20190101"]


def test_days_stored_as_numbers_are_read_as_texts():
    parse = {"registered_on": {"date": ("%Y%m%d",)}}
    columns = {"source_id": ["1"], "registered_on": pa.array([20190101])}
    result = normalise("request", ["source_id", "registered_on"], columns, parse=parse)
    assert values(result, "registered_on") == [dt.datetime(2019, 1, 1)]


def test_unparsed_texts_pass_only_as_whole_iso_dates():
    columns = {
        "source_id": keys(4),
        "birth_date": ["1948", "1948-02", "1948-02-29", "1948-02-31"],
        "last_visit_on": ["2019-01-01", None, "", "2019-01-01"],
    }
    result = normalise("patient", ["source_id", "birth_date", "last_visit_on"], columns)
    assert values(result, "birth_date") == ["1948", "1948-02", "1948-02-29"]
    assert values(result, "last_visit_on") == [dt.date(2019, 1, 1), None, None]
    assert reasons(result) == ["date.birth_date"]


def test_real_dates_of_the_source():
    stamps = [dt.datetime(2019, 1, 1), dt.datetime(2019, 1, 1, 8), None]
    columns = {
        "source_id": keys(3), "birth_date": pa.array([dt.date(1950, 1, 2), None, None]),
        "last_visit_on": pa.array(stamps, pa.timestamp("ns")), "created_on": pa.array(stamps, pa.timestamp("s")),
    }  # fmt: skip
    result = normalise("patient", list(columns), columns)
    assert result.rows.schema.types == [pa.string(), pa.string(), pa.date32(), pa.timestamp("us")]
    assert values(result, "birth_date") == ["1950-01-02", None]
    assert values(result, "last_visit_on") == [dt.date(2019, 1, 1), None]
    assert reasons(result) == ["date.last_visit_on"]


def test_a_time_zone_is_refused():
    columns = {"source_id": ["1"], "created_on": pa.array([dt.datetime(2019, 1, 1)], pa.timestamp("us", "UTC"))}
    with pytest.raises(ProfileError, match="local time"):
        normalise("patient", ["source_id", "created_on"], columns)


@pytest.mark.parametrize(
    ("formats", "pivot", "message"),
    [
        (("%d/%m/%y",), None, "two-digit year"),
        (("%d %b %Y",), None, "not understood"),
        (("%d/%m/%Y", "%m/%d/%Y"), None, "same shape"),
        (("%d/%m",), None, "does not say one day"),
        (("%Y",), None, "does not say one day"),
        (("%Y-%m-%d %H",), None, "does not say one day"),
        (("%Y-%m-%d %S",), None, "does not say one day"),
        (("%Y%Y-%m-%d",), None, "does not say one day"),
        (("%Y %y-%m-%d",), 30, "does not say one day"),
    ],
)
def test_formats_that_are_refused(formats, pivot, message):
    parse = {"valid_from": {"date": formats, "two_digit_pivot": pivot}}
    with pytest.raises(ProfileError, match=message) as caught:
        Normaliser(make_profile(parse={"payer": parse}), planned("payer", "source_id", "valid_from"))
    assert caught.value.location.field == "entities.payer.parse.valid_from.date"


# Numbers.

RESULT = ["source_id", "code", "raw_value", "value", "comparator"]


def results(codes, texts):
    columns = {"source_id": keys(len(texts)), "code": codes, "raw_value": texts}
    parse = {"value": {"number": True}}
    return normalise("observation", RESULT, columns, parse=parse, code=codes)


@pytest.mark.parametrize(
    ("code", "text", "value", "comparator"),
    [
        ("NA", "13,3", "13.3", None),
        ("NA", " 13,3 ", "13.3", None),
        ("NA", "-1,5", "-1.5", None),
        ("NA", "0", "0", None),
        ("NA", "<0,5", "0.5", "<"),
        ("NA", "> 200", "200", ">"),
        ("NA", "≤ 3", "3", "<="),
        ("NA", ">= 3,0", "3", ">="),
        ("NA", "inf. à 2,00", "2", "<"),
        ("NA", "Sup. à 200", "200", ">"),
        ("NA", "000012,50", "12.5", None),
        ("NA", "999999999999999999,9999999999", "999999999999999999.9999999999", None),
        ("TSH", "< 0.12", "0.12", "<"),
        ("TSH", "4.21", "4.21", None),
        ("TSH", "224.000", "224", None),
        ("PLT", "224.000 /mm3", "224000", None),
        ("PLT", "1.224.000", "1224000", None),
        ("PLT", "7,2", "7.2", None),
        ("PLT", "5 10^9/L", "5", None),
        ("HT", "54.0 %", "54", None),
        ("HT", "54.0%", "54", None),
        ("inconnu", "13,3", "13.3", None),
        (None, "13,3", "13.3", None),
    ],
)
def test_numbers_by_their_own_rule(code, text, value, comparator):
    result = results(["VIH", code, "PLT"], ["x", text, "1"])
    assert values(result, "value")[1] == Decimal(value)
    assert values(result, "comparator")[1] == comparator
    assert values(result, "raw_value")[1] == text
    assert result.rows.schema.field("value").type == pa.decimal128(28, 10)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("NA", "13.3"), ("NA", "1 234,5"), ("NA", "1e5"), ("NA", "١٢"), ("NA", "--5"), ("NA", "5-10"), ("NA", ""),
        ("NA", None), ("NA", "13,3 g/dL"), ("NA", "+1"), ("NA", "13,"), ("NA", ",5"), ("NA", "1,2,3"), ("NA", "<"),
        ("NA", "< < 5"), ("NA", "Négatif"), ("NA", "0,12345678901"), ("NA", "1234567890123456789"), ("NA", "10 - 40"),
        ("NA", "NaN"), ("NA", "inf"), ("NA", "5\n6"), ("NA", "½"), ("NA", "²"), ("TSH", "4,21"), ("PLT", "7.2"),
        ("PLT", "22.40.000"), ("PLT", ".224"), ("PLT", "1/160"), ("PLT", "12/03/2019"), ("PLT", "1e5"),
        ("PLT", "1e5/L"), ("PLT", "5 - 10 /mm3"), ("PLT", "510^9/L "), ("HT", "54.0 % 3"), ("HT", "5-10%"),
        ("HT", "3 croix"),
    ],
)  # fmt: skip
def test_what_is_no_number_stays_text(code, text):
    result = results([code, "PLT"], [text, "1"])
    assert values(result, "value")[0] is None
    assert values(result, "comparator")[0] is None
    assert values(result, "raw_value")[0] == text
    assert result.quarantine is None


def test_group_by_space_takes_no_break_spaces():
    profile = make_profile(
        parse={"observation": {"value": {"number": True}}}, number=type(make_profile().number)(",", " ")
    )
    texts = ["1 234,5", "1\u00a0234,5", "1\u202f234 567", "1  234"]
    columns = {"source_id": keys(4), "raw_value": texts}
    result = normalise("observation", ["source_id", "raw_value", "value"], columns, profile=profile, code="NA")
    assert values(result, "value") == [Decimal("1234.5"), Decimal("1234.5"), Decimal(1234567), None]


def test_floats_become_the_decimals_that_a_screen_shows():
    floats = [0.1, 1e-7, 123456789.25, 1e15, 3.0, float("nan"), None, 1e300, 1e-11, -0.5, 2.5e-9]
    result = normalise("observation", ["source_id", "value"], {"source_id": keys(11), "value": floats}, code="NA")
    wanted = ["0.1", "0.0000001", "123456789.25", "1000000000000000", "3", None, "-0.5", "0.0000000025"]
    assert values(result, "value") == [w if w is None else Decimal(w) for w in wanted]
    assert reasons(result) == ["number.value"] * 3


def test_decimals_of_the_source_pass_as_they_are():
    given = pa.array([Decimal("1.50"), None], pa.decimal128(12, 2))
    result = normalise("observation", ["source_id", "value"], {"source_id": keys(2), "value": given}, code="NA")
    assert result.rows.column("value").type == pa.decimal128(12, 2)


def test_other_numbers_keep_their_original_or_are_set_aside():
    parse = {"quantity": {"number": True}}
    columns = {"source_id": keys(4), "quantity": ["1,5", "< 2", "peu", ""]}
    result = normalise("specimen", ["source_id", "quantity", "quantity_raw"], columns, parse=parse)
    assert values(result, "quantity") == [Decimal("1.5"), None, None, None]
    assert values(result, "quantity_raw") == ["1,5", "< 2", "peu", ""]
    alone = normalise("specimen", ["source_id", "quantity"], columns, parse=parse)
    assert reasons(alone) == ["number.quantity"] * 2


def test_integers_and_booleans_are_exact():
    columns = {"source_id": keys(5), "rank": ["1", "2,0", "-3", "", "9" * 19]}
    result = normalise("observation", ["source_id", "rank"], columns, code="NA")
    assert values(result, "rank") == [1, -3, None]
    assert reasons(result) == ["number.rank"] * 2
    floats = normalise("observation", ["source_id", "rank"], {"source_id": keys(2), "rank": [1.0, 1.5]}, code="NA")
    assert (values(floats, "rank"), reasons(floats)) == ([1], ["number.rank"])
    columns = {"source_id": keys(4), "urgent": pa.array([1, 0, None, 2], pa.int8())}
    result = normalise("request", ["source_id", "urgent"], columns)
    assert values(result, "urgent") == [True, False, None]
    assert reasons(result) == ["boolean.urgent"]


@pytest.mark.parametrize(
    ("name", "given"), [("urgent", [dt.date(2019, 1, 1)]), ("pregnancy_weeks", [dt.date(2019, 1, 1)])]
)
def test_a_type_that_cannot_become_another_is_the_profiles_fault(name, given):
    with pytest.raises(ProfileError, match="comes as date32"):
        normalise("request", ["source_id", name], {"source_id": ["1"], name: given})


def test_a_column_that_the_source_does_not_give():
    with pytest.raises(ProfileError, match="does not give it"):
        normalise("patient", ["source_id", "city"], {"source_id": ["1"]})


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
