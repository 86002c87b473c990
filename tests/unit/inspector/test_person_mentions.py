"""Persons named in running text: beside a date, in whatever the text was written; and what only looks like it."""

import json
import time

import pytest

from ecluse.inspector._dates import scattered, year_of
from ecluse.inspector._headless import judge_headless
from ecluse.inspector.findings import Sureness
from ecluse.inspector.kinds import Kind
from ecluse.inspector.personal import Detector, Found


def found(text: str | bytes, name: str = "a.txt") -> tuple[Found, ...]:
    detector = Detector(name)
    detector.feed(text.encode() if isinstance(text, str) else text)
    return detector.found()


def persons(text: str | bytes, name: str = "a.txt") -> int:
    return sum(each.number for each in found(text, name) if each.kind is Kind.PERSONS)


@pytest.mark.parametrize(
    "text",
    [
        "Cher confrère,\nj'ai vu ce jour Mme Odile Tanguy, née le 3 mars 1951.\n",
        "Concerne : BELKACEM Aïcha, née le 1er décembre 1981, demeurant à Laval\n",
        "- TANGUY Odile, dn 03/03/1951 : hémolysé\n",
        "[12/03/2020 10:02] acc1: le patient Odile TANGUY (03/03/2011) attend\n",
        "^FDTANGUY Odile^FS^FO20,46^FD03/03/2011 F^FS\n",
        "BEGIN:VCARD\nN:Tanguy;Odile;;Mme;\nBDAY:1951-03-03\n",
        'GET /s?nom=TANGUY&prenom=Odile&ddn=03%2F03%2F1951 HTTP/1.1"\n',
        "<tr><td>Nom</td><td>TANGUY</td><td>N&eacute;e le</td><td>03/03/1951</td></tr>\n",
        '<row pat_pnm="Odile" pat_nm="TANGUY" pat_ddn="03031951"/>\n',
        r"{\rtf1\ansi Mme Odile TANGUY, n\'e9e le 3 d\'e9cembre 1951\par}",
        "Odile TANGUY, born 1951-03-03, was seen today.\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_one_person_in_a_sentence(text: str, encoding: str) -> None:
    assert persons(text.encode(encoding)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Cher confrère,\nj'ai vu ce jour Mme Odile TANGUY, 74 ans, pour un contrôle.\n",
        "Je vous adresse Monsieur Le Goff Yann âgé de 9 ans.\n",
        "Dear colleague,\nI saw Mrs. Odile Tanguy, aged 74 years, today.\n",
        "{\\rtf1 Votre patiente Odile TANGUY, 74 ans}",
    ],
)  # fmt: skip
def test_somebody_by_title_and_age(text: str) -> None:
    assert persons(text) == 1
    assert persons(text, "a.py") == 0


def test_records_of_json_on_several_lines_whatever_their_keys() -> None:
    people = [("TANGUY", "Odile", "1951-03-03"), ("LE GOFF", "Yann", "1999-01-12"), ("MASSON", "Pierre", "1975-07-30")]
    records = [{"k1": 7 + n, "lastN": last, "firstN": first, "d": day} for n, (last, first, day) in enumerate(people)]
    assert persons(json.dumps({"rows": records}, indent=4)) == persons(json.dumps(records)) == 3
    authors = [{"author": last, "first": first, "date": f"2019-0{n + 1}-03"} for n, (last, first, _) in enumerate(people)]
    assert persons(json.dumps(authors, indent=4)) == 0, "days of one year are of events"


@pytest.mark.parametrize("text", ["Cuve en inox, 10 ans de garantie.\n", "M. Tanguy\n\nGarantie 10 ans.\n", "Mme, 74 ans\n"])
def test_ages_of_nobody(text: str) -> None:
    assert persons(text) == 0


def test_names_in_an_old_code_page() -> None:
    assert persons("- LEFÈVRE Hélène, née le 03/03/1951\n".encode("cp850")) == 1


def test_a_list_of_fixed_width_whose_columns_touch() -> None:
    lines = "".join(f"9043246{n}TANGUY     ODILE     195{n}0303F\n" for n in range(5))
    assert persons(lines) == 5
    assert [each.sureness for each in found(lines)] == [Sureness.PROBABLE]


@pytest.mark.parametrize(
    "text",
    [
        "1999-03-12  Odile Tanguy  <odile@dev.example>\n\n\t* main.c: new\n2016-03-12  Odile Tanguy  <odile@dev.example>\n",
        "// Revision 1.1  1995/03/10  17:16:52  William_Walker\n" * 4,
        "Nom;Voie\n1;rue Pierre Masson;12/03/1975\n2;place Odile Tanguy;12/03/1955\n3;quai Louis Roy;01/03/2001\n",
        "NAVIRE;IMMAT;LANCE LE\nODILE DU LARGE;BR120000;12/03/1955\nLOUISE II;BR120001;12/03/1999\n",
        "Facture du 12/03/2019, Biomat Distribution, échéance 12/04/2019\n",
        'x = {"nom": "Odile Tanguy", "ddn": "01/01/1900"}\n',
        "Le champ « date de naissance » est au format JJ/MM/AAAA, par exemple 31/12/1999.\n",
        "TANGUY Odile;7;LAVAL\n",
    ],
)  # fmt: skip
def test_nobody(text: str) -> None:
    assert persons(text) == 0


def test_source_code_names_people_whom_nothing_says_to_be_born() -> None:
    lines = "".join(f"# 12/03/19{n} Odile Tanguy: mended\n" for n in range(60, 80))
    assert persons(lines, "a.py") == 0
    assert persons(lines, "a.txt") == 20


@pytest.mark.parametrize("piece", [b"12/12/12/", b"1", b"19991231 ", b"03/03/1951 ", b"n\xc3\xa9e le ", b"Odile Tanguy ", b"Mme A A A A A ans "])
def test_hostile_repetitions_take_their_time_and_no_more(piece: bytes) -> None:
    text = piece * (4_000_000 // len(piece))
    begin = time.process_time()
    found(text)
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    ("date", "year"),
    [("03031951", 1951), ("19510303", 1951), ("20051987", 1987), ("3/3/51", 1951), ("03/03/12", 2012), ("3 mars 1951", 1951),
     ("1951-03-03", 1951), ("99/99", None)],
)  # fmt: skip
def test_which_year(date: str, year: int | None) -> None:
    assert year_of(date) == year


def test_births_are_decades_apart_or_long_ago() -> None:
    assert scattered([2004, 2019])
    assert scattered([1999])
    assert not scattered([2010, 2019])
    assert not scattered([])


def test_surnames_that_are_first_names_too() -> None:
    rows = [["MARTIN", "Odile", "03/03/51"], ["SIMON", "Louise", "04/04/62"], ["ROBIN", "Jean", "05/05/73"]]
    assert [each.kind for each in judge_headless(rows)] == [Kind.PERSONS]


def test_results_are_somebodys_unless_they_are_of_controls() -> None:
    rows = [[f"23702{n}80", "CREA", f"{n}8,4", "µmol/L"] for n in range(1, 6)]
    assert [each.kind for each in judge_headless(rows)] == [Kind.RESULTS]
    assert judge_headless([[*row, "NIVEAU 2"] for row in rows]) == []
    assert judge_headless(rows, ["N", "Code", "Contrôle", "U"]) == []


def test_social_security_numbers_without_key_or_heading() -> None:
    born = [["1510355990123"], ["2620455990124"], ["1730555990125"], ["2840655990126"], ["1950755990127"]]
    assert [each.kind for each in judge_headless(born)] == [Kind.NIR]
    of_days = [[f"12103559901{n}0"] for n in range(5)]  # numbers of tubes: all of one year and month
    assert judge_headless(of_days) == []


def test_headings_that_say_nothing_do_not_hide_the_cells() -> None:
    assert persons("NDOS;NMUSU;PRNOM;XDN\n" + "".join(f"4788{n};TANGUY;Odile;0303195{n}\n" for n in range(5))) == 5


@pytest.mark.parametrize(
    "text",
    [
        "Site;Patients;Dossiers\nDREUX;120;150\nLAVAL;80;90\nCHINON;60;61\n",
        "1;PATIENT;NumPatient;IPP;depuis 14/06/2019\n2;PATIENT;NomPatient;Nom;depuis 20/10/2012\n3;PATIENT;x;Nom;depuis 01/01/2011\n",
        "MSH|^~\\&|A|B|C|D|2020||ORU^R01|1|P|2.5\nPID|1||<numéro>^^^LABO||<NOM>^<Prénom>||<AAAAMMJJ>|<M/F>\n",
    ],
)
def test_counts_dictionaries_and_descriptions_are_of_nobody(text: str) -> None:
    assert found(text) == ()
