"""Write docs/reference/catalogue.md from the catalogue and the code lists.

``python docs/generate_catalogue.py`` writes it; with ``--check`` it says whether the page is current.
"""


import sys
from pathlib import Path

from ecluse.domain.catalogue import CATALOGUE, Entity, Field, FieldClass
from ecluse.domain.categories import LISTS, cleared, matching
from ecluse.domain.codelist_sources import LOINC_NOTICE
from ecluse.domain.codelists_other import INDIRECT
from ecluse.domain.sensitive import SensitiveCategory

PAGE = Path(__file__).parent / "reference" / "catalogue.md"

INTRODUCTION = f"""# The catalogue

What an order can name, version {CATALOGUE.version}. This page is generated: run `python docs/generate_catalogue.py`.

An order lists fields by entity. Links (`request.patient`, `observation.request`…) are never ordered by name: they are
carried when the `source_id` of both ends is ordered. Secrets are listed so that they can be refused by name. HL7
references are to version 2.5; HPRIM Santé references count the segment's name as field 1. The mappings are
Écluse's own reading and were not checked against the official HPRIM text.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; 1 where it is out of date."""
    text = page()
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            sys.stderr.write(f"{PAGE.name} is out of date: run python docs/generate_catalogue.py\n")
        return 0 if current else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION, _classes(), *(_entity(entity) for entity in CATALOGUE), _categories(), _sources()]
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _classes() -> str:
    rows = [(f"`{each}`", each.fr, each.en_why, each.fr_why) for each in FieldClass]
    return "## Classes\n\n" + _table(("class", "classe", "why it matters", "pourquoi"), rows)


def _entity(entity: Entity) -> str:
    head = ("field", "English", "français", "type", "class", "FHIR R4", "HL7 v2", "HPRIM", "goes with")
    table = _table(head, [_row(field) for field in entity.fields])
    links = "".join(f"\nLink: `{entity.name}.{each.field}` → `{each.entity}` ({each.fr}).\n" for each in entity.links)
    return f"## {entity.name}: {entity.en} / {entity.fr}\n\n{table}{links}"


def _row(field: Field) -> tuple[str, ...]:
    with_ = [f"`{name}`" for name in field.companions]
    with_ += [f"→ `{field.refers}`"] if field.refers else []
    with_ += [f"category `{field.category}`"] if field.category else []
    kind = f"**{field.kind}**, never ordered" if not field.orderable else str(field.kind)
    fhir = f"`{field.fhir}`" if field.fhir else ""
    standards = (fhir, field.hl7 or "", field.hprim or "")
    return (f"`{field.name}`", field.en, field.fr, str(field.type), kind, *standards, ", ".join(with_))


def _categories() -> str:
    text = """## Sensitive categories

A code answers *match*, *no match* or *unclassifiable*. A code that no list holds is unclassifiable: absence is never
taken for innocence. So are free text, local codes without LOINC, and the indirect signs below.

"""
    head = ("category", "catégorie", "match", "no match", "indirect signs (unclassifiable)")
    signs = {each.category: f"{each.en} ({len(each.codes)})" for each in INDIRECT}
    rows = [
        (f"`{each}`", each.fr, str(len(matching(each))), str(len(cleared(each))), signs[each])
        for each in SensitiveCategory
    ]
    return text + _table(head, rows)


def _sources() -> str:
    head = ("category", "list", "codes", "source", "version", "verified", "misses")
    rows = [
        (
            f"`{each.category}`",
            each.en,
            str(len(each.codes)),
            f"{each.source.title} ({each.source.where})",
            each.source.version,
            "yes" if each.verified else "**no**",
            each.misses,
        )
        for each in LISTS
    ]
    nabm = "\nBilling codes (NABM): 0393 (HIV screening without prescription) matches `hiv`; all others are "
    nabm += "unclassifiable. ADICAP: no list was verified, so none is used.\n"
    return "## Code lists and their sources\n\n" + _table(head, rows) + nabm + f"\n{LOINC_NOTICE}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
