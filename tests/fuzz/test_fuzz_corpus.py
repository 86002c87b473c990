"""Every seed keeps every reader's word; every input that once broke one comes to the outcome that its index names."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecluse.adapters.sources._reading import _READERS
from ecluse.domain.errors import InternalError, Location, MalformedError
from ecluse.domain.files import FileFormat
from fuzz import invariants, seeds
from fuzz.catalogue import TARGETS
from fuzz.invariants import BrokenError, check_error

HERE = Path(__file__).parent
SEEDS = sorted((HERE / "corpus").glob("*/*"))
FINDINGS: list[dict[str, Any]] = json.loads((HERE / "findings" / "index.json").read_bytes())
NAMED = {
    FileFormat.EXCEL: {"excel-xlsx", "excel-xls", "excel-ods"},
    FileFormat.FHIR: {"fhir-ndjson", "fhir-bundle"},
    FileFormat.HPRIM_SANTE: {"hprim-sante"},
    FileFormat.HPRIM_MEDECIN: {"hprim-medecin"},
}


def test_every_format_has_a_target_and_every_target_seeds() -> None:
    wanted = {name for each in _READERS for name in NAMED.get(each, {each.value})}
    assert wanted <= set(TARGETS)
    assert {path.parent.name for path in SEEDS} == set(TARGETS)


def test_the_corpus_is_as_it_is_made_and_small() -> None:
    kept = {(path.parent.name, path.name): path.read_bytes() for path in SEEDS}
    made = {(target, name): data for target, files in seeds.seeds().items() for name, data in files.items()}
    assert set(kept) == set(made)
    changed = [
        key
        for key in made
        if made[key] != kept[key] and key[0] not in {"excel-xlsx", "excel-xls", "parquet", "parcel", "access"}
    ]
    assert not changed, "scripts/fuzz --seeds writes others"
    assert sum(map(len, kept.values())) < 250_000


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_seed_keeps_the_readers_word(path: Path) -> None:
    assert TARGETS[path.parent.name].run(path.read_bytes())


@pytest.mark.parametrize("one", FINDINGS, ids=lambda one: f"{one['target']}-{one['file']}")
def test_what_once_broke_a_reader_comes_out_as_named(one: dict[str, Any]) -> None:
    outcome = TARGETS[one["target"]].run((HERE / "findings" / one["target"] / one["file"]).read_bytes())
    assert outcome == one["outcome"]


def test_every_finding_is_in_the_index() -> None:
    kept = {(path.parent.name, path.name) for path in (HERE / "findings").glob("*/*")}
    assert kept == {(one["target"], one["file"]) for one in FINDINGS}


class TestInvariantsCanFail:
    def test_a_message_that_repeats_a_value(self) -> None:
        with pytest.raises(BrokenError, match="repeats"):
            check_error(MalformedError("no patient ZQXCANARY"), b"1;ZQXCANARY")
        with pytest.raises(BrokenError, match="number"):
            check_error(MalformedError("no patient 2880575123456"), b"1;2880575123456")

    def test_a_hint_and_an_error_behind_the_error(self) -> None:
        with pytest.raises(BrokenError, match="repeats"):
            check_error(MalformedError("no", hint="is it zqxcanary?"), b"ZQXCANARY")
        behind = MalformedError("no")
        behind.__context__ = ValueError(b"ZQXCANARY")
        with pytest.raises(BrokenError, match="repeats"):
            check_error(behind, b"ZQXCANARY")

    def test_a_fault_of_ours_is_one(self) -> None:
        with pytest.raises(BrokenError, match="ours"):
            check_error(InternalError("no"), b"")

    def test_our_own_words_and_the_declarations_are_no_values(self) -> None:
        error = MalformedError("is no number", location=Location("ZQXCANARY.csv", 3))
        assert "3" in check_error(error, b"number ZQXCANARY", given="ZQXCANARY.csv")

    def test_rows_that_depend_on_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from ecluse.adapters.sources import _fixed  # noqa: PLC0415

        right = _fixed._lines

        def as_it_was(data: bytes) -> Any:
            lines = right(data)
            lines.ends[-1] -= data.endswith(b"\x1a\n")
            return lines

        monkeypatch.setattr(_fixed, "_lines", as_it_was)
        with pytest.raises(BrokenError, match="by blocks"):
            TARGETS["fixed"].run((HERE / "findings" / "fixed" / "an-end-mark-before-a-line-end").read_bytes())

    def test_constants_are_put_back(self) -> None:
        from ecluse.adapters.sources import _fixed  # noqa: PLC0415

        before = _fixed._BLOCK
        with invariants.patched({("ecluse.adapters.sources._fixed", "_BLOCK"): 1}):
            assert _fixed._BLOCK == 1
        assert before == _fixed._BLOCK
