"""``ecluse codes check``."""

from pathlib import Path

from ecluse.cli import _codes, _output
from ecluse.cli._app import FILE, define, option
from ecluse.cli._text import Text, language, tr
from ecluse.domain.codemap import SourceFacts
from ecluse.domain.errors import ProfileError
from ecluse.mapping.checking import Doubt, Grade, check_codes
from ecluse.mapping.mapfile import read_map
from ecluse.mapping.table import drifted

_GRADES = {Grade.WRONG: "✗", Grade.DOUBT: "?", Grade.OPEN: "○", Grade.NOTE: "·"}
_SHOWN = 60


@define(
    Text(
        "List what is unmapped or doubtful, by number of results. Codes without LOINC code and what that means for an "
        "order; mistyped, discouraged or deprecated codes; units that the LOINC code's property cannot have; numbers "
        "an order of magnitude away; names that fit another code better; local codes that share one LOINC code in "
        "units that do not compare; unit texts without UCUM. Only counts are used. With --strict, exit code 13 where "
        "anything is wrong or doubtful.",
        "Lister ce qui manque ou fait douter, par nombre de résultats. Codes sans LOINC et ce que cela change pour un "
        "ordre ; codes mal saisis, déconseillés ou périmés ; unités que la grandeur du code LOINC ne peut avoir ; "
        "nombres éloignés d'un ordre de grandeur ; noms qui conviennent mieux à un autre code ; codes locaux qui "
        "partagent un code LOINC dans des unités incomparables ; unités sans UCUM. Seuls des comptages servent. Avec "
        "--strict, code 13 s'il y a une faute ou un doute.",
    ),
    example="ecluse codes check --profile dxlab.yaml --source postgresql://ecluse@lis/dxlab --map codes.yaml",
)
@_codes.profile_option
@_codes.facts_options
@_codes.table_options
@option("--map", "map_file", type=FILE, default=None,
        text=Text("A map, to see what of it has no effect yet.",
                  "Une table, pour voir ce qui en est encore sans effet."))  # fmt: skip
@option("--strict", is_flag=True, text=Text("Refuse (13) where anything is wrong or doubtful.",
                                            "Refuser (13) s'il y a une faute ou un doute."))  # fmt: skip
def command(
    *,
    profile: str,
    source: str | None,
    passfile: str | None,
    counts: Path | None,
    loinc: Path | None,
    french: Path | None,
    map_file: Path | None,
    strict: bool,
) -> None:
    """Check."""
    read = _codes.read_profile(profile)
    map_ = read_map(map_file) if map_file else None
    facts = _codes.facts_of(read, source, counts, passfile)
    ranker = _codes.ranker_of(facts, read, loinc, french)
    doubts = check_codes(facts, read, ranker, map_)
    drift = drifted(ranker.table) if loinc else ()
    _output.emit(_json(facts, doubts, drift))
    _show(facts, doubts)
    if drift:
        _output.warn(tr(f"the table that ships differs from yours in {len(drift)} fields; yours was used",
                        f"la table livrée diffère de la vôtre en {len(drift)} champs ; la vôtre a servi"))  # fmt: skip
    bad = [doubt for doubt in doubts if doubt.grade in {Grade.WRONG, Grade.DOUBT}]
    if strict and bad:
        raise ProfileError(f"{len(bad)} codes or units are wrong or doubtful")


def _json(facts: SourceFacts, doubts: tuple[Doubt, ...], drift: tuple[tuple[str, str], ...]) -> dict[str, object]:
    return {
        "results": facts.rows,
        "unclassifiable": _unclassifiable(doubts),
        "doubts": [
            {"grade": str(d.grade), "rule": d.rule, "code": d.code, "rows": d.rows, "what": d.what, "other": d.other,
             "text": d.text(language())}
            for d in doubts
        ],
        "table_differs": [{"loinc": code, "field": field} for code, field in drift],
    }  # fmt: skip


def _unclassifiable(doubts: tuple[Doubt, ...]) -> int:
    """Results that stay unless an order includes the unclassifiable."""
    rules = {"code.unmapped", "code.left", "code.unnamed", "code.digit"}
    return sum(doubt.rows for doubt in doubts if doubt.rule in rules)


def _show(facts: SourceFacts, doubts: tuple[Doubt, ...]) -> None:
    told = [doubt for doubt in doubts if doubt.grade is not Grade.NOTE]
    rows = [(_GRADES[d.grade], d.code, _output.count(d.rows), d.text(language())) for d in told[:_SHOWN]]
    head = ("", tr("code or unit", "code ou unité"), tr("results", "résultats"), tr("finding", "constat"))
    if rows:
        _output.table(tr("By number of results", "Par nombre de résultats"), head, rows, right=(2,))
    if len(told) > _SHOWN:
        more = len(told) - _SHOWN
        _output.say(tr(f"… and {more} more: see --json", f"… et {more} de plus : voir --json"))
    lost, all_ = _output.count(_unclassifiable(doubts)), _output.count(facts.rows)
    _output.say(
        tr(f"{lost} of {all_} results are unclassifiable: they stay unless the order includes the unclassifiable",
           f"{lost} résultats sur {all_} sont inclassables : ils restent, sauf si l'ordre inclut l'inclassable"),
        style="bold",
    )  # fmt: skip
    notes = [doubt for doubt in doubts if doubt.rule == "code.category"]
    if notes:
        shown = _output.count(sum(doubt.rows for doubt in notes))
        _output.say(
            tr(f"{shown} more are mapped, and cannot be told for some sensitive category: see --json",
               f"{shown} de plus sont traduits, et inclassables pour une catégorie sensible : voir --json")
        )  # fmt: skip
