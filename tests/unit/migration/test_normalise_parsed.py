"""Texts read as what the profile says they mean: mapped values, dates, numbers; or set aside with a reason."""
# ruff: noqa: DTZ001 - a laboratory's times are on its wall clock

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from ecluse.domain.errors import ProfileError
from ecluse.migration.normalise import Normaliser
from migration_parts import make_profile, planned
from normalising import keys, normalise, reasons, values

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
