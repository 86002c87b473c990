"""How persons affected are told: exactly on the controller's own screen, without small numbers for the record."""

import datetime as dt
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._planning import Papers
from ecluse.cli._text import Text, language, tr
from ecluse.domain.affected import (
    SMALL,
    Affected,
    AffectedList,
    By,
    Counted,
    Fact,
    Lines,
    told,
    told_cells,
    told_lines,
)
from ecluse.domain.catalogue import FieldClass
from ecluse.domain.leaked import MAX_CELL, MAX_CELLS
from ecluse.domain.profile import SourceProfile
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.affected import UNCLASSIFIABLE
from ecluse.migration.affected_list import Wording
from ecluse.wire.artefacts import digest_of, utc

_HEADS = {
    By.CLASS: Text("class of data that left", "classe de données parties"),
    By.CATEGORY: Text("sensitive category", "catégorie sensible"),
    By.YEAR: Text("year of request", "année de dossier"),
    By.SITE: Text("site", "site"),
    By.FACT: Text("before you write", "avant d'écrire"),
    By.FLAG: Text("flagged group", "groupe signalé"),
}
_FACTS = {
    Fact.MINOR: Text("minor", "mineur"),
    Fact.DECEASED: Text("deceased", "décédé"),
    Fact.MILITARY: Text("member of the armed forces, says the source", "militaire, dit la source"),
    Fact.CONFIDENTIAL: Text("record marked confidential", "dossier confidentiel"),
    Fact.NO_RECORD: Text("no record in the source any more", "plus de fiche à la source"),
}
_UNSORTED = Text("results that no list sorts", "résultats qu'aucune liste ne classe")
_UNKNOWN_AGE = Text("age unknown", "âge inconnu")


def wording() -> Wording:
    """What a list's cells and headings say, in the reader's language."""
    words: dict[tuple[By, str], Text | FieldClass | SensitiveCategory] = {
        (By.FACT, str(fact)): text for fact, text in _FACTS.items()
    }
    words |= {(By.CLASS, str(each)): each for each in FieldClass}
    words |= {(By.CATEGORY, str(each)): each for each in SensitiveCategory}
    words[By.CATEGORY, UNCLASSIFIABLE] = _UNSORTED
    said = {thing: tr(each.en, each.fr) for thing, each in words.items()}
    return Wording(said, {by: str(text) for by, text in _HEADS.items()}, language())


def record(
    papers: Papers, profile: SourceProfile, counted: Counted, now: dt.datetime, sealed: AffectedList | None
) -> Affected:
    """The numbers for an incident's record."""
    whole = counted.persons
    return Affected(
        format="ecluse.affected/1",
        order=papers.order.digest,
        agreement=papers.agreement.digest,
        profile=digest_of(profile),
        counted_at=utc(now),
        fewer_than=SMALL,
        persons=told(whole, whole),
        practitioners=None if counted.practitioners is None else told(counted.practitioners, counted.practitioners),
        cells=told_cells(counted),
        sample=told_lines(counted.sample) if counted.sample else None,
        sealed_list=sealed,
    )


def show(counted: Counted, order: str) -> None:
    """The exact numbers, for the controller's own people."""
    count = _output.count
    persons = count(counted.persons)
    if counted.sample:
        _show_sample(counted.sample)
        _output.say(tr(f"Persons of {order} who stand in the sample: {persons}",
                       f"Personnes de {order} qui figurent dans l'échantillon : {persons}"), style="bold")  # fmt: skip
    else:
        _output.say(tr(f"Persons affected by {order}: {persons}", f"Personnes concernées par {order} : {persons}"),
                    style="bold")  # fmt: skip
    if counted.practitioners:
        others = count(counted.practitioners)
        _output.say(tr(f"and {others} practitioners", f"et {others} professionnels de santé"))
    if counted.nameless:
        nameless = count(counted.nameless)
        _output.say(tr(f"{nameless} requests name no patient: whose they are is unknown",
                       f"{nameless} dossiers ne nomment aucun patient : on ignore de qui ils sont"))  # fmt: skip
    _output.say()
    said = wording().words
    for by in By:
        cells = [cell for cell in counted.cells if cell.by is by and (by, cell.name) != (By.FACT, Fact.ADULT)]
        rows = [(said.get((by, cell.name), cell.name), count(cell.persons)) for cell in cells
                if cell.persons or by is By.FLAG]  # fmt: skip
        if by is By.FACT and (unknown := _unknown_age(counted)):
            rows.append((str(_UNKNOWN_AGE), count(unknown)))
        if rows:
            _output.table("", (str(_HEADS[by]), tr("persons", "personnes")), rows, right=(1,))


def _unknown_age(counted: Counted) -> int:
    ages = [cell.persons for cell in counted.cells if cell.by is By.FACT and cell.name in {Fact.MINOR, Fact.ADULT}]
    return counted.persons - sum(ages) if ages else 0


def _show_sample(lines: Lines) -> None:
    count = _output.count
    rows = [
        (tr("lines", "lignes"), count(lines.lines)),
        (tr("with a person of this order", "avec une personne de cet ordre"), count(lines.explained)),
        (tr("  that fit several, all counted", "  qui conviennent à plusieurs, toutes comptées"), count(lines.several)),
        (tr("with a surname and birth date alone, or what over 50 share: not counted",
            "avec un nom et une naissance seuls, ou ce que plus de 50 partagent : non comptées"),
         count(lines.doubtful)),
        (tr("that nobody explains", "que personne n'explique"), count(lines.strange)),
    ]  # fmt: skip
    _output.table(tr("The sample", "L'échantillon"), ("", ""), rows, right=(1,))
    if lines.more:
        _output.say(tr("The file goes on beyond these lines: who stands only in the rest is not counted. Cut it into "
                       "pieces.",
                       "Le fichier continue au-delà de ces lignes : qui ne figure que dans le reste n'est pas compté. "
                       "Coupez-le en morceaux."), style="bold")  # fmt: skip
    if lines.cut:
        cut = count(lines.cut)
        _output.say(tr(f"Lines too long to be read whole: {cut}. Of a line the first {MAX_CELLS} cells are read, of a "
                       f"cell the first {count(MAX_CELL)} characters: who stands only in the rest is not counted, and "
                       "is on no list. Cut these lines into several.",
                       f"Lignes trop longues pour être lues en entier : {cut}. D'une ligne, les {MAX_CELLS} premières "
                       f"cellules sont lues, d'une cellule les {count(MAX_CELL)} premiers caractères : qui ne figure "
                       "que dans le reste n'est pas compté, et n'est sur aucune liste. Coupez ces lignes en "
                       "plusieurs."), style="bold")  # fmt: skip
    shown = [(tr(kind.en, kind.fr), count(number)) for kind, number in lines.classes]
    head = (tr("class of data recognised in it", "classe de données qu'on y reconnaît"), tr("lines", "lignes"))
    if shown:
        _output.table("", head, shown, right=(1,))


def show_list(path: Path, sealed: AffectedList, opener: str) -> None:
    """Where the list is, who can open it, and how."""
    _output.say(tr(f"{path}: the list of these persons, sealed to {opener} ({sealed.recipient})",
                   f"{path} : la liste de ces personnes, scellée pour {opener} ({sealed.recipient})"))  # fmt: skip
    _output.say(tr(f"  to open it, where the letters are made: age -d -i THE_PRIVATE_KEY {path} > letters.csv",
                   f"  pour l'ouvrir, là où se font les lettres : age -d -i LA_CLE_PRIVEE {path} > lettres.csv"))
    _output.say(tr("  what is opened is yours to protect, and to erase once the letters are sent",
                   "  ce qui est ouvert est à vous de protéger, et d'effacer une fois les lettres parties"))


def show_record(path: Path | None) -> None:
    """What the numbers above are good for."""
    if path is not None:
        _output.say(tr(f"{path}: the numbers for the incident's record; below {SMALL}, none is told exactly",
                       f"{path} : les nombres pour le dossier d'incident ; sous {SMALL}, aucun n'est dit exactement"))
    _output.say(
        tr("Counted in the source as it is now. What was merged, corrected or deleted since the export is not seen: "
           "a copy restored from that day counts better.",
           "Compté dans la source telle qu'elle est. Ce qui a été fusionné, corrigé ou effacé depuis l'export ne se "
           "voit pas : une copie restaurée de ce jour-là compte mieux.")
    )  # fmt: skip
