"""``ecluse affected``."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ecluse.adapters.leaks import ALL_LINES, Passing
from ecluse.cli import _affected_show, _codes, _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._exclusion import KEY, read_key
from ecluse.cli._planning import Papers, read_papers
from ecluse.cli._site import open_source_at
from ecluse.cli._text import Text, tr
from ecluse.control.papers import write_new
from ecluse.domain.affected import AffectedList, Counted, list_recipient
from ecluse.domain.errors import Location, OrderError, UntracedError, UsageError
from ecluse.domain.profile import SourceProfile
from ecluse.migration.affected import Marks, mark
from ecluse.migration.affected_list import pieces
from ecluse.migration.affected_rows import Advance, Persons, Reading
from ecluse.migration.affected_sample import Standing, stand
from ecluse.migration.affected_values import Values
from ecluse.migration.persons import PersonList, check_list, read_list, resolve
from ecluse.migration.ports import Source
from ecluse.migration.sample_lines import Lines
from ecluse.seal.signing import fingerprint
from ecluse.seal.streaming import seal_stream
from ecluse.wire.artefacts import encode, to_json
from ecluse.workspace.files import write_new_stream

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BLOCK = 1 << 20


@define(
    Text(
        "Say who is affected when an export has leaked: how many persons, by which data, in which flagged groups. "
        "Run by the laboratory, on its own machine, against its own source or a restored copy: the signed order is "
        "applied to it anew, by the same queries and gate as the extraction. With --sample, only those who stand in "
        "the leaked file. The screen shows exact numbers and no value; --json and --out tell no number of persons "
        "below 5. With --list, who is to be written to (GDPR Art. 34) is sealed to the laboratory's own key, and "
        "to no other. Exit code 25 when nobody of the order stands in the sample.",
        "Dire qui est concerné quand un export a fuité : combien de personnes, par quelles données, dans quels "
        "groupes signalés. Lancé par le laboratoire, sur sa propre machine, contre sa propre source ou une copie "
        "restaurée : l'ordre signé y est appliqué à nouveau, par les mêmes requêtes et la même porte que "
        "l'extraction. Avec --sample, seulement qui figure dans le fichier fuité. L'écran montre des nombres exacts et "
        "aucune valeur ; --json et --out ne disent aucun nombre de personnes sous 5. Avec --list, qui doit "
        "recevoir une lettre (art. 34 du RGPD) est scellé pour la clé du laboratoire, et pour nulle autre. Code 25 si "
        "personne de l'ordre ne figure dans l'échantillon.",
    ),
    example="ecluse affected order.json --agreement agreement.json --profile dxlab.yaml \\\n"
    "    --source postgresql://dpo@lis/dxlab --sample leak.csv \\\n"
    "    --flagged military=military.keyed --flagged-key flagged.key --list affected.age --out affected.json",
)
@argument("order", type=FILE, text=Text("The signed order of the export.", "L'ordre signé de l'export."))
@option("--agreement", type=FILE, required=True,
        text=Text("The signed agreement that the order stands on.",
                  "Le contrat signé sur lequel l'ordre s'appuie."))  # fmt: skip
@_codes.profile_option
@option("--source", required=True,
        text=Text("URL without password, or a path (SQLite, CSV).",
                  "URL sans mot de passe, ou un chemin (SQLite, CSV)."))  # fmt: skip
@option("--passfile", default=None,
        text=Text("File of passwords in libpq's format, mode 0600.",
                  "Fichier de mots de passe au format de libpq, mode 0600."))  # fmt: skip
@option("--persons", type=FILE, default=None,
        text=Text("List of persons who stay out, if the order names one.",
                  "Liste des personnes exclues, si l'ordre en nomme une."))  # fmt: skip
@option("--exclusion-key", type=FILE, default=None, text=KEY)
@option("--sample", type=FILE, default=None,
        text=Text("The leaked file, or a piece of it; all of its lines are read, into memory.",
                  "Le fichier fuité, ou un morceau ; toutes ses lignes sont lues, en mémoire."))  # fmt: skip
@option("--flagged", multiple=True, metavar="LABEL=FILE",
        text=Text("A group to count apart: a keyed list, as ecluse order exclude-persons makes it. May be repeated.",
                  "Un groupe à compter à part : une liste à clé, telle que la fait ecluse order exclude-persons. Peut "
                  "être répété."))  # fmt: skip
@option("--flagged-key", type=FILE, default=None,
        text=Text("The key of those lists.", "La clé de ces listes."))
@option("--list", "list_file", type=FILE, default=None,
        text=Text("Sealed list to create, of the persons to write to.",
                  "Liste scellée à créer, des personnes à qui écrire."))  # fmt: skip
@option("--to", default=None, metavar="SIGNER",
        text=Text("Whose key opens the list: one of the controller's signers in the agreement. By default the key that "
                  "the order names as trace.recipient.",
                  "De qui la clé ouvre la liste : un signataire du responsable dans le contrat. Par défaut la clé que "
                  "l'ordre nomme trace.recipient."))  # fmt: skip
@option("--out", type=FILE, default=None,
        text=Text("File to create with the numbers for the incident's record.",
                  "Fichier à créer, avec les nombres pour le dossier d'incident."))  # fmt: skip
def command(
    *,
    order: Path,
    agreement: Path,
    profile: str,
    source: str,
    passfile: str | None,
    persons: Path | None,
    exclusion_key: Path | None,
    sample: Path | None,
    flagged: tuple[str, ...],
    flagged_key: Path | None,
    list_file: Path | None,
    to: str | None,
    out: Path | None,
) -> None:
    """Count, and list."""
    papers = read_papers(agreement, order)
    # The order was good on its last day; today it need not be: a leak is seen years later.
    papers.check(papers.order.value.retention.erase_by)
    sealing = _sealing(papers, list_file, to)
    for file in (list_file, out):
        _check_new(file)
    groups = _groups(flagged, flagged_key)
    left_out = _left_out(papers, persons, exclusion_key)
    leaked = _leaked(sample, is_listed=sealing is not None) if sample else None
    read = _codes.read_profile(profile)
    opened = open_source_at(source, read, passfile)
    now = dt.datetime.now(dt.UTC)
    try:
        opened.adopt_snapshot(None)
        with _output.progress(tr("rows read", "lignes lues"), None) as advance:
            job = _Job(papers, read, opened, advance)
            found = job.find(left_out, groups, leaked, now.date())
            sealed = found.seal(*sealing) if sealing and found.counted.persons else None
    finally:
        opened.close()
    record = _affected_show.record(papers, read, found.counted, now, sealed)
    if out:
        write_new(out, encode(record).decode("utf-8"), mode=0o600)
    _output.emit(to_json(record))
    _affected_show.show(found.counted, papers.order.value.order)
    if sealed and list_file:
        _affected_show.show_list(list_file, sealed, to or papers.order.value.controller.name)
    _affected_show.show_record(out)
    if sample and not found.counted.persons:
        raise UntracedError("nobody of this order stands in the sample, as far as its lines tell")


@dataclass(frozen=True)
class _Leaked:
    lines: Lines
    more: bool
    cut: int


@dataclass(frozen=True)
class _Found:
    reading: Reading
    marks: Marks
    standing: Standing | None
    counted: Counted

    def seal(self, file: Path, recipient: str) -> AffectedList:
        """Write the list, whole or not at all."""
        among = self.standing.among() if self.standing else self.marks.everybody()
        rows = pieces(self.reading, self.marks, among, _affected_show.wording())

        def write(out: IO[bytes]) -> None:
            seal_stream(rows, out, recipient)

        write_new_stream(file, write)
        return AffectedList(_opener(recipient), _digest(file))


@dataclass(frozen=True)
class _Job:
    papers: Papers
    profile: SourceProfile
    source: Source
    advance: Advance

    def find(
        self,
        left_out: tuple[PersonList, bytes] | None,
        groups: Mapping[str, tuple[Path, PersonList, bytes]],
        leaked: _Leaked | None,
        today: dt.date,
    ) -> _Found:
        excluded = resolve(self.source, self.profile, *left_out) if left_out else ()
        reading = Reading(self.source, self.papers.order.value, self.profile, frozenset(excluded), self.advance)
        persons = reading.persons()
        flags = {label: self._flagged(*group) for label, group in groups.items()}
        if leaked is None:
            marks = mark(reading, persons, flags, today)
            return _Found(reading, marks, None, marks.counted())
        return self._find_lines(reading, persons, flags, leaked, today)

    def _find_lines(
        self,
        reading: Reading,
        persons: Persons,
        flags: Mapping[str, Sequence[str]],
        leaked: _Leaked,
        today: dt.date,
    ) -> _Found:
        standing = stand(reading, persons, leaked.lines)
        marks = mark(reading, persons, flags, today, Values(reading, standing))
        told = replace(standing.told(), more=leaked.more, cut=leaked.cut)
        return _Found(reading, marks, standing, marks.counted(standing.among(), told))

    def _flagged(self, file: Path, persons: PersonList, key: bytes) -> tuple[str, ...]:
        try:
            return resolve(self.source, self.profile, persons, key)
        except OrderError as error:  # it speaks of the order's list, which this is not
            raise OrderError(error.message, location=Location(file=str(file))) from None


def _sealing(papers: Papers, list_file: Path | None, to: str | None) -> tuple[Path, str] | None:
    if list_file is None:
        if to is not None:
            raise UsageError(tr("--to needs --list", "--to demande --list"))
        return None
    return list_file, list_recipient(papers.order.value, papers.agreement.value, to)


def _check_new(file: Path | None) -> None:
    """Now, and not after an hour's reading."""
    if file is None:
        return
    place = Location(file=str(file))
    if file.exists() or file.is_symlink():
        raise UsageError("a file with this name exists already", location=place, hint="choose another name")
    if not file.parent.is_dir():
        raise UsageError("the folder does not exist", location=place)


def _leaked(file: Path, *, is_listed: bool) -> _Leaked:
    """All of the sample: a beginning would leave persons without a letter."""
    passing = Passing(file, ALL_LINES)
    lines = Lines.of(line.cells for line in passing)
    if passing.more and is_listed:
        raise UsageError(
            "the sample goes on beyond what is read: who stands only in the rest would get no letter",
            location=Location(file=str(file)), hint="cut it into pieces, and make a list of each",
        )  # fmt: skip
    return _Leaked(lines, passing.more, passing.cut)


def _left_out(papers: Papers, persons: Path | None, key: Path | None) -> tuple[PersonList, bytes] | None:
    named = read_list(persons) if persons else None
    check_list(papers.order.value.scope.exclude_persons, named)
    if named is None:
        return None
    if key is None:
        raise UsageError(tr("an option is missing: --exclusion-key", "il manque une option : --exclusion-key"))
    return named, read_key(key)


def _groups(flagged: Sequence[str], key: Path | None) -> dict[str, tuple[Path, PersonList, bytes]]:
    made: dict[str, tuple[Path, PersonList, bytes]] = {}
    if flagged and key is None:
        raise UsageError(tr("an option is missing: --flagged-key", "il manque une option : --flagged-key"))
    for each in flagged:
        label, equals, name = each.partition("=")
        if not equals or not name or not _LABEL.fullmatch(label) or label in made:
            raise UsageError(
                tr("--flagged takes LABEL=FILE, each label once", "--flagged prend NOM=FICHIER, chaque nom une fois"),
                hint=tr("a label is of letters, digits, '.', '_', '-'",
                        "un nom est fait de lettres, de chiffres, de '.', '_', '-'"),
            )  # fmt: skip
        made[label] = (Path(name), read_list(Path(name)), read_key(key) if key else b"")
    return made


def _opener(recipient: str) -> str:
    """An age recipient as it is; an SSH key, which may be long, by its fingerprint."""
    return fingerprint(recipient) if recipient.startswith("ssh-") else recipient


def _digest(file: Path) -> str:
    made = hashlib.sha256()
    with file.open("rb") as source:
        while block := source.read(_BLOCK):
            made.update(block)
    return f"sha256:{made.hexdigest()}"
