"""``ecluse codes suggest``."""

from pathlib import Path

import click

from ecluse.cli import _codes, _output
from ecluse.cli._app import FILE, define, option
from ecluse.cli._text import Text, language, tr
from ecluse.control.papers import write_new
from ecluse.domain.codemap import CodeEntry, CodeMap
from ecluse.mapping.mapfile import read_map, render
from ecluse.mapping.suggest import Carried, suggest

_SHOWN = 30


@define(
    Text(
        "Propose LOINC and UCUM for what nobody has mapped. Ranks LOINC codes for each local code that the profile "
        "leaves open, by unit, name (French and English), specimen and where its numbers lie, and says why; reads unit "
        "texts as UCUM. Offline; of the source only counts are used, and no patient's value is shown. Writes a map, "
        "which has no effect until the biologist has decided (codes confirm) and its decisions stand in a profile "
        "(codes export).",
        "Proposer LOINC et UCUM pour ce que personne n'a traduit. Classe des codes LOINC pour chaque code local que le "
        "profil laisse ouvert, selon l'unité, le nom (français et anglais), le prélèvement et l'ordre de grandeur, et "
        "dit pourquoi ; lit les unités en UCUM. Hors ligne ; de la source ne servent que des comptages, et aucune "
        "valeur de patient n'est montrée. Écrit une table, sans effet tant que le biologiste n'a pas décidé (codes "
        "confirm) et que ses décisions ne sont pas dans un profil (codes export).",
    ),
    example="ecluse codes suggest --profile dxlab.yaml --source postgresql://ecluse@lis/dxlab -o codes.yaml",
)
@_codes.profile_option
@_codes.facts_options
@_codes.table_options
@option("--output", "-o", type=FILE, required=True, text=Text("Map to create.", "Table à créer."))
@option("--decided", type=FILE, default=None,
        text=Text("An earlier map, whose decisions are carried over.",
                  "Une table précédente, dont les décisions sont reprises."))  # fmt: skip
@option("--candidates", type=click.IntRange(1, 10), default=3, show_default=True,
        text=Text("Candidates of each code.", "Candidats par code."))  # fmt: skip
@option("--all", "everything", is_flag=True,
        text=Text("Propose also for what the profile maps.",
                  "Proposer aussi pour ce que le profil traduit."))  # fmt: skip
def command(
    *,
    profile: str,
    source: str | None,
    passfile: str | None,
    counts: Path | None,
    loinc: Path | None,
    french: Path | None,
    output: Path,
    decided: Path | None,
    candidates: int,
    everything: bool,
) -> None:
    """Propose."""
    read = _codes.read_profile(profile)
    earlier = read_map(decided) if decided else None
    facts = _codes.facts_of(read, source, counts, passfile)
    ranker = _codes.ranker_of(facts, read, loinc, french)
    spoken = language()
    made = suggest(facts, read, ranker, most=candidates, everything=everything, earlier=earlier, language=spoken)
    write_new(output, render(made.map))
    _output.emit(_json(made, output))
    _show(made, output)


def _json(made: Carried, output: Path) -> dict[str, object]:
    return {
        "map": str(output),
        "table": made.map.table,
        "codes": len(made.map.codes),
        "with_candidates": sum(bool(entry.candidates) for entry in made.map.codes),
        "decided": sum(entry.decision is not None for entry in made.map.codes),
        "units": len(made.map.units),
        "decision_lost": list(made.changed),
    }


def _show(made: Carried, output: Path) -> None:
    map_ = made.map
    rows = [_row(entry) for entry in map_.codes[:_SHOWN]]
    head = (tr("local code", "code local"), tr("label", "libellé"), tr("results", "résultats"), "LOINC",
            tr("score", "note"), tr("name", "nom"))  # fmt: skip
    open_ = sum(not entry.candidates for entry in map_.codes)
    title = tr(
        f"{len(map_.codes)} codes to decide on, {open_} without candidate, ranked over {map_.table}",
        f"{len(map_.codes)} codes à décider, {open_} sans candidat, cherchés dans {map_.table}",
    )
    _output.table(title, head, rows, right=(2, 4))
    if len(map_.codes) > _SHOWN:
        more = len(map_.codes) - _SHOWN
        _output.say(tr(f"… and {more} more in the file", f"… et {more} de plus dans le fichier"))
    _units(map_)
    for code in made.changed:
        _output.warn(tr(f"{code}: label or unit has changed, its decision was not carried over",
                        f"{code} : libellé ou unité a changé, sa décision n'est pas reprise"))  # fmt: skip
    _output.say(
        tr(f"{output}: decide with: ecluse codes confirm {output} --by NAME",
           f"{output} : décidez avec : ecluse codes confirm {output} --by NOM"),
        style="bold",
    )  # fmt: skip


def _row(entry: CodeEntry) -> tuple[str, ...]:
    best = entry.candidates[0] if entry.candidates else None
    found = (best.loinc, str(best.score), best.name) if best else ("—", "", "")
    return (entry.code, entry.label, _output.count(entry.rows), *found)


def _units(map_: CodeMap) -> None:
    rows = [
        (unit.unit, _output.count(unit.rows), "  ".join(each.ucum for each in unit.candidates) or "—")
        for unit in map_.units[:_SHOWN]
    ]
    if rows:
        head = (tr("unit", "unité"), tr("results", "résultats"), "UCUM")
        _output.table(tr("Units", "Unités"), head, rows, right=(1,))
