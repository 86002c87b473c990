"""``ecluse compare``."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from ecluse.cli import _output
from ecluse.cli._app import define, option
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import destination_options, setup_of, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Event
from ecluse.domain.errors import Location, ReconciliationError, TransitionError, UsageError
from ecluse.domain.lifecycle import State
from ecluse.migration.sampling import Compared, Mark, Pair, Shown, sample
from ecluse.workspace.place import Place, Workspace

_MOST_PATIENTS, _MOST_RESULTS = 10, 50
_LOADED = {State.LOADED, State.RECONCILED, State.ACCEPTED, State.REFUSED}
_SIGNS = {
    Mark.EQUAL: Text("✓", "✓"),
    Mark.DIFFERENT: Text("≠", "≠"),
    Mark.MISSING: Text("missing", "manque"),
    Mark.UNEXPECTED: Text("not sealed", "non scellé"),
}
_NOTHING = Shown(None, None, None, None)


@define(
    Text(
        "Show a sample of prior results side by side. Of some patients, each result as it was sealed at the source "
        "beside what now stands in the new system, before the laboratory decides. Opens parcels in memory and writes "
        "no value: they are shown in this terminal alone, on a screen of their own that is cleared at the end. The "
        "journal says in whose name, at how many, and how they were drawn; the control room shows it. With --json, "
        "counts and no value. Exit code 18 where anything differs.",
        "Montrer un échantillon d'antériorités côte à côte. De quelques patients, chaque résultat tel qu'il a été "
        "scellé à la source, à côté de ce qui se trouve maintenant dans le nouveau système, avant que le laboratoire "
        "ne décide. Ouvre les colis en mémoire et n'écrit aucune valeur : elles ne se montrent que dans ce terminal, "
        "sur un écran à part, effacé à la fin. Le journal dit au nom de qui, combien, et comment ils ont été tirés ; "
        "la salle de contrôle le montre. Avec --json, des nombres et aucune valeur. Code de sortie 18 où quelque "
        "chose diffère.",
    ),
    example="ecluse compare -w migration --by dr.martin --patients 5\necluse compare -w migration --json",
)
@workspace
@destination_options
@option("--by", default=None, metavar="ID",
        text=Text("In whose name: a director, DPO or approver of the laboratory in the agreement. Stated by whoever "
                  "runs this, not proved; kept in the journal.",
                  "Au nom de qui : un directeur, DPO ou approbateur du laboratoire au contrat. Dit par qui lance "
                  "ceci, sans preuve ; reste au journal."))  # fmt: skip
@option("--patients", default=3, show_default=True, type=click.IntRange(1, _MOST_PATIENTS),
        text=Text("How many patients.", "Combien de patients."))  # fmt: skip
@option("--seed", default=None, metavar="TEXT",
        text=Text("Draw by a word of your own: the same word draws the same patients. By default the journal's root at "
                  "that moment draws them: nobody chooses it, and each look draws others.",
                  "Tirer par un mot à soi : le même mot tire les mêmes patients. Par défaut, la racine du journal à "
                  "cet instant tire : personne ne la choisit, et chaque regard en tire d'autres."))  # fmt: skip
@option("--keep", is_flag=True,
        text=Text("Leave everything on the terminal, where it then stays in what can be scrolled back to.",
                  "Tout laisser au terminal, où cela reste alors dans ce qu'on peut remonter."))  # fmt: skip
def command(*, workspace: Path, by: str | None, patients: int, seed: str | None, keep: bool, **given: Any) -> None:
    """Compare one sample."""
    site = Site(workspace, setup_of(workspace, given))
    erase_if_due(site)
    shows = not (_output.MODE.json or _output.MODE.quiet)
    with site.open(Place.DESTINATION) as place:
        _check_state(place)
        if shows:
            _check_terminal(keep=keep)
            _check_person(place, by)
        identity, profile = site.identity(), site.destination_profile()
        with site.open_destination(profile) as target:
            found = sample(place, identity, target, patients, seed or place.journal.root.hex())
        _journal(place, found, "given" if seed else "journal", by if shows else None)
    if shows and found:
        _show(found, by or "", keep=keep)
    _tell(found, patients)


def _check_state(place: Workspace) -> None:
    progress = place.progress()
    erased = next((entry.at for entry in place.entries() if entry.event is Event.ERASING), None)
    if erased is not None:
        raise TransitionError(
            tr(f"the parcels were erased on {erased:%Y-%m-%d %H:%M} UTC: there is nothing left to compare with",
               f"les colis ont été effacés le {erased:%Y-%m-%d %H:%M} UTC : il ne reste rien à quoi comparer"),
            location=Location(file=str(place.root)),
        )  # fmt: skip
    stands = progress.before_suspension if progress.state is State.SUSPENDED else progress.state
    if stands not in _LOADED:
        raise TransitionError(f"cannot compare a migration that is {progress.state}")


def _check_terminal(*, keep: bool) -> None:
    if not sys.stdout.isatty() or not (keep or sys.stdin.isatty()):
        raise UsageError(
            tr("patients' values are shown in a terminal alone: never in a pipe or a file",
               "les valeurs des patients ne se montrent que dans un terminal : jamais dans un tube ou un fichier"),
            hint=tr("--json gives counts without values", "--json donne des nombres sans valeurs"),
        )  # fmt: skip


def _check_person(place: Workspace, by: str | None) -> None:
    """Patients' values are for the laboratory's own eyes, and it is said whose (law 6).

    Said, not proved: at the destination's machine sits whoever may use it, and no passkey of the room's reaches there.
    """
    people = place.pinned(Agreement).controller.readers()
    if by is None or by not in {signer.id for signer in people}:
        raise UsageError(
            tr("say who looks: --by, a director, DPO or approver of the laboratory in the agreement",
               "dites qui regarde : --by, un directeur, DPO ou approbateur du laboratoire au contrat"),
            hint=", ".join(signer.id for signer in people),
        )  # fmt: skip


def _journal(place: Workspace, found: Sequence[Compared], drawn_by: str, by: str | None) -> None:
    """Before anything is shown (law 5): in whose name how many are seen, and what differs; no key, no value.

    Drawn by ``journal``, the seed is the tree's root before this entry: whoever holds journal and parcels draws again.
    """
    counts, people = _counts(found)
    said: dict[str, Any] = {"patients": len(found), "patients_different": people}
    said |= {str(mark): counts[mark] for mark in Mark} | ({"by": by} if by else {})
    place.log(Event.SAMPLE_COMPARED, subject=drawn_by, **said)


def _counts(found: Sequence[Compared]) -> tuple[Counter[Mark], int]:
    """Results by what became of them, and how many patients' own rows differ."""
    counts = Counter(pair.mark for each in found for pair in each.results)
    return counts, sum(each.mark is not Mark.EQUAL for each in found)


def _tell(found: Sequence[Compared], asked: int) -> None:
    counts, people = _counts(found)
    answer = {str(mark): counts[mark] for mark in Mark}
    _output.emit({"patients": len(found), "patients_different": people, "results": answer})
    if len(found) < asked:
        _output.say(tr(f"patients with results: {len(found)} of the {asked} asked for",
                       f"patients avec des résultats : {len(found)} sur {asked} demandés"))  # fmt: skip
    wrong = counts.total() - counts[Mark.EQUAL]
    if wrong or people:
        raise ReconciliationError(
            tr(f"of {counts.total()} results of {len(found)} patients, {wrong} differ; so do {people} patients' rows",
               f"sur {counts.total()} résultats de {len(found)} patients, {wrong} diffèrent, ainsi que les lignes de "
               f"{people} patients"),
            hint=tr("the account lists every difference: ecluse reconcile",
                    "le compte rendu liste chaque écart : ecluse reconcile"),
        )  # fmt: skip
    _output.say(tr(f"{counts.total()} results of {len(found)} patients: all equal",
                   f"{counts.total()} résultats de {len(found)} patients : tous identiques"))  # fmt: skip


def _show(found: Sequence[Compared], by: str, *, keep: bool) -> None:
    """Page by page on the terminal's other screen, of which nothing can be scrolled back to."""
    console = Console(markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(tr(f"looked at in the name of {by}: stated by whoever ran this, not proved",
                         f"regardé au nom de {by} : dit par qui a lancé ceci, sans preuve"))  # fmt: skip
        console.print()
        for each in found:
            _print(console, each)
    text = captured.get()
    if keep:
        sys.stdout.write(text)
        return
    lines = text.splitlines()
    size = max(console.height - 3, 1)
    with console.screen(hide_cursor=False):
        try:
            for start in range(0, len(lines), size):
                console.clear()
                more = start + size < len(lines)
                ask = (
                    tr("Enter: go on; q: end", "Entrée : suite ; q : fin") if more else tr("Enter: end", "Entrée : fin")
                )
                sys.stdout.write("\n".join([*lines[start : start + size], "", f"[{ask}] "]))
                sys.stdout.flush()
                answer = sys.stdin.readline()
                if answer.strip() or not answer:
                    break
        finally:
            console.clear()


def _print(console: Console, each: Compared) -> None:
    title = f"{tr('patient', 'patient')} {_safe(each.key)} {_safe(each.name) if each.name else ''}  {_SIGNS[each.mark]}"
    console.print(RichText(title, style="bold"))
    for change in each.changes:
        console.print(RichText(_change(change), style="red"))
    table = Table(box=SIMPLE, pad_edge=False)
    sealed, there = tr("at the source", "à la source"), tr("new system", "nouveau système")
    unit = tr("unit", "unité")
    for name in ("", "date", tr("analysis", "analyse"), sealed, unit, there, unit):
        table.add_column(RichText(name), overflow="fold")
    for pair in each.results[:_MOST_RESULTS]:
        table.add_row(*(RichText(cell) for cell in _cells(pair)), style="" if pair.mark is Mark.EQUAL else "red")
    console.print(table)
    for pair in each.results[:_MOST_RESULTS]:
        for line in _changes(pair):
            console.print(RichText(line, style="red"))
    more = len(each.results) - _MOST_RESULTS
    if more > 0:
        console.print(tr(f"and {more} more results", f"et {more} résultats de plus"))
    console.print()


def _cells(pair: Pair) -> tuple[str, ...]:
    named = pair.sealed or pair.found or _NOTHING
    here, there = pair.sealed or _NOTHING, pair.found or _NOTHING
    shown = (named.date, named.analysis, here.value, here.unit, there.value, there.unit)
    return (str(_SIGNS[pair.mark]), *map(_safe, shown))


def _changes(pair: Pair) -> Iterator[str]:
    named = pair.sealed or pair.found or _NOTHING
    for change in pair.changes:
        yield f"  {_safe(named.date)} {_safe(named.analysis)}: {_change(change)}"


def _change(change: tuple[str, str | None, str | None]) -> str:
    column, here, there = change
    return f"{column}: {_safe(here)} ≠ {_safe(there)}"


def _safe(text: str | None) -> str:
    """A value that cannot command the terminal, nor hide: controls, marks and outer spaces are written out."""
    if not text:
        return "—" if text is None else '""'
    made = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return made if made == made.strip() else f'"{made}"'
