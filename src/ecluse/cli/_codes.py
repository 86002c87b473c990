"""What the commands on codes share: where counts and the LOINC table come from."""

from collections.abc import Callable
from pathlib import Path

from ecluse.cli._app import FILE, option
from ecluse.cli._site import open_source_at, profile_file
from ecluse.cli._text import Text, tr
from ecluse.domain.codemap import SourceFacts
from ecluse.domain.errors import UsageError
from ecluse.domain.profile import SourceProfile
from ecluse.mapping.counts import read_counts
from ecluse.mapping.rank import Ranker
from ecluse.mapping.suggest import wanted
from ecluse.mapping.table import read_official, shipped
from ecluse.migration.code_facts import code_facts
from ecluse.wire import documents

Function = Callable[..., None]

_PROFILE = Text("Source profile: a file, or the name of one that ships with Écluse.",
                "Profil de la source : un fichier, ou le nom d'un profil livré avec Écluse.")  # fmt: skip


def profile_option(function: Function) -> Function:
    """``--profile``."""
    return option("--profile", required=True, text=_PROFILE)(function)


def facts_options(function: Function) -> Function:
    """``--source`` or ``--counts``."""
    texts = {
        "--source": Text("Source to count codes in: a URL without password, or a path (SQLite, CSV).",
                         "Source où compter les codes : une URL sans mot de passe, ou un chemin (SQLite, CSV)."),
        "--passfile": Text("File of passwords in libpq's format, mode 0600.",
                           "Fichier de mots de passe au format de libpq, mode 0600."),
    }  # fmt: skip
    counts = Text("Instead of a source: a CSV of counts (code, label, unit, rows…).",
                  "Au lieu d'une source : un CSV de comptages (code, label, unit, rows…).")  # fmt: skip
    function = option("--counts", type=FILE, default=None, text=counts)(function)
    for name, text in reversed(texts.items()):
        function = option(name, default=None, text=text)(function)
    return function


def table_options(function: Function) -> Function:
    """``--loinc`` and ``--french``."""
    loinc = Text("Your own LOINC release: its Loinc.csv, to rank over all of it. By default, a small table that ships.",
                 "Votre propre version de LOINC : son Loinc.csv, pour chercher partout. Par défaut, une petite table "
                 "livrée.")  # fmt: skip
    french = Text("The release's French names: its frFR…LinguisticVariant.csv.",
                  "Les noms français de cette version : son frFR…LinguisticVariant.csv.")  # fmt: skip
    function = option("--french", type=FILE, default=None, text=french)(function)
    return option("--loinc", type=FILE, default=None, text=loinc)(function)


def read_profile(name: str) -> SourceProfile:
    """The profile of ``--profile``."""
    return documents.read(profile_file(name)).to(SourceProfile)


def facts_of(profile: SourceProfile, source: str | None, counts: Path | None, passfile: str | None) -> SourceFacts:
    """Counts, from the source or from a file.

    Raises:
        UsageError: neither or both were given.
    """
    if (source is None) == (counts is None):
        raise UsageError(tr("give --source or --counts, one of them", "donnez --source ou --counts, l'un des deux"))
    if counts is not None:
        return read_counts(counts)
    opened = open_source_at(source or "", profile, passfile)
    try:
        return code_facts(profile, opened)
    finally:
        opened.close()


def ranker_of(facts: SourceFacts, profile: SourceProfile, loinc: Path | None, french: Path | None) -> Ranker:
    """A ranker over the user's LOINC table, or over the one that ships.

    Raises:
        UsageError: French names without their table.
    """
    if loinc is None:
        if french is not None:
            raise UsageError(tr("--french needs --loinc", "--french demande --loinc"))
        return Ranker(shipped())
    known = frozenset(a.loinc for a in profile.analyses.values() if a.loinc)
    return Ranker(read_official(loinc, french, wanted(facts.codes), known))
