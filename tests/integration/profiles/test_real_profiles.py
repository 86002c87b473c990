"""Profiles of other people's systems: iBLIS's own dump in a MariaDB, and CSV files as clinosim writes them."""

import os
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from shipped import Extracted, destination_profile, everything, extract, order_for, source_profile

from ecluse.adapters.destinations.opening import DestinationSpec, open_destination
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import DestinationError
from ecluse.domain.plan import ColumnType
from ecluse.domain.profile import Engine
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.load import ARROW_TYPES
from servers import MariadbServer, PostgresqlServer

DEMO = Path(__file__).parents[3] / "demo"


@pytest.fixture(scope="module")
def iblis(mariadb: MariadbServer) -> SourceSpec:
    dump = Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql"
    database = mariadb.database(dump.read_text(encoding="utf-8"))
    return SourceSpec(Engine.MYSQL, f"{database.url}?tls=off")


def migrated(spec: SourceSpec, dates: tuple[str, str], *, unclassifiable: bool = True) -> Extracted:
    profile = source_profile("iblis")
    order = order_for(profile, everything(profile), dates, ["LAB"], unclassifiable=unclassifiable)
    return extract(spec, profile, order)


@pytest.mark.real_data
def test_iblis_whole(iblis: SourceSpec) -> None:
    """Known contents: data README (5 patients, 36 tests, 16 specimens, 44 results); 7 visits hold the tests."""
    found = migrated(iblis, ("2014-07-01", "2016-06-30"))
    assert not found.quarantined
    visits = {row["visit_number"] for row in found.rows["request"].to_pylist()}
    # The README's 5 patients: one of them (id 1) has no visit, and is in scope through none.
    assert {name: table.num_rows for name, table in found.rows.items()} == {
        "patient": 4, "practitioner": 6, "site": 1, "request": 36, "specimen": 16, "observation": 44
    }  # fmt: skip
    assert len(visits) == 7
    assert Counter(row["registered_on"].year for row in found.rows["request"].to_pylist()) == {2014: 20, 2016: 16}
    haemoglobin = found.by_key("observation")["5"]
    assert (haemoglobin["raw_value"], haemoglobin["value"], haemoglobin["loinc"]) == ("13.7", Decimal("13.7"), "718-7")
    assert {row["sex"] for row in found.rows["patient"].to_pylist()} == {"male", "female"}
    assert found.by_key("patient")["5"]["birth_date"] == "2012-01-01"


@pytest.mark.real_data
def test_iblis_straight_from_its_dump(iblis: SourceSpec) -> None:
    path = Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql"
    dates = ("2014-07-01", "2016-06-30")
    found, loaded = migrated(SourceSpec(Engine.MYSQL, f"dump://{path}"), dates), migrated(iblis, dates)
    assert {name: table.num_rows for name, table in found.rows.items()}["observation"] == 44
    for entity in loaded.rows:
        assert found.by_key(entity) == loaded.by_key(entity)


@pytest.mark.real_data
def test_iblis_dates_and_unclassifiable(iblis: SourceSpec) -> None:
    found = migrated(iblis, ("2014-08-01", "2014-08-31"), unclassifiable=False)
    assert {row["registered_on"].month for row in found.rows["request"].to_pylist()} == {8}
    assert found.plan.entity("observation").rows == 0


LAB = """patient_id,lab_name,result_datetime,value,unit,flag
P1,Hb,2024-03-01T12:15:00,14.9,g/dL,
P1,K,2024-03-01T12:15:00.394637,<2.5,mmol/L,L
P1,K,2024-03-01T12:15:00.394637,4.1,mmol/L,
P2,Hb,2024-04-01T12:15:00,9.5,g/dL,L
P2,PSA,2024-04-01T12:15:00,1.5,ng/mL,
P2,Troponin_I,2024-04-02T12:15:00,0.01,ng/mL,
"""
ORDERS = """order_id,patient_id,encounter_id,order_type,display_name,urgency,ordered_datetime,status,clinical_intent
O1,P1,E1,lab,Hb,routine,2024-03-01T10:00:00,resulted,
O2,P1,E1,lab,K,routine,2024-03-01T10:00:00,resulted,
O3,P2,E2,lab,Hb,routine,2024-04-01T10:00:00,resulted,
O4,P2,E3,lab,Hb,routine,2024-04-01T11:00:00,resulted,
O5,P2,E3,lab,PSA,routine,2024-04-01T11:00:00,resulted,
O6,P2,E3,medication,Troponin_I,routine,2024-04-01T11:00:00,resulted,
"""
ENCOUNTERS = """encounter_id,patient_id,encounter_type,status,department_id,admission_datetime,discharge_datetime,\
chief_complaint,ward_id,bed_number,is_readmission,prior_encounter_id,readmission_number
E1,P1,outpatient,completed,cardiology,2024-03-01T09:00:00,2024-03-01T11:00:00,Check,,,False,,0
E2,P2,outpatient,completed,oncology,2024-04-01T09:30:00,2024-04-01T11:00:00,Check,,,False,,0
E3,P2,outpatient,completed,cardiology,2024-04-01T09:45:00.5,2024-04-01T11:00:00,Check,,,False,,0
"""
PATIENTS = """patient_id,family_name,given_name,display_name,age,sex,blood_type,height_cm,weight_kg,bmi,insurance_type,\
smoking_status,alcohol_use,chronic_conditions
P1,Harrison,Micah,Micah Harrison,56,M,O,179,68,21,x,current,social,
P2,Lim,"Ana, Maria",Ana Lim,30,F,A,160,60,20,x,never,no,
P2,Lim,"Ana, Maria",Ana Lim,31,F,A,160,60,20,x,never,no,
"""


@pytest.fixture
def clinosim(tmp_path: Path) -> SourceSpec:
    files = {"lab_results": LAB, "orders": ORDERS, "encounters": ENCOUNTERS, "patients": PATIENTS}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    return SourceSpec(Engine.CSV, f"csv://{tmp_path}", files=source_profile("clinosim").files)


def test_clinosim_results_find_their_encounter_or_say_so(clinosim: SourceSpec) -> None:
    profile = source_profile("clinosim")
    sites = ["cardiology", "oncology", "unattributed"]
    found = extract(
        clinosim,
        profile,
        order_for(profile, everything(profile), ("2024-01-01", "2024-12-31"), sites, unclassifiable=True),
    )
    assert not found.quarantined
    requests = {key: row["request"] for key, row in found.by_key("observation").items()}
    assert requests == {
        "P1/Hb/2024-03-01T12:15:00/1": "E1",
        "P1/K/2024-03-01T12:15:00.394637/1": "E1",
        "P1/K/2024-03-01T12:15:00.394637/2": "E1",
        "P2/Hb/2024-04-01T12:15:00/1": "P2@2024-04-01",
        "P2/PSA/2024-04-01T12:15:00/1": "E3",
        "P2/Troponin_I/2024-04-02T12:15:00/1": "P2@2024-04-02",
    }
    values = {(row["comparator"], row["value"]) for row in found.rows["observation"].to_pylist()}
    assert ("<", Decimal("2.5")) in values
    assert found.rows["patient"].num_rows == 2


def test_clinosim_leaves_what_is_not_ordered(clinosim: SourceSpec) -> None:
    profile = source_profile("clinosim")
    fields = {"request": ("source_id",), "observation": ("source_id", "code", "raw_value", "value")}
    order = order_for(
        profile, fields, ("2024-04-01", "2024-04-30"), ["cardiology"], exclude=[SensitiveCategory.ONCOLOGY]
    )
    found = extract(clinosim, profile, order)
    assert set(found.by_key("request")) == {"E3"}
    assert found.plan.entity("observation").rows == 0


@pytest.mark.parametrize("name", ["iblis", "clinosim"])
def test_the_postgresql_target_takes_what_demo_real_orders(postgresql: PostgresqlServer, name: str) -> None:
    """Every field that the two profiles share with the target is accepted by the real database's types."""
    source, target = source_profile(name), destination_profile("openlis-postgresql")
    database = postgresql.database((DEMO / "real_lis.sql").read_text(encoding="utf-8"))
    fields = {
        entity: tuple(f for f in names if f in target.entities[entity].columns)
        for entity, names in everything(source).items()
        if entity in target.entities
    }
    order = order_for(source, fields, ("2024-01-01", "2024-12-31"), ["LAB"])
    from ecluse.migration.fields import planned_columns  # noqa: PLC0415

    columns = planned_columns(order.scope, source)
    schemas = {e: pa.schema([(c.name, ARROW_TYPES[c.type]) for c in cs]) for e, cs in columns.items()}
    assert any(c.type is ColumnType.DATETIME for c in columns["request"])
    with closing(open_destination(DestinationSpec(Engine.POSTGRESQL, database.url, target))) as destination:
        destination.prepare("sha256:" + "1" * 64, schemas)
        with pytest.raises(DestinationError):
            destination.prepare("sha256:" + "2" * 64, {"payer": schemas["patient"]})
