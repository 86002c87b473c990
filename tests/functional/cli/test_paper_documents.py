"""Agreements exported, registers written, versions compared: by the commands, as people use them."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from pypdf import PdfReader

from functional.cli import lis
from functional.cli.test_failures import base_install
from functional.cli.world import Desk


def pdf(path: str) -> str:
    return "".join(page.extract_text() for page in PdfReader(path).pages)


@pytest.fixture
def signed(desk: Desk) -> Desk:
    desk.agreement()
    return desk


def test_a_signed_agreement_is_exported_in_each_form_and_language(signed: Desk) -> None:
    for lang, word in (("fr", "Signé des deux parties"), ("en", "Signed by both parties")):
        for form in ("pdf", "docx", "html"):
            said = signed.run(f"agreement export agreement.json --format {form} --language {lang} --out a.{lang}.{form}")
            assert said.out.strip() == f"a.{lang}.{form}"
            assert not said.err
        assert word in pdf(f"a.{lang}.pdf")
        assert word in Path(f"a.{lang}.html").read_text(encoding="utf-8")
        with zipfile.ZipFile(f"a.{lang}.docx") as archive:
            assert word in archive.read("word/document.xml").decode()
    told = signed.run("agreement export agreement.yaml --format html --out again.html --lang fr --json").json()
    assert told["signed_by"] == ["dr.martin", "p.legoff"]
    assert Path("again.html").read_bytes() == Path("a.fr.html").read_bytes()


def test_a_draft_is_exported_as_one_and_an_empty_one_is_not(desk: Desk) -> None:
    desk.run("agreement new empty.yaml")
    refused = desk.run("agreement export empty.yaml --format pdf --out empty.pdf", code=11)
    assert "annex I" in refused.err
    assert not Path("empty.pdf").exists()
    desk.agreement()
    for signature in Path().glob("agreement.json.*.sig"):
        signature.unlink()
    said = desk.run("agreement export agreement.yaml --format pdf --out draft.pdf")
    assert "DRAFT" in said.err
    assert "DRAFT" in pdf("draft.pdf")


def test_signatures_over_another_text_do_not_count(signed: Desk) -> None:
    text = Path("agreement.yaml").read_text(encoding="utf-8").replace("migration", "another purpose", 1)
    Path("agreement.yaml").write_text(text, encoding="utf-8")
    told = signed.run("agreement export agreement.yaml --format html --out a.html --json").json()
    assert told["signed_by"] == []


def test_a_wrong_signature_is_refused(signed: Desk) -> None:
    Path("agreement.json.dr.martin.sig").write_bytes(Path("agreement.json.p.legoff.sig").read_bytes())
    signed.run("agreement export agreement.json --format html --out a.html", code=14)
    assert not Path("a.html").exists()


def test_no_file_is_written_over(signed: Desk) -> None:
    Path("there.pdf").write_text("mine", encoding="utf-8")
    for line in ("agreement export agreement.json --format pdf --out there.pdf",
                 "register export --agreement agreement.json --format pdf --out there.pdf",
                 "agreement export agreement.json --format pdf --out nowhere/a.pdf"):  # fmt: skip
        signed.run(line, code=2)
    assert Path("there.pdf").read_text(encoding="utf-8") == "mine"


def test_the_base_install_writes_html_and_names_the_extra_for_the_rest(signed: Desk) -> None:
    agreement = str(signed.root / "agreement.json")
    done = base_install("agreement", "export", agreement, "--format", "html", "--out", str(signed.root / "a.html"))
    assert done.returncode == 0, done.stderr
    for form in ("pdf", "docx"):
        done = base_install("agreement", "export", agreement, "--format", form, "--out", str(signed.root / f"a.{form}"))
        assert done.returncode == 2, done.stderr
        assert "pip install 'ecluse[documents]'" in done.stderr


def test_the_register_of_a_migration(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    told = desk.run("register export w --format csv --excel --language fr --out r.csv --json").json()
    assert (told["agreements"], told["orders"], told["processor"]) == (1, 1, "Migrations du Ponant")
    rows = list(csv.reader(io.StringIO(Path("r.csv").read_bytes().decode("utf-8-sig"), newline=""), delimiter=";"))
    assert len(rows) == 2
    row = dict(zip(*rows, strict=True))
    assert row["Responsable du traitement"] == "Laboratoire des Trois Rivières"
    assert row["Ordre"] == "BIO-2026-0042 v1"
    assert "planifiée" in row["Où il en est"]
    for form in ("html", "pdf", "docx"):
        desk.run(f"register export w --format {form} --out r.{form}")
    assert "BIO-2026-0042" in pdf("r.pdf")


def test_a_register_takes_no_agreement_that_is_not_signed(signed: Desk) -> None:
    signed.run("register export --agreement agreement.json --format csv --out r.csv")
    Path("agreement.json.p.legoff.sig").unlink()
    signed.run("register export --agreement agreement.json --format csv --out s.csv", code=11)
    refused = signed.run("register export --format csv --out t.csv --lang fr", code=2)
    assert "aucun contrat" in refused.err


def test_an_amendment_is_shown_in_the_laboratory_s_words(signed: Desk) -> None:
    recipient = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
    signed.signed_order(recipient)
    value = yaml.safe_load(Path("order.yaml").read_text(encoding="utf-8"))
    value["version"] = 2
    value["scope"]["sites"] = ["RENNES-CENTRE", "BREST"]
    value["scope"]["exclude_categories"] = ["genetics"]
    Path("order-2.yaml").write_text(json.dumps(value, ensure_ascii=False, default=str), encoding="utf-8")
    changes = {c["path"]: c for c in signed.run("order diff order.json order-2.yaml --json").json()}
    assert {path: c["effect"] for path, c in changes.items()} == {
        "version": "neither", "scope.sites[RENNES-SUD]": "narrows", "scope.sites[BREST]": "widens",
        "scope.exclude_categories[hiv]": "widens",
    }  # fmt: skip
    shown = signed.run("order diff order.json order-2.yaml --lang fr").out
    for word in ("en rapport avec le VIH", "il sort plus", "RENNES-SUD", "catégorie exclue"):
        assert word in shown
    assert "rien ne diffère" in signed.run("order diff order.yaml order.json --lang fr").out


def test_a_new_agreement_beside_the_earlier(signed: Desk) -> None:
    value = yaml.safe_load(Path("agreement.yaml").read_text(encoding="utf-8"))
    value["clauses"]["f_breach_notice"] = "Within twelve hours."
    value["measures"] = value["measures"][1:]
    Path("next.yaml").write_text(json.dumps(value, ensure_ascii=False, default=str), encoding="utf-8")
    changes = signed.run("agreement diff agreement.json next.yaml --json").json()
    assert [c["path"] for c in changes] == ["clauses.f_breach_notice", "measures[Minimisation]"]
    assert changes[1]["after"] == ""
    assert signed.run("agreement diff agreement.json next.yaml --lang fr").out.count("annexe III") == 1
