"""The gates: every rule attacked, and no value in any message."""
# ruff: noqa: DTZ001 - a laboratory's times are on its wall clock

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest

from ecluse.domain.errors import DestinationError, InternalError, ScopeViolationError
from ecluse.domain.identifiers import InsOid
from ecluse.domain.plan import Batch, Because, Column, ColumnType, Plan, PlannedEntity, Snapshot, SourceFacts, Tally
from ecluse.domain.profile import DateStorage
from ecluse.domain.records import GroupDigest, QuarantineCount, Receipt
from ecluse.migration.codes import NO_CODE
from ecluse.migration.gate import Gate, ReceivingGate
from migration_parts import CANARY, DIGEST, SITES, batch, make_order, make_profile, planned, raw

FIELDS = {
    "patient": ("source_id", "birth_date", "ins", "ins_oid"),
    "request": ("source_id", "registered_on", "site"),
    "observation": ("source_id", "code", "value"),
}
WORK = ("request", "specimen", "observation", "report", "comment")


def gate(entity="observation", *names, order=None, profile=None, excluded=frozenset()):
    made = planned(entity, "source_id", *names)
    return Gate(order or make_order(FIELDS), profile or make_profile(), made, excluded)


def observations(**changes):
    return raw({"source_id": [CANARY, "2"]}, **({"code": "NA"} | changes))


def refused(table, match, *, rows=None, made=None, **bounds):
    with pytest.raises(ScopeViolationError, match=match) as caught:
        (made or gate()).check_raw(table, batch(rows=table.num_rows if rows is None else rows, **bounds))
    assert CANARY not in str(caught.value)
    return caught.value


def passes(table, *, made=None, **bounds):
    (made or gate()).check_raw(table, batch(rows=table.num_rows, **bounds))


def test_what_is_ordered_passes():
    passes(observations())
    passes(observations(site=[SITES[0], SITES[1]], date=[dt.date(2019, 1, 1), dt.date(2019, 12, 31)]))


# Columns.


def test_a_column_that_nobody_needs():
    table = observations().append_column("comment", pa.array([CANARY, CANARY]))
    assert refused(table, "does not need").location.field == "observation.comment"
    refused(observations().append_column("_other", pa.array([CANARY] * 2)), "does not need")


def test_a_column_twice():
    refused(observations().append_column("source_id", pa.array([CANARY] * 2)), "twice")


@pytest.mark.parametrize("name", ["_date", "_site", "_code"])
def test_a_control_column_missing(name):
    assert refused(observations().drop_columns([name]), "cannot be shown").location.field == f"observation.{name}"


def test_sources_of_planned_columns_are_needed():
    profile = make_profile(parse={"observation": {"value": {"number": True}, "status": {"values": {"V": "final"}}}})
    columns = {n: ["1"] for n in ("source_id", "raw_value", "unit", "status", "status_raw")} | {"code": ["NA"]}
    made = gate("observation", "value", "comparator", "loinc", "ucum", "status", profile=profile)
    passes(raw(columns, code="NA"), made=made)
    refused(raw({**columns, "label": ["x"]}, code="NA"), "does not need", made=made)


# Rows.


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_another_number_of_rows(rows):
    error = refused(observations(), "source has changed since the plan", rows=rows)
    assert error.hint == "plan again"


def test_another_entitys_batch():
    with pytest.raises(InternalError):
        gate().check_raw(observations(), batch("request", rows=2))


# Dates.

OUTSIDE = [dt.date(2017, 12, 31), dt.date(2020, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31)]


@pytest.mark.parametrize("day", OUTSIDE)
@pytest.mark.parametrize("form", ["date", "timestamp", "compact", "iso"])
def test_a_row_outside_the_dates(day, form):
    stored = {
        "date": pa.array([dt.date(2019, 1, 1), day]),
        "timestamp": pa.array([0, (day - dt.date(1970, 1, 1)).days * 86_400], pa.timestamp("s")),
        "compact": pa.array(["20190101", day.strftime("%Y%m%d").zfill(8)]),
        "iso": pa.array(["2019-01-01", day.isoformat()]),
    }[form]
    if form == "timestamp":
        stored = pa.array([1_546_300_800, stored[1].value], pa.timestamp("s"))
    profile = make_profile(DateStorage.TEXT_COMPACT if form == "compact" else DateStorage.DATE)
    made = gate(profile=profile)
    refused(observations(date=stored), "outside the ordered dates", made=made, lower=None, upper=None)


def test_the_last_moment_is_in_and_the_next_is_out():
    last = pa.array([dt.datetime(2018, 1, 1), dt.datetime(2019, 12, 31, 23, 59, 59, 999_999)])
    passes(observations(date=last), lower=None, upper=None)
    late = pa.array([dt.datetime(2018, 1, 1), dt.datetime(2020, 1, 1)])
    refused(observations(date=late), "outside the ordered dates", lower=None, upper=None)
    early = pa.array([dt.datetime(2017, 12, 31, 23, 59, 59, 999_999), dt.datetime(2019, 1, 1)])
    refused(observations(date=early), "outside the ordered dates", lower=None, upper=None)


@pytest.mark.parametrize(
    "text", ["20190230", "20181301", "", None, "2019-01-01", "201901", "20190101 ", "20190101x", "２0190101", CANARY]
)
def test_a_compact_text_that_is_no_day(text):
    made = gate(profile=make_profile(DateStorage.TEXT_COMPACT))
    table = observations(date=["20190101", text])
    if text == "20190101 ":
        passes(table, made=made)  # blanks around a day do not make it another day
    else:
        refused(table, "no day of the calendar", made=made)


@pytest.mark.parametrize("text", ["2019-02-30", "2019-13-01", "", None, "20190101", "2019-1-1", "2019-01-01x", CANARY])
def test_an_iso_text_that_is_no_day(text):
    for storage in (DateStorage.TEXT_ISO, DateStorage.DATE, DateStorage.TIMESTAMP):
        refused(observations(date=["2019-01-01", text]), "no day", made=gate(profile=make_profile(storage)))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([dt.date(2019, 1, 1), None]),
        pa.array([dt.datetime(2019, 1, 1), None]),
        pa.array([None, None]),
    ],
)
def test_a_row_without_a_date(column):
    refused(observations(date=column), "without a scope date")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([dt.datetime(2019, 1, 1)] * 2, pa.timestamp("us", "Europe/Paris")),
        pa.array([20190101, 20190101]),
        pa.array([b"20190101"] * 2),
    ],
)
def test_a_date_of_a_doubtful_type(column):
    refused(observations(date=column), "without doubt")


@pytest.mark.parametrize(("lower", "upper"), [("2019-06-02", None), (None, "2019-06-01"), ("2019-06-02", "2019-07-01")])
@pytest.mark.parametrize("entity", WORK)
def test_a_row_outside_its_batch(entity, lower, upper):
    order = make_order({"request": ("source_id",), entity: ("source_id",)})
    made = Gate(order, make_profile(), planned(entity, "source_id"), frozenset())
    table = observations() if entity in {"observation", "comment"} else observations().drop_columns(["_code"])
    with pytest.raises(ScopeViolationError, match="outside the days of batch"):
        made.check_raw(table, batch(entity, 2, lower, upper))
    made.check_raw(table, batch(entity, 2, "2019-06-01", "2019-06-02"))
    made.check_raw(table, batch(entity, 2, None, None))


def test_key_ranged_batches_are_not_compared_with_days():
    table = raw({"source_id": ["5"]})
    gate("patient").check_raw(table, batch("patient", 1, "4", "9"))


def test_a_bound_that_is_no_day():
    with pytest.raises(InternalError):
        gate().check_raw(observations(), batch(rows=2, lower="n'importe"))


# Sites.


@pytest.mark.parametrize("site", [CANARY, "rennes-centre", "RENNES-CENTRE ", "RENNES", "", None])
def test_a_site_that_is_not_ordered(site):
    error = refused(observations(site=[SITES[0], site]), "without a site" if site is None else "not ordered")
    assert error.location.field == "observation._site"


def test_sites_that_are_numbers():
    made = gate(order=make_order(FIELDS, sites=("12",)))
    passes(observations(site=[12, 12]), made=made)
    refused(observations(site=[12, 13]), "not ordered", made=made)


# Categories.


@pytest.mark.parametrize("code", ["VIH"])
@pytest.mark.parametrize("unclassifiable", [False, True])
def test_a_result_of_an_excluded_category(code, unclassifiable):
    made = gate(order=make_order(FIELDS, unclassifiable=unclassifiable))
    refused(observations(code=["NA", code]), "category that the order excludes", made=made)


@pytest.mark.parametrize("code", ["ENVOI", "vih", "VIH ", "", None, CANARY])
def test_a_result_that_cannot_be_classified(code):
    table = observations(code=["NA", code])
    refused(table, "cannot be classified")
    refused(table, "cannot be classified", made=gate(order=make_order(FIELDS, categories=())))
    passes(table, made=gate(order=make_order(FIELDS, unclassifiable=True)))


def test_categories_that_are_not_excluded_pass():
    passes(observations(code=["NA", "VIH"]), made=gate(order=make_order(FIELDS, categories=())))


# What hangs on a result.

def comments(codes, **columns):
    return raw({"source_id": [CANARY, "2"], **columns}, code=codes)


def commenting(**choices):
    order = make_order({"comment": ("source_id", "observation")}, **choices)
    return Gate(order, make_profile(), planned("comment", "source_id", "observation"), frozenset())


@pytest.mark.parametrize("code", ["VIH", "ENVOI", CANARY, NO_CODE, ""])
def test_a_comment_leaves_only_with_its_result(code):
    with pytest.raises(ScopeViolationError, match="excludes|cannot be classified") as caught:
        commenting().check_raw(comments([None, code]), batch("comment", 2))
    assert caught.value.location.field == "comment._code"
    assert CANARY not in str(caught.value)
    if code != "VIH":
        commenting(unclassifiable=True).check_raw(comments([None, code]), batch("comment", 2))


def test_comments_on_results_that_leave_and_on_requests_pass():
    commenting().check_raw(comments([None, "NA"]), batch("comment", 2))
    commenting().check_raw(comments([None, "NA"], observation=[None, "7"]), batch("comment", 2))


def test_a_comment_may_not_hide_its_result():
    with pytest.raises(ScopeViolationError, match="whose category is not told"):
        commenting(unclassifiable=True).check_raw(comments([None, "NA"], observation=["6", "7"]), batch("comment", 2))
    with pytest.raises(ScopeViolationError, match="cannot be shown"):
        commenting().check_raw(comments([None, "NA"]).drop_columns(["_code"]), batch("comment", 2))


# Persons.


def test_excluded_persons():
    made = gate(order=make_order(FIELDS, persons=True), excluded=frozenset({CANARY, "100007"}))
    passes(observations(patient=["100008", None]), made=made)
    refused(observations(patient=["100008", CANARY]), "whom the order excludes", made=made)
    refused(observations(patient=[100008, 100007]), "whom the order excludes", made=made)
    assert refused(observations(), "cannot be shown", made=made).location.field == "observation._patient"


def test_persons_of_practitioners_are_not_asked_for():
    order = make_order({"practitioner": ("source_id",), "request": ("source_id", "prescriber")}, persons=True)
    made = Gate(order, make_profile(), planned("practitioner", "source_id"), frozenset({"1"}))
    made.check_raw(raw({"source_id": ["1"]}), batch("practitioner"))


# Made columns.


def rows(entity="observation", **columns):
    return pa.table({"source_id": pa.array([CANARY]), **columns})


def test_made_columns():
    made = gate("observation", "value")
    value = pa.array([None], pa.decimal128(28, 10))
    made.check_columns(rows(value=value))
    for table, message in (
        (rows(), "other columns than the plan's"),
        (rows(value=value).select(["value", "source_id"]), "in another order"),
        (rows(value=value, label=pa.array([CANARY])), "not ordered"),
        (rows(value=value, _code=pa.array([CANARY])), "not ordered"),
        (rows(value=pa.array([1.0])), "comes as double"),
        (rows(value=value).set_column(0, "source_id", pa.array([1])), "comes as int64"),
        (rows(value=value).append_column("value", value), "other columns"),
    ):
        with pytest.raises(ScopeViolationError, match=message) as caught:
            made.check_columns(table)
        assert CANARY not in str(caught.value)


def test_a_plan_may_not_carry_what_the_order_does_not():
    with pytest.raises(ScopeViolationError, match="not ordered") as caught:
        gate("observation", "label").check_columns(rows(label=pa.array([CANARY])))
    assert caught.value.location.field == "observation.label"


def test_companions_travel_only_beside_what_is_parsed():
    table = pa.table({n: pa.array(["x"]) for n in ("source_id", "birth_date", "birth_date_raw")})
    names = ("birth_date", "birth_date_raw")
    parsing = make_profile(parse={"patient": {"birth_date": {"date": ("%Y%m%d",)}}})
    gate("patient", *names, profile=parsing).check_columns(table)
    with pytest.raises(ScopeViolationError, match="not ordered"):
        gate("patient", *names).check_columns(table)


def test_links_travel_when_both_ends_are_ordered():
    table = pa.table({"source_id": ["1"], "request": ["R"]})
    gate("observation", "request").check_columns(table)
    order = make_order({"observation": ("source_id",)})
    with pytest.raises(ScopeViolationError, match="not ordered"):
        gate("observation", "request", order=order).check_columns(table)


# The recipient's gate.


def plan(entity, columns, rows=1):
    facts = SourceFacts("sqlite", "3", Snapshot.FILES, 1)
    return Plan(
        "ecluse.plan/1", DIGEST, DIGEST, DIGEST, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "agent", facts,
        (PlannedEntity(entity, "SELECT 1", columns, rows),), (Batch("b1", entity, None, None, rows),),
        (Tally(entity, 2019, SITES[0], rows),), (),
    )  # fmt: skip


def receipt(entity="request", columns=("source_id",), **changes):
    fields = {
        "format": "ecluse.receipt/1", "order": DIGEST, "plan": DIGEST, "batch": "b1", "entity": entity,
        "parcel": DIGEST, "size": 1, "columns": tuple(columns), "rows": 1, "canaries": 3,
        "min_date": dt.date(2019, 1, 1), "max_date": dt.date(2019, 12, 31),
        "groups": (GroupDigest(2019, SITES[0], 1, "0" * 32),), "quarantined": (), "quarantine_parcel": None,
        "sealed_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "agent": "agent",
    }  # fmt: skip
    return Receipt(**(fields | changes))


def receiving(entity="request", *names, production=False):
    columns = planned(entity, "source_id", *names).columns
    return ReceivingGate(make_order(FIELDS), plan(entity, columns), production=production)


def request(**columns):
    return pa.table({"source_id": pa.array([CANARY]), **columns})


def test_a_received_parcel_passes():
    receiving().check(request(), receipt())
    columns = ("source_id", "registered_on", "site")
    day = pa.array([dt.datetime(2019, 12, 31, 23, 59)], pa.timestamp("us"))
    receiving("request", *columns[1:]).check(
        request(registered_on=day, site=pa.array([SITES[1]])), receipt(columns=columns)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_date": dt.date(2017, 12, 31)}, "days outside"),
        ({"max_date": dt.date(2020, 1, 1)}, "days outside"),
        ({"groups": (GroupDigest(2019, CANARY, 1, "0" * 32),)}, "site outside"),
        ({"groups": (GroupDigest(2017, SITES[0], 1, "0" * 32),)}, "year outside"),
        ({"columns": ("source_id", "site")}, "other columns"),
        ({"batch": "b2"}, "not planned"),
        ({"entity": "patient"}, "not planned"),
        ({"rows": 2, "groups": (GroupDigest(None, None, 2, "0" * 32),)}, "another number of rows"),
        (
            {"quarantined": (QuarantineCount("key", 2019, SITES[0], 1),), "quarantine_parcel": DIGEST},
            "another number of rows",
        ),
        (
            {
                "rows": 0, "groups": (), "quarantine_parcel": DIGEST,
                "quarantined": (QuarantineCount("key", 2019, CANARY, 1),),
            },
            "other rows than its receipt",
        ),
    ],
)  # fmt: skip
def test_a_receipt_that_says_something_else(changes, message):
    with pytest.raises(ScopeViolationError, match=message) as caught:
        receiving().check(request(), receipt(**changes))
    assert CANARY not in str(caught.value)


def test_quarantined_sites_are_looked_at_too():
    aside = {"rows": 0, "groups": (), "quarantine_parcel": DIGEST}
    aside["quarantined"] = (QuarantineCount("key", 2019, CANARY, 1),)
    with pytest.raises(ScopeViolationError, match="site outside"):
        receiving().check(request().slice(0, 0), receipt(**aside))


def test_more_rows_than_the_receipt():
    with pytest.raises(ScopeViolationError, match="other rows"):
        receiving().check(pa.concat_tables([request(), request()]), receipt())


def test_columns_are_exact_on_arrival():
    with pytest.raises(ScopeViolationError, match="not ordered") as caught:
        receiving().check(request(ward=pa.array([CANARY])), receipt())
    assert CANARY not in str(caught.value)
    with pytest.raises(ScopeViolationError, match="other columns"):
        receiving().check(request(site=pa.array([SITES[0]])), receipt())
    with pytest.raises(ScopeViolationError, match="comes as int64"):
        receiving().check(pa.table({"source_id": [1]}), receipt())
    forged = (Column("source_id", ColumnType.TEXT, Because.ORDERED), Column("ward", ColumnType.TEXT, Because.ORDERED))
    with pytest.raises(ScopeViolationError, match="not ordered"):
        ReceivingGate(make_order(FIELDS), plan("request", forged)).check(
            request(ward=pa.array([CANARY])), receipt(columns=("source_id", "ward"))
        )


@pytest.mark.parametrize("day", [dt.datetime(2017, 12, 31, 23), dt.datetime(2020, 1, 1), None])
def test_carried_dates_are_looked_at_again(day):
    made = pa.array([day], pa.timestamp("us"))
    with pytest.raises(ScopeViolationError, match=r"scope date|ordered dates"):
        receiving("request", "registered_on").check(
            request(registered_on=made), receipt(columns=("source_id", "registered_on"))
        )


@pytest.mark.parametrize("site", [CANARY, None])
def test_carried_sites_are_looked_at_again(site):
    with pytest.raises(ScopeViolationError, match="site") as caught:
        receiving("request", "site").check(
            request(site=pa.array([site], pa.string())), receipt(columns=("source_id", "site"))
        )
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("oid", [InsOid.TEST, InsOid.DEMO, f"urn:oid:{InsOid.DEMO}"])
def test_test_identities_never_enter_production(oid):
    columns = ("source_id", "ins_oid")
    table = pa.table({"source_id": [CANARY], "ins_oid": [str(oid)]})
    receiving("patient", "ins_oid").check(table, receipt("patient", columns))
    with pytest.raises(DestinationError, match="test or demonstration") as caught:
        receiving("patient", "ins_oid", production=True).check(table, receipt("patient", columns))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("oid", [InsOid.NIR, InsOid.NIA, None, "", "1.2.3"])
def test_other_identities_do(oid):
    table = pa.table({"source_id": ["1"], "ins_oid": pa.array([oid], pa.string())})
    receiving("patient", "ins_oid", production=True).check(table, receipt("patient", ("source_id", "ins_oid")))


CODED = make_order({"request": ("source_id",), "observation": ("source_id", "loinc")})


def arrives(code):
    made = ReceivingGate(CODED, plan("observation", planned("observation", "source_id", "loinc").columns))
    rows = pa.table({"source_id": [CANARY], "loinc": pa.array([code], pa.string())})
    made.check(rows, receipt("observation", ("source_id", "loinc")))


@pytest.mark.parametrize("code", ["7917-8", " 7917-8 "])
def test_what_a_result_says_of_itself_is_looked_at_on_both_sides(code):
    """The profile's map clears the local code; the LOINC code that travels beside it is of an excluded category."""
    table = raw({"source_id": [CANARY, "2"], "loinc": ["2951-2", code]}, code="NA")
    refused(table, "excludes", made=gate("observation", "loinc", order=CODED))
    with pytest.raises(ScopeViolationError, match="excludes") as caught:
        arrives(code)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("code", [None, "2951-2", "not a code"])
def test_a_result_that_says_nothing_of_itself_arrives(code):
    arrives(code)


MAPPED = {"NA": "2951-2", "VIH": "56888-1", "ENVOI": ""}


def judged(code, **choices):
    order = make_order({"observation": ("source_id", "code")}, **choices)
    made = replace(plan("observation", planned("observation", "source_id", "code").columns), analyses=MAPPED)
    rows = pa.table({"source_id": [CANARY], "code": pa.array([code], pa.string())})
    ReceivingGate(order, made).check(rows, receipt("observation", ("source_id", "code")))


@pytest.mark.parametrize("code", ["VIH", "ENVOI", CANARY, None])
def test_the_recipient_judges_local_codes_by_the_plan_s_map(code):
    """No LOINC code travels, so that nothing but the plan says what a result is of."""
    with pytest.raises(ScopeViolationError, match="excludes|cannot be classified") as caught:
        judged(code)
    assert caught.value.location.field == "observation.code"
    assert CANARY not in str(caught.value)
    if code != "VIH":
        judged(code, unclassifiable=True)
    judged("NA")


def test_requests_arrive_in_the_days_of_their_batch():
    made = plan("request", planned("request", "source_id", "registered_on").columns)
    made = replace(made, batches=(Batch("b1", "request", "2019-01-01", "2019-07-01", 1),))
    gate_ = ReceivingGate(make_order(FIELDS), made)
    for day, good in ((dt.datetime(2019, 6, 30, 23), True), (dt.datetime(2019, 7, 1), False), (dt.datetime(2018, 12, 31), False)):
        rows = request(registered_on=pa.array([day], pa.timestamp("us")))
        announced = receipt(columns=("source_id", "registered_on"))
        if good:
            gate_.check(rows, announced)
        else:
            with pytest.raises(ScopeViolationError, match="outside the days of batch"):
                gate_.check(rows, announced)
