"""HPRIM Médecin mails through the shipped profile: what an order gets, and what stays."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from shipped import Extracted, everything, extract, order_for, source_profile

from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.profile import Engine

HEAD = "{patient}\nÉTÉ\nHélène\n1 rue\n\n35000 RENNES\n29/02/1968\n2680235000000 12\n  {number} \n{day}\n C LABO \nM\n"
LAB = "****LAB****\nRES|Sodium|NA|N|{value}|mmol/L|135|145|N|F|3.2|g/L|3.1|3.4\nRES||GROUPE|A\n****FIN****\n"


def mail(patient: str, number: str, day: str, value: str = "140") -> bytes:
    return (HEAD.format(patient=patient, number=number, day=day) + "SODIUM 140\n" + LAB.format(value=value)).encode("latin-1")


def extracted(folder: Path, sites: tuple[str, ...], dates: tuple[str, str]) -> Extracted:
    profile = source_profile("hprim-medecin")
    spec = SourceSpec(Engine.FILES, f"files://{folder}", profile.files)
    return extract(spec, profile, order_for(profile, everything(profile), dates, sites, unclassifiable=True))


def test_reports_by_their_dates(tmp_path: Path) -> None:
    (tmp_path / "a.hpm").write_bytes(mail("7", "D1", "01/03/2019") + mail("8", "D2", "01/03/2020") + mail("", "D3", "02/03/2019"))
    (tmp_path / "b.hpm").write_bytes(mail("7", "D1", "01/03/2019", "<141.50"))
    found = extracted(tmp_path, ("C LABO",), ("2019-01-01", "2019-12-31"))
    assert set(found.by_key("request")) == {"D1"}
    assert found.quarantined["request:link"] == 1  # D3 has no patient
    assert set(found.by_key("patient")) == {"7"}
    person = found.by_key("patient")["7"]
    assert (person["postcode"], person["city"], person["nir"]) == ("35000", "RENNES", "268023500000012")
    results = found.by_key("observation")
    assert {key: (row["raw_value"], row["unit"], row["value"]) for key, row in results.items() if key.startswith("D1")} == {
        "D1/15": ("<141.50", "mmol/L", Decimal("141.5")), "D1/15/2": ("3.2", "g/L", Decimal("3.2")),
    }  # fmt: skip
    assert found.by_key("comment")["D1/text"]["text"] == "SODIUM 140"


@pytest.mark.real_data
def test_a_real_mail(tmp_path: Path) -> None:
    real = Path(os.environ["ECLUSE_REAL_DATA"]) / "hprim" / "fmf_hprim_medecin_1.hpm"
    (tmp_path / "a.hpm").write_bytes(real.read_bytes())
    found = extracted(tmp_path, ("C LabFake",), ("2013-01-01", "2013-12-31"))
    [request] = found.by_key("request")
    [result] = found.rows["observation"].to_pylist()
    assert request == "506232"
    assert (result["raw_value"], result["unit"], result["value"], result["high"]) == ("164", "UI/ml", Decimal(164), Decimal(3000))
