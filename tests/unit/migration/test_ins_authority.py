"""An INS without the authority that issued it: not ordered, set aside at the source, refused at a production target."""

import pyarrow as pa
import pytest
from test_gate import plan, receipt

from ecluse.domain.errors import DestinationError
from ecluse.domain.identifiers import InsOid
from ecluse.domain.order import Scope
from ecluse.domain.records import GroupDigest
from ecluse.domain.values import FieldError
from ecluse.migration.gate import ReceivingGate
from ecluse.migration.normalise import Normaliser
from migration_parts import CANARY, make_order, make_profile, planned, raw

FIELDS = {"patient": ("source_id", "ins", "ins_oid"), "request": ("source_id",)}
MISSING = pytest.mark.parametrize("oid", [None, "", "  ", "\t"])


def test_it_cannot_be_ordered() -> None:
    with pytest.raises(FieldError, match="tells a real identity from a test one") as caught:
        make_order({"patient": ("source_id", "family_name", "ins")})
    assert caught.value.path == "fields.patient[2]"
    assert isinstance(make_order(FIELDS).scope, Scope)


@MISSING
def test_it_is_set_aside_at_the_source(oid: str | None) -> None:
    columns = {
        "source_id": ["1", "2", "3", "4"],
        "ins": pa.array([CANARY, None, " ", "1"]),
        "ins_oid": pa.array([oid, oid, oid, str(InsOid.NIR)], pa.string()),
    }
    made = Normaliser(make_profile(), planned("patient", *FIELDS["patient"]))(raw(columns))
    assert made.rows.column("source_id").to_pylist() == ["2", "3", "4"]
    assert made.quarantine is not None
    assert made.quarantine.column("_reason").to_pylist() == ["ins_oid"]


@MISSING
@pytest.mark.parametrize("names", [("source_id", "ins", "ins_oid"), ("source_id", "ins")])
def test_it_never_enters_production(names: tuple[str, ...], oid: str | None) -> None:
    given = {"source_id": ["1", "2"], "ins": pa.array([None, CANARY]), "ins_oid": pa.array([None, oid], pa.string())}
    rows = pa.table(given).select(names)
    announced = receipt("patient", names, rows=2, groups=(GroupDigest(None, None, 2, "0" * 32),))
    for production in (False, True):
        gate = ReceivingGate(make_order(FIELDS), plan("patient", planned("patient", *names).columns, 2), production=production)
        if not production:
            gate.check(rows, announced)
            continue
        with pytest.raises(DestinationError, match="without the authority") as caught:
            gate.check(rows, announced)
        assert CANARY not in str(caught.value)
