"""CDA documents as a source: rows and links, narrative, namespaces, encodings; malformed ones set aside, bytes counted."""

import base64
import codecs
import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cda_documents import HL7, XSI, Report, attribute, element, observation, quantity, told
from ecluse.adapters.sources import SourceSpec, _cda, _cda_tree, open_source
from ecluse.adapters.sources._cda import CdaReader
from ecluse.adapters.sources._cda_paths import parse
from ecluse.adapters.sources._reading import Declared
from ecluse.adapters.sources.folder import declared
from ecluse.domain.errors import MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

FIELDS = (
    "document/id/@root",
    "patient/id[@root='1.2.3.8']/@extension as local",
    "patient/patient/name/given[not(@qualifier)] as given",
    "patient/patient/name/family[@qualifier='BR'] as family",
    "section/title",
    "text/narrative()",
    "observation/code/@code",
    "observation/code/originalText/narrative() as label",
    "observation/value/@xsi:type as type",
    "observation/value/@value",
    "observation/value/@nullFlavor as null_flavor",
    "observation/value as text",
    "specimen/specimenRole/id/@root as root",
    "translation/@code",
)
OBSERVED = observation("2951-2", quantity("140.10", "mmol/L"))
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "cda" / "refused.json").read_text("utf-8"))


def reader(folder: Path, *documents: bytes, fields: tuple[str, ...] = FIELDS, encoding: str = "") -> CdaReader:
    for number, data in enumerate(documents):
        (folder / f"{number:03}.xml").write_bytes(data)
    file = SourceFile("*.xml", encoding, format=FileFormat.CDA, fields=fields)
    return CdaReader(Declared("c", file, tuple(sorted(folder.glob("*.xml")))))


def rows(found: CdaReader) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in found.tables}
    for name, batch in found.passing(found.tables):
        made[name] += batch.to_pylist()
    return made


def observed(folder: Path, *documents: bytes, **options: Any) -> list[dict[str, Any]]:
    return rows(reader(folder, *documents, **options))["c_observation"]


def test_rows_and_what_they_are_in(tmp_path: Path) -> None:
    inner = observation("b", quantity("1"), relation="REFR")
    isolate = (
        "<entryRelationship typeCode='COMP'><organizer><specimen><specimenRole><id root='S1'/></specimenRole></specimen>"
        "<component><organizer><component><observation><code code='c'/></observation></component></organizer></component>"
        "</organizer></entryRelationship>"
    )
    text = Report(entries=observation("a", quantity("2.0"), inner) + isolate).xml().encode()
    made = rows(reader(tmp_path, text, text))
    first, second, third = made["c_observation"][:3]
    [section, _] = made["c_section"]
    [specimen, _] = made["c_specimen"]
    assert [row["code_code"] for row in made["c_observation"]] == ["a", "b", "c"] * 2
    assert {row["_section"] for row in (first, second, third)} == {section["_element"]}
    assert first["_act"] == first["_within"] is not None
    assert (first["_observation"], second["_observation"], third["_observation"]) == (None, first["_element"], None)
    assert (first["_relation"], second["_relation"]) == ("COMP", "REFR")
    assert (first["_specimen"], third["_specimen"]) == (None, specimen["_element"])
    assert third["_organizer"] == third["_within"] != specimen["_organizer"] is not None
    assert specimen["_specimen"] is None
    assert [row["_file"] for row in made["c_document"]] == [1, 2]


def test_a_specimen_is_told_only_where_there_is_one(tmp_path: Path) -> None:
    two = "<specimen><specimenRole/></specimen>" * 2
    text = Report(entries=f"<entryRelationship><organizer>{two}<component>{OBSERVED}</component></organizer></entryRelationship>")
    assert [row["_specimen"] for row in observed(tmp_path, text.xml().encode())] == [None]


def test_missing_empty_and_null_flavor_stay_apart(tmp_path: Path) -> None:
    values = (
        "", "<value/>", "<value xsi:type='PQ' value=''/>", "<value xsi:type='PQ' nullFlavor='NASK'/>",
        "<value xsi:type='ST'></value>", "<value xsi:type='ST'> </value>",
    )  # fmt: skip
    found = observed(tmp_path, Report(entries="".join(observation("a", value) for value in values)).xml().encode())
    assert [(row["type"], row["value_value"], row["null_flavor"], row["text"]) for row in found] == [
        (None, None, None, None), (None, None, None, ""), ("PQ", "", None, ""), ("PQ", None, "NASK", ""),
        ("ST", None, None, ""), ("ST", None, None, " "),
    ]  # fmt: skip


def test_several_values_are_none_left_out(tmp_path: Path) -> None:
    person = "<name><given>A</given><given qualifier='BR'>B</given><given>C \"é𝄞</given><family>X</family></name>"
    [row] = rows(reader(tmp_path, Report(person=person).xml().encode()))["c_patient"]
    assert json.loads(row["given"]) == ["A", 'C "é𝄞']
    assert (row["family"], row["local"]) == (None, "P1")


def test_other_prefixes_mean_the_same(tmp_path: Path) -> None:
    plain = Report(entries=OBSERVED).xml()
    other = re.sub(r"<(/?)([A-Za-z])", r"<\1h:\2", plain.partition("\n")[2])
    other = other.replace(f'xmlns="{HL7}"', f'xmlns:h="{HL7}"').replace("xsi", "s").replace('s:type="PQ"', 's:type="h:PQ"')
    foreign = plain.replace('<code code="2951-2"', '<code xmlns="urn:x" code="x"/><code code="2951-2"')
    bare = plain.replace('<code code="2951-2"', '<code xmlns="" code="x"/><code code="2951-2"')
    found = observed(tmp_path, plain.encode(), other.encode(), foreign.encode(), bare.encode())
    told_of = [{k: v for k, v in row.items() if k not in ("_file", "_element", "_line")} for row in found]
    assert [row["type"] for row in found] == ["PQ"] * 4
    assert told_of[0] | {"_within": 0, "_act": 0, "_section": 0} == told_of[1] | {"_within": 0, "_act": 0, "_section": 0}
    assert {row["code_code"] for row in found} == {"2951-2"}


def test_a_type_s_prefix_means_what_it_means_where_it_stands(tmp_path: Path) -> None:
    values = (
        "<value xmlns:l='urn:l' xsi:type='l:PQ'/>", f"<value xmlns:l='{HL7}' xsi:type='l:PQ'/>", "<value xsi:type='l:PQ'/>",
        f"<x xmlns:l='{HL7}'><y xmlns:l='urn:l'/></x><value xsi:type='l:PQ'/>",
    )  # fmt: skip
    report = Report(entries="".join(observation("a", value) for value in values))
    assert [row["type"] for row in observed(tmp_path, report.xml().encode())] == ["l:PQ", "PQ", "l:PQ", "l:PQ"]


NARRATIVE = (
    "<table><thead><tr><th>Analyse</th>\n <th>Résultat</th></tr></thead><tbody><tr><td><content ID='n1'>Sodium"
    "<br/>  (Na<sub>+</sub>)</content></td>\n<td> 10<sup>9</sup>/L <!-- un --><content revised='delete'>7</content></td></tr>"
    "</tbody></table><paragraph>A &lt; B <![CDATA[<&]]></paragraph><list><item>un</item><item>deux</item></list>"
)


def test_narrative_as_a_person_reads_it(tmp_path: Path) -> None:
    code = "<observation><code><originalText><reference value='#n1'/></originalText></code></observation>"
    nowhere = code.replace("#n1", "#n2")
    inline = "<observation><code><originalText>dit\n  ici</originalText></code></observation>"
    report = Report(text=NARRATIVE, entries=f"{code}{nowhere}{inline}")
    made = rows(reader(tmp_path, report.xml().encode()))
    assert [row["label"] for row in made["c_observation"]] == ["Sodium\n(Na+)", None, "dit ici"]
    assert made["c_text"][0]["narrative"] == "Analyse\tRésultat\nSodium\n(Na+)\t10^9/L\nA < B <&\nun\ndeux"


def test_an_id_that_stands_twice_is_not_guessed(tmp_path: Path) -> None:
    code = "<observation><code><originalText><reference value='#n'/></originalText></code></observation>"
    report = Report(text="<content ID='n'>a</content><content ID='n'>b</content>", entries=code)
    assert [row["label"] for row in observed(tmp_path, report.xml().encode())] == ['["a", "b"]']


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "utf-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "utf-16"),
     ("iso8859-1", "ISO-8859-1"), ("iso8859-15", "ISO-8859-15"), ("cp1252", "windows-1252")],
)  # fmt: skip
def test_encodings(tmp_path: Path, encoding: str, said: str) -> None:
    report = Report(entries=observation("é", "<value xsi:type='ST'>Négatif à 37°<!-- çà --></value>"))
    data = report.xml(said).encode(encoding)
    found = reader(tmp_path, data)
    [row] = rows(found)["c_observation"]
    assert (row["code_code"], row["text"]) == ("é", "Négatif à 37°")
    intake = found.intake()
    assert intake.set_aside == ()
    width = len("çà".encode(encoding.replace("-sig", "").replace("utf-16", "utf-16-le").replace("-le-le", "-le").replace("-le-be", "-be")))
    assert intake.unmapped >= width


def test_an_encoding_that_the_profile_declares_goes_before_the_document_s(tmp_path: Path) -> None:
    report = Report(entries=observation("a", "<value xsi:type='ST'>l’œil</value>"))
    data = report.xml("ISO-8859-1").encode("cp1252")
    assert observed(tmp_path, data, encoding="cp1252")[0]["text"] == "l’œil"
    assert observed(tmp_path, data)[0]["text"] == "l\x92\x9cil"
    assert observed(tmp_path, report.xml().encode("utf-8-sig"), encoding="cp1252") == []


def test_every_byte_has_one_place(tmp_path: Path) -> None:
    text = (
        "<?xml version='1.0'?><?pi x?><!--c--><ClinicalDocument xmlns='urn:hl7-org:v3' a = \"b&lt;\">\r\n <id root='12&amp;'/>"
        "<title>un &amp; <![CDATA[deux]]>é</title></ClinicalDocument>"
    )
    found = reader(tmp_path, text.encode(), fields=("document/id/@root", "document/title"))
    assert rows(found)["c_document"][0]["title"] == "un & deuxé"
    intake = found.intake()
    assert intake.mapped == len("12&amp;") + len("un &amp; ") + len("deux") + len("é".encode())
    assert intake.unmapped == len("<?pi x?><!--c-->") + len("b&lt;")
    assert intake.structure == len(text.encode()) - intake.mapped - intake.unmapped


def test_the_account_is_the_same_in_each_encoding(tmp_path: Path) -> None:
    report = Report(text=NARRATIVE, entries=OBSERVED + observation("é", "<value xsi:type='ST'>é\n</value>"))
    accounts = {}
    for encoding in ("UTF-8", "ISO-8859-1", "UTF-16"):
        (tmp_path / encoding).mkdir()
        found = reader(tmp_path / encoding, report.xml(encoding).encode(encoding.replace("16", "16-le")))
        intake = found.intake()
        accounts[encoding] = (intake.mapped, intake.unmapped, intake.structure)
        assert sum(accounts[encoding]) == intake.size
    assert [2 * each for each in accounts["ISO-8859-1"]][:2] == list(accounts["UTF-16"])[:2]
    assert accounts["UTF-8"][0] > accounts["ISO-8859-1"][0]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_vector_is_set_aside_as_it_says(tmp_path: Path, vector: dict[str, Any]) -> None:
    data = base64.b64decode(vector["base64"]) if "base64" in vector else vector["text"].encode()
    good = Report(entries=OBSERVED).xml().encode()
    found = reader(tmp_path, good, data, good)
    assert len(rows(found)["c_observation"]) == 2
    [aside] = found.intake().set_aside
    assert (aside.file, aside.line, aside.byte, aside.length, aside.reason) == (2, vector["line"], 0, len(data), vector["reason"])


def test_laughs_are_not_read_and_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laughs = "<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '&a{n - 1};&a{n - 1};'>" for n in range(1, 60))
    text = f'<!DOCTYPE x [{laughs}]><ClinicalDocument xmlns="{HL7}"><title>&a59;</title></ClinicalDocument>'
    monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("fetched"))
    [aside] = reader(tmp_path, text.encode()).intake().set_aside
    assert "DOCTYPE" in aside.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<a>" * 100_000, "nested too deeply"),
        ("<id " + " ".join(f"a{n}=''" for n in range(300_000)) + "/>", "a tag or comment of more than 1 MiB"),
        (f"<!--{'x' * (3 << 20)}-->", "a tag or comment of more than 1 MiB"),
        (f"<id root='{'x' * (3 << 20)}'/>", "a tag or comment of more than 1 MiB"),
        ("<id/>" * 20_001, "more than 20000 elements and attributes"),
    ],
    ids=["deep", "attributes", "comment", "value", "many"],
)
def test_what_has_no_bound_is_set_aside(tmp_path: Path, text: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cda_tree, "_MOST", 20_000)
    data = Report().xml().replace("</ClinicalDocument>", f"{text}</ClinicalDocument>").encode()
    found = reader(tmp_path, data)
    assert [aside.reason for aside in found.intake().set_aside] == [reason]


def test_a_text_that_is_asked_for_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts, and elements that say nothing, are counted alike."""
    monkeypatch.setattr(_cda_tree, "_BUDGET", 8 << 20)
    asked = "<observation><code><originalText><reference value='#n'/></originalText></code></observation>" * 300
    for text in ("x" * 50_000, "<content/>" * 2_000):
        report = Report(text=f"<content ID='n'>{text}</content>", entries=f"<entryRelationship>{asked}</entryRelationship>")
        found = reader(tmp_path, report.xml().encode(), Report(entries=OBSERVED).xml().encode())
        assert len(rows(found)["c_observation"]) == 1
        assert [aside.reason for aside in found.intake().set_aside] == ["a document whose rows take up more than 8 MiB"]


def test_rows_that_say_nothing_take_up_room_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cda_tree, "_BUDGET", 1 << 20)
    found = reader(tmp_path, Report(entries="<id/>" * 15_000).xml().encode(), fields=("id/@root",))
    assert [aside.reason for aside in found.intake().set_aside] == ["a document whose rows take up more than 1 MiB"]


def test_a_pass_for_one_table_is_no_account(tmp_path: Path) -> None:
    data = Report(entries=OBSERVED).xml().encode()
    found = reader(tmp_path, data)
    assert [name for name, _ in found.passing({"c_section"})] == ["c_section"]
    assert found.intake() == reader(tmp_path, data).intake()
    assert found.intake().mapped > len("140.10")


def test_many_results_of_one_act_take_time_in_proportion(tmp_path: Path) -> None:
    entries = "<entryRelationship><observation/></entryRelationship>" * 15_000
    found = reader(tmp_path, Report(entries=entries).xml().encode(), fields=("observation/code/@code", "specimen/id/@root"))
    assert len(rows(found)["c_observation"]) == 15_000


def test_a_document_larger_than_is_held_is_set_aside_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cda, "_LARGEST", 1 << 20)
    with (tmp_path / "0.xml").open("wb") as file:
        file.truncate((1 << 20) + 1)
    found = reader(tmp_path, fields=FIELDS)
    [aside] = found.intake().set_aside
    assert (aside.length, aside.reason) == ((1 << 20) + 1, "a document of more than 1 MiB")


def test_a_long_text_is_no_long_tag(tmp_path: Path) -> None:
    content = base64.b64encode(bytes(3 << 20)).decode()
    report = Report(entries=observation("a", f"<value xsi:type='ED'>{content}</value>"))
    assert observed(tmp_path, report.xml().encode())[0]["text"] == content


def test_more_bad_documents_than_can_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cda, "_MOST_ASIDE", 2)
    with pytest.raises(MalformedError, match="more than 2 documents") as caught:
        reader(tmp_path, b"", b"<", b"x").intake()
    assert caught.value.location is not None
    assert caught.value.location.file == "*.xml#1"


@pytest.mark.parametrize(
    "field",
    ["observation", "observation/", "Observation/code", "observation/code/", "observation//code", "observation/@", "x/y",
     "observation/code[0]/@code", "observation/code[@a=b]/@code", "observation/code/@code/x", "observation/code as Code",
     "observation/text()/x", "observation/foo()", "observation/q:code/@code", "observation/code[@q:x='1']/@code", "document/id; DROP",
     "observation/code[/@code", "/observation/code", "../id"],
)  # fmt: skip
def test_a_place_that_is_none_is_refused_with_its_field(tmp_path: Path, field: str) -> None:
    with pytest.raises(ProfileError) as caught:
        reader(tmp_path, b"", fields=("document/id/@root", field))
    assert caught.value.location is not None
    assert caught.value.location.field == "fields[1]"


def test_two_places_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="there already"):
        reader(tmp_path, b"", fields=("document/id/@root", "document/code as id_root"))


@pytest.mark.parametrize(
    ("place", "column"),
    [("observation/value/low/@value", "value_low_value"), ("observation/value/@xsi:type", "value_type"),
     ("patient/id[@root='1.2']/@extension", "id_1_2_extension"), ("text/narrative()", "narrative"), ("act/text()", "text"),
     ("serviceEvent/lab:statusCode/@code", "status_code_code"), ("patient/patient/name/given[2]", "patient_name_given_2"),
     ("act/entryRelationship[act/code/@code='x']/@typeCode", "entry_relationship_x_type_code"),
     ("patient/name/given[not(@qualifier)]", "name_given_no_qualifier"), ("patient/name/given[@qualifier]", "name_given_qualifier")],
)  # fmt: skip
def test_columns_are_named_after_their_places(place: str, column: str) -> None:
    made = parse(place)
    assert made is not None
    assert made.column == column


def test_predicates(tmp_path: Path) -> None:
    entries = observation("a", "<value><x k='1'>p</x><x k='2'>q</x><x>r</x></value><value><x k='1'>s</x></value>")
    places = {
        "observation/value/x[1] as c1": '["p", "s"]', "observation/value/x[@k='1'][1] as c2": '["p", "s"]',
        "observation/value[x='q']/x[2] as c3": "q", "observation/value/x[not(@k)] as c4": "r",
        "observation/value[x/@k='2']/x[@k][2] as c5": "q", "observation/value[2]/x as c6": "s", "observation/value[3]/x as c7": None,
    }  # fmt: skip
    [row] = observed(tmp_path, Report(entries=entries).xml().encode(), fields=tuple(places))
    assert {place: row[place.split()[-1]] for place in places} == places


def test_a_folder_is_queried_as_tables_small_or_large(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.xml").write_text(Report(entries=OBSERVED).xml(), "utf-8")
    (tmp_path / "x.xml").write_text("<broken", "utf-8")
    file = SourceFile("*.xml", format=FileFormat.CDA, fields=FIELDS)
    found = []
    for memory_mb in (512, 64):
        spec = SourceSpec(Engine.FILES, f"files://{tmp_path}", files={"c": file}, memory_mb=memory_mb)
        with closing(open_source(spec)) as source:
            found.append(source.query("SELECT o._file, o.value_value FROM c_observation o JOIN c_document d USING (_file) ORDER BY 1").to_pylist())
            [intake] = source.facts().files
            assert (intake.files, intake.records, len(intake.set_aside)) == (4, 3, 1)
    assert found[0] == found[1] == [{"_file": n, "value_value": "140.10"} for n in (1, 2, 3)]


def test_a_scan_declares_the_folder_once_and_shows_no_value(tmp_path: Path) -> None:
    report = Report(entries=OBSERVED + "<entryRelationship><observation><code><originalText><reference value='#n'/></originalText></code></observation></entryRelationship>")
    (tmp_path / "a.xml").write_text("<other/>")
    for name in "bc":
        (tmp_path / f"{name}.xml").write_text(report.xml(), "utf-8")
    made, again = declared(tmp_path / "a.xml"), declared(tmp_path / "b.xml")
    assert made is not None
    assert again is None
    assert (made.path, made.format) == ("*.xml", FileFormat.CDA)
    assert {"observation/value/@value", "observation/code/originalText/narrative()", "patient/id/@extension"} <= set(made.fields)
    assert not any(text in str(made) for text in ("140", "DUPONT", "2951"))
    found = CdaReader(Declared("c", made, tuple(sorted(tmp_path.glob("*.xml")))))
    assert len(rows(found)["c_observation"]) == 4
    (tmp_path / "b.xml").unlink()
    (tmp_path / "c.xml").unlink()
    assert declared(tmp_path / "a.xml") is None


XML = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\t\n\r") | st.sampled_from("𝄞’“”œ€<&>\"'\x85\u2028\ufeff")
TEXTS = st.none() | st.text(XML.filter(lambda c: c not in "\ufffe\uffff"), max_size=12) | st.sampled_from(["<0,5", "224.000", "19680231", "", "]]>", " a ", "NASK"])


@given(values=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4), encoding=st.sampled_from(["UTF-8", "UTF-16", "ISO-8859-1"]))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str | None, ...]], encoding: str) -> None:
    """Rows → documents → rows: attribute, text and type, in every encoding, hostile values and all."""
    entries = "".join(
        observation(code or "", *([f"<value xsi:type='ST'{'' if a is None else f' value={attribute(a)}'}>{told(t or '')}</value>"] if t is not None or a is not None else [""]))
        for code, a, t in values
    )
    data = Report(entries=entries).xml(encoding).encode(encoding, "xmlcharrefreplace")
    found = reader(tmp_path_factory.mktemp("c"), data)
    made = rows(found)["c_observation"]
    assert found.intake().set_aside == ()
    assert [(row["code_code"], row["value_value"], row["text"]) for row in made] == [
        (code or "", a, t if t is not None else "" if a is not None else None) for code, a, t in values
    ]


@given(data=st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | st.text("<>/a='\" &;!-[]?x", max_size=60).map(str.encode))
def test_fuzz_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    root = f'<ClinicalDocument xmlns="{HL7}" xmlns:xsi="{XSI}">'.encode()
    found = reader(tmp_path_factory.mktemp("c"), data, root + data + b"</ClinicalDocument>", root + b"<title a='" + data + b"'/></ClinicalDocument>")
    rows(found)
    assert isinstance(found.intake(), FileIntake)


@given(at=st.integers(0, 2500), byte=st.integers(0, 255), cut=st.integers(0, 2500), encoding=st.sampled_from(["UTF-8", "UTF-16", "ISO-8859-1"]))
def test_fuzz_a_damaged_document(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: int, encoding: str) -> None:
    data = bytearray(Report(text=NARRATIVE, entries=OBSERVED).xml(encoding).encode(encoding))
    data[at % len(data)] = byte
    found = reader(tmp_path_factory.mktemp("c"), bytes(data), bytes(data[: cut % len(data)]))
    assert len(rows(found)["c_observation"]) <= 1
    assert found.intake().size == len(data) + cut % len(data)


def test_passes_in_bits_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tags cut by the parser's blocks, rows by the batches'."""
    report = Report(text=NARRATIVE, entries=OBSERVED * 5)
    whole = rows(reader(tmp_path, report.xml().encode()))
    account = reader(tmp_path).intake()
    monkeypatch.setattr(_cda_tree, "_CHUNK", 7)
    monkeypatch.setattr(_cda, "_ROWS", 2)
    found = reader(tmp_path)
    assert rows(found) == whole
    assert replace(found.intake(), digest=account.digest) == account


def test_a_byte_order_mark_of_utf_32(tmp_path: Path) -> None:
    found = reader(tmp_path, codecs.BOM_UTF32_LE + Report().xml("UTF-32").encode("utf-32-le"))
    assert [aside.reason for aside in found.intake().set_aside] == ["an encoding that is not read"]


def test_elements_are_written_as_they_are() -> None:
    assert element("a", "x", b__c='"<') == "<a b:c='\"&lt;'>x</a>"
