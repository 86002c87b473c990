"""``ecluse trace``."""

import math
from pathlib import Path
from typing import Any

from ecluse.adapters.leaks import Sample, read_sample
from ecluse.cli import _output, _overdue, _trace_telling
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, tr
from ecluse.control.trace_words import KINDS
from ecluse.domain.attribution import OVERLAP, SURE
from ecluse.domain.conclusions import Verdict
from ecluse.domain.errors import DoubtfulError, UntracedError
from ecluse.migration.trace_asking import Answer, ask_all, trace_files
from ecluse.migration.trace_match import Finding
from ecluse.migration.trace_told import verdict_of
from ecluse.seal.sealing import Identity

_KINDS = {kind: Text(words.en, words.fr) for kind, words in KINDS.items()}
_SHOWN = 40
_PERCENT, _MOST = 100, 99.9


@define(
    Text(
        "Say from which export a leaked sample comes. Any file with lines of it will do: CSV, text, Excel, SQL, JSON, "
        "whatever its columns and encoding, from one line on. It is compared by keyed fingerprints with the trace "
        "files that exports left; only the controller's identity opens them. The sample stays in memory, and no value "
        "of it is shown; with --room an incident is told which exports, and nothing of the lines. Exit code 0 when it "
        "is attributed, 25 when it is not, 26 when it only points somewhere.",
        "Dire de quel export vient un échantillon fuité. Tout fichier qui en a des lignes convient : CSV, texte, "
        "Excel, SQL, JSON, quels que soient ses colonnes et son encodage, dès une ligne. Il est comparé, par "
        "empreintes à clé, aux fichiers de traçage que les exports ont laissés ; seule l'identité du responsable les "
        "ouvre. L'échantillon reste en mémoire, et aucune de ses valeurs n'est montrée ; avec --room, un incident "
        "apprend quels exports, et rien des lignes. Code 0 s'il est attribué, 25 s'il ne l'est pas, 26 s'il désigne "
        "seulement.",
    ),
    example="ecluse trace sample.csv --exports traces -i controller.key\n"
    "ecluse trace sample.xlsx --exports a.trace --exports b.trace -i controller.key --lines\n"
    "ecluse trace sample.csv -e traces -i controller.key --room https://ecluse.labo.example --incident INC-7K3Q-9X2M "
    "--token room.token\n"
    "ecluse trace longer.csv -e traces -i controller.key --room https://ecluse.labo.example --incident INC-7K3Q-9X2M "
    "--replaces 1 --token room.token",
)
@argument("sample", type=FILE, text=Text("The leaked file, or a piece of it.", "Le fichier fuité, ou un morceau."))
@option("--exports", "-e", type=FILE, multiple=True, required=True, metavar="FOLDER|FILE",
        text=Text("Trace files, or folders of them. May be repeated.",
                  "Fichiers de traçage, ou dossiers de ceux-ci. Peut être répété."))  # fmt: skip
@option("--identity", "-i", type=FILE, required=True,
        text=Text("The controller's age identity, named as trace.recipient in its orders.",
                  "L'identité age du responsable, celle de trace.recipient dans ses ordres."))  # fmt: skip
@option("--lines", is_flag=True,
        text=Text("Also list the lines: what is known of each, and which nobody knows. Numbers, never values.",
                  "Lister aussi les lignes : ce qui est connu de chacune, et lesquelles personne ne connaît. Des "
                  "numéros, jamais de valeurs."))  # fmt: skip
@_trace_telling.room_option
@_trace_telling.incident_option
@_trace_telling.replaces_option
@_trace_telling.token_option
@_trace_telling.ca_option
def command(
    sample: Path,
    exports: tuple[Path, ...],
    identity: Path,
    *,
    lines: bool,
    room: str | None,
    incident: str | None,
    replaces: int | None,
    token: Path | None,
    ca: Path | None,
) -> None:
    """Trace one."""
    desk = _trace_telling.desk(room, incident, token, ca, replaces)
    opened = Identity.load(identity)
    files = trace_files(exports)
    read = read_sample(sample)
    answer = ask_all((line.cells for line in read.lines), files, opened, _overdue.now().date())
    _show(read, answer, lines=lines)
    made, told = _json(read, answer, lines=lines), None
    try:
        told = _trace_telling.tell(desk, answer, replaces, more=read.more, cut=read.cut) if desk else None
    finally:  # the answer is said whatever becomes of the room
        _output.emit(made | (told.plain() if told else {}))
    if told:
        told.show()
    verdict = verdict_of(answer)
    if verdict is Verdict.DOUBTFUL:
        raise DoubtfulError("the sample points to an export, and is too little to attribute it")
    if verdict is Verdict.NOT_FOUND:
        raise UntracedError("the sample is attributed to none of the exports that were asked")


def _json(read: Sample, answer: Answer, *, lines: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "verdict": str(verdict_of(answer)),
        "lines": answer.lines,
        "more_lines_in_file": read.more,
        "lines_cut": read.cut,
        "exports_asked": answer.asked,
        "of_other_controllers": answer.foreign,
        "past_their_day": answer.expired,
        "refused": [str(error.location or "") for error in answer.refused],
        "lines_without_marks": len(answer.silent),
        "lines_unknown": len(answer.strange),
        "false_attribution_below": 1 / SURE,
        "assumed_overlap_at_most": OVERLAP,
        "exports": [_finding(read, each, lines=lines) for each in answer.findings],
    }
    if lines:
        made["unknown"] = [_place(read, line) for line in sorted(answer.strange)]
        made["without_marks"] = [_place(read, line) for line in sorted(answer.silent)]
    return made


def _finding(read: Sample, each: Finding, *, lines: bool) -> dict[str, Any]:
    header, known = each.hits.filter.header, each.hits.known()
    made: dict[str, Any] = {
        "file": str(each.hits.filter.path), "order": header.order, "order_digest": header.order_digest,
        "controller": header.controller, "finess": header.finess, "source": header.source,
        "destination": header.destination, "recipient": header.recipient, "from": header.period_from.isoformat(),
        "until": header.period_until.isoformat(), "persons": header.persons, "attributed": each.named,
        "explained_by_others": each.explained, "lines_known": len(known),
        "log10_ratio": round(each.weight.log_ratio / math.log(10), 1), "probability": round(each.posterior, 4),
        "by_mark": {str(kind): count for kind, count in each.kinds().items()},
        "by_typing_slips": len(each.hits.slips),
        "canaries": [{**_place(read, line), "parcel": parcel} for line, parcel in each.hits.canaries],
    }  # fmt: skip
    if lines:
        made["known"] = [
            {**_place(read, line), "marks": sorted({str(hit.kind) for hit in each.hits.lines[line].hits})}
            for line in sorted(known & set(each.hits.lines))
        ]
    return made


def _place(read: Sample, at: int) -> dict[str, int]:
    line = read.lines[at]
    return {"sheet": line.sheet, "line": line.number} if line.sheet else {"line": line.number}


def _said(read: Sample, at: int) -> str:
    """A line's number; with its sheet's, where a workbook has several."""
    line = read.lines[at]
    if not read.sheets:
        return str(line.number)
    return tr(f"{line.number} of sheet {line.sheet}", f"{line.number} de la feuille {line.sheet}")


def _show(read: Sample, answer: Answer, *, lines: bool) -> None:
    for error in answer.refused:
        _output.complain(error)
    count = _output.count
    _output.say(tr(f"lines read: {count(answer.lines)}, exports asked: {count(answer.asked)}",
                   f"lignes lues : {count(answer.lines)}, exports interrogés : {count(answer.asked)}"))  # fmt: skip
    _left_out(read, answer)
    for each in answer.findings:
        _output.say()
        _show_one(read, each, lines=lines)
    _output.say()
    if answer.strange:
        strange, listed = count(len(answer.strange)), _listed(read, answer.strange) if lines else ""
        _output.say(tr(f"Lines that no such export knows: {strange}{listed}",
                       f"Lignes qu'aucun de ces exports ne connaît : {strange}{listed}"))  # fmt: skip
    if answer.silent:
        silent, listed = count(len(answer.silent)), _listed(read, answer.silent) if lines else ""
        _output.say(tr(f"Lines with nothing to compare: {silent}{listed}",
                       f"Lignes sans rien à comparer : {silent}{listed}"))  # fmt: skip
    share = round(OVERLAP * _PERCENT)
    _output.say(
        tr(f"A sample that comes from none of these exports is attributed less than once in {count(SURE)}, as long as "
           f"no more than {share} % of its persons are in one of them all the same.",
           f"Un échantillon qui ne vient d'aucun de ces exports est attribué moins d'une fois sur {count(SURE)}, tant "
           f"que {share} % de ses personnes au plus figurent quand même dans l'un d'eux.")
    )  # fmt: skip


def _left_out(read: Sample, answer: Answer) -> None:
    count = _output.count
    if read.more:
        _output.say(tr("The file goes on: only its first lines were read.",
                       "Le fichier continue : seules ses premières lignes ont été lues."))  # fmt: skip
    if read.cut:
        cut = count(read.cut)
        _output.say(tr(f"Lines too long to be read whole: {cut}. What stands only at their end was not compared.",
                       f"Lignes trop longues pour être lues en entier : {cut}. Ce qui ne figure qu'à leur fin n'a pas "
                       "été comparé."))  # fmt: skip
    if read.sheets:
        _output.say(tr("Sheets are counted in the workbook's order, hidden ones too; lines are the sheet's own rows.",
                       "Les feuilles se comptent dans l'ordre du classeur, cachées comprises ; les lignes sont celles "
                       "de la feuille."))  # fmt: skip
    if answer.foreign:
        other = count(answer.foreign)
        _output.say(tr(f"{other} trace files are sealed to somebody else, and were not asked.",
                       f"{other} fichiers de traçage sont scellés pour d'autres, et n'ont pas été "
                       "interrogés."))  # fmt: skip
    if answer.expired:
        past = count(answer.expired)
        _output.say(tr(f"{past} trace files are past their day, and were not asked: erase them.",
                       f"{past} fichiers de traçage ont passé leur date, et n'ont pas été interrogés : "
                       "effacez-les."))  # fmt: skip


def _show_one(read: Sample, each: Finding, *, lines: bool) -> None:
    header, known, count = each.hits.filter.header, each.hits.known(), _output.count
    order, owner = header.order, f"{header.controller} (FINESS {header.finess})"
    if each.named:
        head = tr(f"FOUND: it comes from the export {order}", f"TROUVÉ : il vient de l'export {order}")
    elif each.explained:
        head = tr(f"{order} knows lines too, which the export found explains",
                  f"{order} en connaît aussi des lignes, que l'export trouvé explique")  # fmt: skip
    else:
        head = tr(f"Not attributed, but {order} knows lines", f"Non attribué, mais {order} en connaît des lignes")
    _output.say(head, style="bold")
    for label, value in (
        (tr("controller", "responsable"), owner),
        (tr("from, to", "de, vers"), f"{header.source} → {header.destination} ({header.recipient})"),
        (tr("period", "période"), f"{header.period_from} – {header.period_until}"),
        (tr("persons", "personnes"), count(header.persons)),
        (tr("lines known", "lignes connues"), f"{count(len(known))} / {count(len(read.lines))}"),
        (tr("likelihood", "vraisemblance"), _likelihood(each)),
    ):
        _output.say(f"  {label:<16}{value}")
    for kind, number in sorted(each.kinds().items(), key=lambda pair: (-pair[1], pair[0])):
        _output.say(f"  {'':<16}{count(number):>6}  {_KINDS[kind]}")
    if each.hits.slips:
        slips = count(len(each.hits.slips))
        _output.say(f"  {'':<16}{slips:>6}  {tr('by a typing slip undone', 'par une faute de frappe défaite')}")
    for line, parcel in each.hits.canaries:
        at = _said(read, line)
        _output.say(tr(f"  line {at} is a canary of parcel {parcel}",
                       f"  la ligne {at} est un canari du colis {parcel}"))  # fmt: skip
    if lines:
        for line in sorted(known & set(each.hits.lines)):
            marks = "; ".join(str(_KINDS[kind]) for kind in sorted({hit.kind for hit in each.hits.lines[line].hits}))
            _output.say(f"  {tr('line', 'ligne')} {_said(read, line):>6}  {marks}")


def _likelihood(each: Finding) -> str:
    if each.hits.canaries:
        return tr("certain: a canary of its own", "certain : un canari qui n'est qu'à lui")
    power = math.floor(each.weight.log_ratio / math.log(10))
    share = min(_MOST, round(each.posterior * _PERCENT, 1))
    return tr(f"ratio 10^{power}, {share} %", f"rapport 10^{power}, {share} %".replace(".", ","))


def _listed(read: Sample, places: frozenset[int]) -> str:
    rest = ", …" if len(places) > _SHOWN else ""
    return f" ({', '.join(_said(read, at) for at in sorted(places)[:_SHOWN])}{rest})"
