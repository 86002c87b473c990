"""What people write in YAML: plain words stay what they look like, errors stand at their line, nothing hostile gets far."""

import time
from pathlib import Path
from typing import Any

import pytest

from artefact_samples import AGREEMENT, DESTINATION_PROFILE, ORDER, SOURCE_PROFILE
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import MalformedError
from ecluse.domain.order import Order
from ecluse.domain.profile import DestinationProfile, SourceProfile
from ecluse.wire import documents
from ecluse.wire.artefacts import InvalidError, Problem, validate

ORDER_YAML = """\
format: ecluse.order/1
order: BIO-2026-0042
version: 1
agreement: {id: DPA-2026-007, digest: DIGEST}
controller: {name: Laboratoire des Trois Rivières, finess: "750100125", signatory: dr.martin}
source: {system: dxlab, site: RENNES, profile: profiles/dxlab.yaml}
destination:
  system: kalisil
  recipient: RECIPIENT
purpose: migration
scope:
  dates:
    field: request.registered_on
    from: 2018-01-01
    until: 2019-12-31
  sites:
    - RENNES-CENTRE
    - RENNES-SUD
  fields:
    patient: [source_id, family_name, birth_date,
              sex, nir]
    request:
      - source_id
      - registered_on
      - prescriber
    observation: [source_id, code, raw_value, value, unit]
  exclude_categories: [genetics, hiv]
  exclude_persons: {digest: PERSONS, basis: patient.nir, persons: 12}
retention: {erase_after_acceptance: 0d, erase_by: 2026-12-31, source_disposition: controller}
""".replace("DIGEST", ORDER["agreement"]["digest"]).replace("RECIPIENT", ORDER["destination"]["recipient"]).replace(
    "PERSONS", ORDER["scope"]["exclude_persons"]["digest"]
)  # fmt: skip


def _parse(text: str | bytes) -> documents.Document:
    return documents.parse(text if isinstance(text, bytes) else text.encode(), file="order.yaml")


def _refused(text: str | bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        _parse(text).to(Order)
    return caught.value


def test_the_order_as_people_write_it_is_the_order() -> None:
    assert _parse(ORDER_YAML).to(Order) == validate(Order, ORDER)
    assert _parse(ORDER_YAML.replace("\n", "\r\n")).to(Order) == validate(Order, ORDER)
    assert _parse("\ufeff" + ORDER_YAML).to(Order) == validate(Order, ORDER)
    assert _parse(f"# un commentaire\n{ORDER_YAML}\n...\n").to(Order) == validate(Order, ORDER)


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ("birth_date", "birthdate", 20, "scope.fields.patient[2]"),
        ("sex, nir", "sex, portal_password", 21, "scope.fields.patient[4]"),
        ("      - prescriber", "      - registered_on", 25, "scope.fields.request[2]"),
        ("      - source_id\n", "", 22, "scope.fields.request"),
        ("    observation:", "    observations:", 26, "scope.fields.observations"),
        ("    until: 2019-12-31\n", "", 12, "scope.dates.until"),
        ("    until: 2019-12-31", "    until: 2017-12-31", 15, "scope.dates.until"),
        ("    until: 2019-12-31", "    until: demain", 15, "scope.dates.until"),
        ("    until: 2019-12-31", "    until:", 15, "scope.dates.until"),
        ("    until: 2019-12-31", "    until: 1577750400", 15, "scope.dates.until"),
        ("    until: 2019-12-31", "    until: '1577750400'", 15, "scope.dates.until"),
        ("    - RENNES-SUD", "    - RENNES-CENTRE", 18, "scope.sites[1]"),
        ("    - RENNES-SUD", "    -", 18, "scope.sites[1]"),
        ("    - RENNES-SUD", "    - 1_000\n    - 42", 19, "scope.sites[2]"),
        ("[genetics, hiv]", "[genetics, vih]", 27, "scope.exclude_categories[1]"),
        ("persons: 12}", "persons: 1_2}", 28, "scope.exclude_persons.persons"),
        ("persons: 12}", "persons: 014}", 28, "scope.exclude_persons.persons"),
        ("persons: 12}", "persons: 1.2e1}", 28, "scope.exclude_persons.persons"),
        ("persons: 12}", "persons: yes}", 28, "scope.exclude_persons.persons"),
        ('finess: "750100125"', "finess: 750100125", 5, "controller.finess"),
        ("version: 1", "version: 1.0", 3, "version"),
        ("version: 1\n", "", 1, "version"),
        ("  system: kalisil\n", "", 7, "destination.system"),
        ("purpose: migration", "purpose: migration\npriority: high", 11, "priority"),
        ("  system: kalisil", "  system: kalisil\n  port: 22", 9, "destination.port"),
    ],
)  # fmt: skip
def test_a_mistake_is_placed_at_its_line_and_field(old: str, new: str, line: int, field: str) -> None:
    text = ORDER_YAML.replace(old, new, 1)
    assert text != ORDER_YAML
    assert ORDER_YAML.splitlines()[19].strip().startswith("patient")
    error = _refused(text)
    assert error.location is not None
    assert (error.location.file, error.location.line, error.location.field) == ("order.yaml", line, field)
    assert str(error).startswith(f"order.yaml:{line}: {field}: ")


def test_every_problem_is_listed_at_once() -> None:
    text = ORDER_YAML.replace("version: 1", "version: 0").replace("purpose: migration", "purpose: backup")
    error = _refused(text.replace("    until: 2019-12-31\n", ""))
    assert isinstance(error, InvalidError)
    assert [problem.path for problem in error.problems] == ["version", "purpose", "scope.dates.until"]
    assert "(and 2 more)" in str(error)


def test_an_unknown_field_says_what_was_meant() -> None:
    assert "birth_date" in str(_refused(ORDER_YAML.replace("birth_date", "birthdate")))


@pytest.mark.parametrize(
    ("cls", "value", "path", "new", "field"),
    [
        (SourceProfile, SOURCE_PROFILE, "request:", "requests:", "entities.requests"),
        (SourceProfile, SOURCE_PROFILE, "loinc: 2951-2", "loinc: 2951", "analyses.NA.loinc"),
        (SourceProfile, SOURCE_PROFILE, "repair: ''", "repair: rot13", "entities.patient.parse.birth_date.repair"),
        (DestinationProfile, DESTINATION_PROFILE, "family_name:", "surname:", "entities.patient.columns.surname"),
        (Agreement, AGREEMENT, "id: a.second", "id: dr.martin", "controller.signers[1].id"),
        (Agreement, AGREEMENT, "in_force_until: '2026-12-31'", "in_force_until: '2025-12-31'", "in_force_until"),
    ],
)
def test_mistakes_in_other_documents_are_placed_too(cls: type, value: Any, path: str, new: str, field: str) -> None:
    import yaml  # noqa: PLC0415 - to write what people would

    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    assert validate(cls, value) == _parse(text).to(cls)
    broken = text.replace(path, new, 1)
    assert broken != text
    with pytest.raises(InvalidError) as caught:
        _parse(broken).to(cls)
    where = caught.value.location
    assert where is not None
    assert where.field == field
    lines = [
        n for n, (old, now) in enumerate(zip(text.splitlines(), broken.splitlines(), strict=True), 1) if old != now
    ]
    assert where.line == lines[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("True", "True"), ("TRUE", "TRUE"), ("y", "y"),
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("Null", "Null"),
        ("1_000", "1_000"), ("010", "010"), ("0o10", "0o10"), ("0x1F", "0x1F"), ("0b1", "0b1"), ("+1", "+1"),
        ("1", 1), ("-1", -1), ("0", 0), ("-0", "-0"), ("1:30", "1:30"), ("12:30:45", "12:30:45"),
        ("1.5", "1.5"), (".5", ".5"), ("1e3", "1e3"), (".inf", ".inf"), (".nan", ".nan"), ("1,5", "1,5"),
        ("2018-01-01", "2018-01-01"), ("2018-01-01 12:00:00", "2018-01-01 12:00:00"), ("=", "="), ("<<", "<<"),
        ("999999999999999", 10**15 - 1), ("1000000000000000", "1000000000000000"), ("1 # one", 1), ("a#b", "a#b"),
        ("'1'", "1"), ('"true"', "true"), ("'null'", "null"), ("|\n  a\n  b", "a\nb\n"), (">-\n  a\n  b", "a b"),
        ("[1, NO]", [1, "NO"]), ("{b: 010}", {"b": "010"}), ("[]", []), ("{}", {}), ("é", "é"),
    ],
)  # fmt: skip
def test_words_are_what_they_look_like(written: str, value: Any) -> None:
    found = _parse(f"a: {written}\n").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_names_are_texts_whatever_they_look_like() -> None:
    assert _parse("1: a\ntrue: b\nnull: c\n2018-01-01: d\n<<: {e: f}\n").value == {
        "1": "a", "true": "b", "null": "c", "2018-01-01": "d", "<<": {"e": "f"},
    }  # fmt: skip


def test_lines_of_nested_fields() -> None:
    text = "a:\n  b:\n    - c: 1\n      d:\n        - x\n        - {e: 2,\n           f: 3}\n  g: |\n    long\n    text\nh: 4\n"
    assert _parse(text).lines == {
        "": 1, "a": 1, "a.b": 2, "a.b[0]": 3, "a.b[0].c": 3, "a.b[0].d": 4, "a.b[0].d[0]": 5, "a.b[0].d[1]": 6,
        "a.b[0].d[1].e": 6, "a.b[0].d[1].f": 7, "a.g": 8, "h": 11,
    }  # fmt: skip
    document = _parse(text)
    assert document.location("a.b[0].missing").line == 3
    assert document.location("a.b[7].c").line == 2
    assert document.location("a.zzz.yyy[3].x").line == 1
    assert document.location("zzz").line == 1
    assert document.location("").field is None


@pytest.mark.parametrize("name", ["a.b", "a[0]", "a[b", "]", ".", "[", "a]b[c", "..", "[0]"])
def test_odd_names_do_not_confuse_it(name: str) -> None:
    document = _parse(f"'{name}': {{x: 1}}\n")
    for path in (name, f"{name}.x", f"{name}.y", f"{name}[3].z", f"{name}." * 50):
        assert document.location(path).line == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "given twice"),
        ("a: 1\n'a': 3\n", 2, "given twice"),
        ("x: {a: 1,\n  a: 2}\n", 2, "given twice"),
        ("a:\n\tb: 1\n", 2, "spaces, not with tabs"),
        ("a: 1\n b: 2\n", 2, "not YAML here"),
        ("a: [1\nb: 2\n", 2, "not YAML here"),
        ("a: 'b\n", 2, "not YAML here"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML here"),
        ("a: &x [1]\nb: *x\n", 2, "alias"),
        ("a: &x\n  b: *x\n", 2, "alias"),
        ("a: 1\nb: *nothing\n", 2, "alias"),
        ("a: 1\nb: !!binary aGVsbG8=\n", 2, "tag"),
        ("a: !!python/object/apply:os.system [id]\n", 1, "tag"),
        ("a: !!timestamp 2018-01-01\n", 1, "tag"),
        ("a: !!set {x, y}\n", 1, "tag"),
        ("a: !!str 1\n", 1, "tag"),
        ("!!map\na: 1\n", 1, "tag"),
        ("? [a, b]\n: 1\n", 1, "plain text"),
        ("? {a: b}\n: 1\n", 1, "plain text"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("a: 1\r\nb: 2\r\nc: \x00\r\n", 3, "control character"),
        ("a: 1\nb: x\x85y\n", 2, "nobody sees"),
        ("a: 'x\u2028y'\n", 1, "nobody sees"),
        ("%YAML 9.9\n---\na: 1\n", 1, "not YAML here"),
        ("@a: 1\n", 1, "not YAML here"),
        (b"a: 1\nb: \xe9\n", 2, "UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "UTF-8"),
        ("a: 1\n".encode("utf-16-le"), 1, "control character"),
        (b"a: \xed\xa0\x80\n", 1, "UTF-8"),
    ],
)  # fmt: skip
def test_what_is_not_taken(text: str | bytes, line: int, said: str) -> None:
    error = _refused(text)
    assert said in str(error)
    assert error.location is not None
    assert (error.location.file, error.location.line) == ("order.yaml", line)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "\ufeff", "---\n", "---\n...\n"])
def test_nothing(text: str) -> None:
    assert "order.yaml" in str(_refused(text))


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "42\n", "[]\n", "true\n", "''\n"])
def test_no_list_of_fields(text: str) -> None:
    assert "a document is a list of 'field: value' lines" in str(_refused(text))


def test_half_a_character_is_refused_as_the_writers_fault() -> None:
    assert "half a character" in str(_refused(ORDER_YAML.replace("dxlab,", '"\\ud800",')))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [" + f"*{chr(97 + n)}, " * 9 + "]\n" for n in range(9)),
        "[" * 100_000,
        "a: " + "[" * 5_000 + "]" * 5_000,
        "{a: " * 5_000,
        "- " * 5_000 + "x",
        "".join(" " * n + "a:\n" for n in range(300)),
        "a: &x [*x]",
        "? " * 3_000 + "x",
    ],
    ids=["billion laughs", "open brackets", "brackets", "braces", "dashes", "indents", "itself", "question marks"],
)
def test_bombs_are_cheap(text: str) -> None:
    begun = time.process_time()
    _refused(text)
    assert time.process_time() - begun < 5


def test_a_very_long_document() -> None:
    assert "longer than" in str(_refused("a: " + "x" * documents.MAX_BYTES))
    assert _parse("a: " + "x" * 1_000_000).value == {"a": "x" * 1_000_000}


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(ORDER_YAML, encoding="utf-8")
    assert documents.read(file).to(Order) == validate(Order, ORDER)
    for missing in (tmp_path / "none.yaml", tmp_path, Path("a\x00b"), tmp_path / ("x" * 300)):
        with pytest.raises(MalformedError, match="cannot be read"):
            documents.read(missing)
    with pytest.raises(MalformedError, match="longer than"):
        documents.read(Path("/dev/zero"))


def test_nothing_that_was_given_is_repeated() -> None:
    """A person may paste a patient into a document by mistake; the error must not carry it into a log."""
    secret = "Zébulon-1850175001001"
    for old in ("migration", "2018-01-01", "patient.nir", "controller}", "12}", "[genetics, hiv]", '"750100125"'):
        text = ORDER_YAML.replace(old, f"{secret}}}" if old.endswith("}") else secret, 1)
        assert secret not in str(_refused(text)), old
    for text in (f"a: [{secret}", f"a: *{secret}", f"a: !{secret} x", f"a: 1\na: {secret}", f"{secret}", f"@{secret}"):
        assert secret not in str(_refused(text))


def test_refusals_placed_by_hand() -> None:
    document = _parse("a: 1\nb: {c: 2}\n")
    assert str(document.refuse(Problem("b.c", "too small"))) == "order.yaml:2: b.c: too small"
