"""``ecluse source identities``."""

import click

from ecluse.cli import _codes, _output
from ecluse.cli._app import define, option
from ecluse.cli._site import open_source_at
from ecluse.cli._text import Text, tr
from ecluse.migration.identities import Group, IdentityReport, Kind, identities

_KINDS = {
    Kind.DUPLICATE: Text("same name, birth date and sex, not merged", "mêmes nom, naissance et sexe, non fusionnées"),
    Kind.MERGED_DUPLICATE: Text("the same, merged in the source already", "de même, déjà fusionnées à la source"),
    Kind.NIR_OF_ONE: Text("one NIR under several keys, likely one person",
                          "un NIR sous plusieurs clés, sans doute une personne"),
    Kind.NIR_OF_MANY: Text("one NIR on different persons (an insured parent's?)",
                           "un NIR pour plusieurs personnes (celui d'un assuré ?)"),
    Kind.MERGE_CHAIN: Text("merged into one that is merged", "fusionnée dans une fiche fusionnée"),
    Kind.MERGE_CYCLE: Text("merged in a circle", "fusionnées en cercle"),
    Kind.MERGE_NOWHERE: Text("merged into no record", "fusionnée dans une fiche absente"),
}  # fmt: skip
_MANY_KEYS = 8


@define(
    Text(
        "Report doubtful identities; merge none. Records of one name, birth date and sex; one NIR under several keys, "
        "told apart from an insured person's number that dependants share; merges that form chains or circles or lead "
        "nowhere. Shows counts and the records' source keys, no name, date or number. Every record migrates under its "
        "own key: what is to be merged is merged by the laboratory, in the source or in the new system.",
        "Rapporter les identités douteuses, sans en fusionner aucune. Fiches de mêmes nom, naissance et sexe ; un NIR "
        "sous plusieurs clés, distingué du numéro d'un assuré que partagent ses ayants droit ; fusions en chaîne, en "
        "cercle ou sans fin. Montre des nombres et les clés des fiches à la source, ni nom, ni date, ni numéro. Chaque "
        "fiche migre sous sa propre clé : c'est le laboratoire qui fusionne, à la source ou dans le nouveau système.",
    ),
    example="ecluse source identities --profile dxlab.yaml --source postgresql://ecluse@lis/dxlab",
)
@_codes.profile_option
@option("--source", required=True,
        text=Text("URL without password, or a path (SQLite, CSV).",
                  "URL sans mot de passe, ou un chemin (SQLite, CSV)."))  # fmt: skip
@option("--passfile", default=None,
        text=Text("File of passwords in libpq's format, mode 0600.",
                  "Fichier de mots de passe au format de libpq, mode 0600."))  # fmt: skip
@option("--limit", type=click.IntRange(min=0), default=10, show_default=True,
        text=Text("Groups of each kind that are shown; --json gives all.",
                  "Groupes de chaque genre montrés ; --json les donne tous."))  # fmt: skip
def command(*, profile: str, source: str, passfile: str | None, limit: int) -> None:
    """Report."""
    read = _codes.read_profile(profile)
    opened = open_source_at(source, read, passfile)
    try:
        report = identities(read, opened)
    finally:
        opened.close()
    _output.emit(_json(report))
    _show(report, limit)


def _json(report: IdentityReport) -> dict[str, object]:
    return {
        "patients": report.patients,
        "untold": report.untold,
        "counts": {str(kind): len(report.of(kind)) for kind in Kind},
        "groups": [{"kind": str(group.kind), "keys": list(group.keys)} for group in report.groups],
    }


def _show(report: IdentityReport, limit: int) -> None:
    counts = [(str(_KINDS[kind]), _output.count(len(report.of(kind))),
               _output.count(len({key for group in report.of(kind) for key in group.keys})))
              for kind in Kind]  # fmt: skip
    head = (tr("suspicion", "soupçon"), tr("groups", "groupes"), tr("records", "fiches"))
    shown = _output.count(report.patients)
    _output.table(tr(f"{shown} records", f"{shown} fiches"), head, counts, right=(1, 2))
    rows = [(str(_KINDS[kind]), _keys(group)) for kind in Kind for group in report.of(kind)[:limit]]
    if rows:
        _output.table(tr("Source keys", "Clés à la source"), ("", tr("keys", "clés")), rows)
    untold = _output.count(report.untold)
    _output.say(
        tr(f"{untold} records lack a name, a given name or a whole birth date: they were compared by NIR alone",
           f"{untold} fiches n'ont pas de nom, de prénom ou de naissance entière : comparées par le NIR seul")
    )  # fmt: skip


def _keys(group: Group) -> str:
    mark = " → " if group.kind in {Kind.MERGE_CHAIN, Kind.MERGE_CYCLE, Kind.MERGE_NOWHERE} else ", "
    more = len(group.keys) - _MANY_KEYS
    return mark.join(group.keys[:_MANY_KEYS]) + (f" … +{more}" if more > 0 else "")
