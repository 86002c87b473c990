"""The words of a migration's account, French and English, and how each language writes numbers and dates.

The only place of the reports that holds wording; ``report_sums`` counts, ``report_picture`` and ``report`` draw.
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from ecluse.control.report_reasons import in_french
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.errors import OrderError
from ecluse.domain.plan import LeftOutReason
from ecluse.domain.records import Decision, DifferenceKind, ErasedKind, Stage
from ecluse.domain.sensitive import SensitiveCategory

Lang = Literal["en", "fr"]
LANGUAGES: tuple[Lang, ...] = ("en", "fr")


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages; ``{}`` fields are filled by :meth:`Reader.say`."""

    en: str
    fr: str


STAGES: dict[Stage, Words] = {
    Stage.PLANNED: Words("planned", "prévu"),
    Stage.EXTRACTED: Words("extracted", "extrait"),
    Stage.QUARANTINED: Words("set aside", "mis de côté"),
    Stage.SEALED: Words("sealed", "scellé"),
    Stage.OPENED: Words("opened", "ouvert"),
    Stage.LOADED: Words("loaded", "chargé"),
    Stage.READ_BACK: Words("read back", "relu"),
}
KINDS: dict[DifferenceKind, Words] = {
    DifferenceKind.MISSING: Words("missing in the new system", "manque dans le nouveau système"),
    DifferenceKind.UNEXPECTED: Words("not expected in the new system", "inattendue dans le nouveau système"),
    DifferenceKind.CHANGED: Words("changed in the new system", "modifiée dans le nouveau système"),
    DifferenceKind.QUARANTINED: Words("set aside, with a reason", "mise de côté, avec un motif"),
    DifferenceKind.COUNT: Words("another count than planned", "autre nombre que prévu"),
    DifferenceKind.DANGLING: Words("refers outside the migration", "renvoie hors de la migration"),
    DifferenceKind.MISSTATED: Words(
        "years or sites misstated by the sender", "années ou sites mal déclarés par l'expéditeur"
    ),
}
REASONS: dict[LeftOutReason, Words] = {
    LeftOutReason.DATES: Words("Outside the ordered dates", "Hors des dates ordonnées"),
    LeftOutReason.SITES: Words("Sites that were not ordered", "Sites non ordonnés"),
    LeftOutReason.NO_DATE: Words("Without a readable date", "Sans date lisible"),
    LeftOutReason.PERSON: Words("Persons who stay out", "Personnes exclues"),
    LeftOutReason.CATEGORY: Words("Excluded sensitive categories", "Catégories sensibles exclues"),
    LeftOutReason.UNCLASSIFIABLE: Words("Analyses that no list can sort", "Analyses qu'aucune liste ne peut classer"),
    LeftOutReason.UNREACHED: Words("Reached by no ordered request", "Rattachés à aucun dossier ordonné"),
    LeftOutReason.ENTITY: Words("Kinds of data that were not ordered", "Types de données non ordonnés"),
    LeftOutReason.FIELD: Words("Fields that were not ordered", "Champs non ordonnés"),
}
DECISIONS: dict[Decision, Words] = {
    Decision.ACCEPTED: Words("Accepted by {who} on {when}.", "Acceptée par {who} le {when}."),
    Decision.ACCEPTED_WITH_DIFFERENCES: Words(
        "Accepted with its {count} [count:difference|differences] by {who} on {when}.",
        "Acceptée avec [count:son|ses] {count} [count:écart|écarts] par {who} le {when}.",
    ),
    Decision.REFUSED: Words("Refused by {who} on {when}.", "Refusée par {who} le {when}."),
}
ERASED: dict[ErasedKind, Words] = {
    ErasedKind.PARCEL: Words("{n} sealed [n:parcel|parcels]", "{n} colis [n:scellé|scellés]"),
    ErasedKind.QUARANTINE: Words(
        "{n} sealed [n:parcel|parcels] of rows set aside", "{n} colis [n:scellé|scellés] de lignes mises de côté"
    ),
    ErasedKind.KEY: Words("{n} [n:key|keys]", "{n} [n:clé|clés]"),
    ErasedKind.STAGING: Words("{n} staging [n:table|tables]", "{n} [n:table|tables] d'attente"),
    ErasedKind.TEMPORARY: Words("{n} temporary [n:file|files]", "{n} [n:fichier temporaire|fichiers temporaires]"),
}
PLACES: dict[str, Words] = {
    "source": Words("old system's side", "côté de l'ancien système"),
    "destination": Words("new system's side", "côté du nouveau système"),
}
TREES: dict[str, Words] = PLACES | {
    "mailbox": Words("mailbox", "boîte aux lettres"),
    "temporary folder": Words("temporary folder", "dossier temporaire"),
}
SOUGHT = (
    Words(
        r"age ciphertext, by its header line, anywhere in a file; not in the temporary folder, which others use",
        "chiffré age, à sa ligne d'en-tête, où que ce soit dans un fichier ; pas dans le dossier temporaire, que "
        "d'autres utilisent",
    ),
    Words(
        r"(\d+) planted markers \(canary rows\) as UTF-8, .* since the migration began",
        "{0} marqueurs plantés (lignes témoins) en UTF-8, Latin-1 ou UTF-16, dans les fichiers et leurs noms ; pas "
        "dans des fichiers compressés ou chiffrés par d'autres ; dans le dossier temporaire, dans les fichiers de cet "
        "utilisateur modifiés depuis le début de la migration",
    ),
)
"""What ``control.scan`` says it looked for, which certificates hold in English (here a pattern of it)."""
WHY_ERASED: dict[str, Words] = {
    "accepted": Words("after acceptance", "après acceptation"),
    "refused": Words("after refusal", "après refus"),
    "aborted": Words("after the migration was aborted", "après abandon de la migration"),
    "erase_by": Words("because its erase-by date had come", "parce que sa date d'effacement était venue"),
}
DETAILS: dict[str, Words] = {
    "sealed and not in the target": Words("sealed, absent from the new system", "scellée, absente du nouveau système"),
    "in the target and not sealed": Words("in the new system, never sealed", "dans le nouveau système, jamais scellée"),
    **{
        f"refused by the receiver: {code}": Words(
            f"refused by the receiver ({code})", f"refusée par le récepteur ({code})"
        )
        for code in ("AE", "AR", "CE", "CR")
    },
    "not written: encoding": Words(
        "not written: holds a character that the destination's encoding lacks",
        "non écrite : contient un caractère que l'encodage de la destination n'a pas",
    ),
    "not written: unwritable": Words(
        "not written: holds a text that the destination's format has no way to write",
        "non écrite : contient un texte que le format de la destination ne sait pas écrire",
    ),
    "more than one row has this key": Words("more than one row has this key", "plusieurs lignes ont cette clé"),
    "key": Words("no key", "sans clé"),
    "duplicate_key": Words("another row has the same key", "une autre ligne a la même clé"),
    "duplicate_link": Words(
        "several rows have the key that it refers to", "plusieurs lignes ont la clé à laquelle elle renvoie"
    ),
    "link": Words("a reference is missing", "un renvoi manque"),
    "ins_oid": Words("an INS without the authority that issued it", "un INS sans l'autorité qui l'a attribué"),
    "encoding": Words("{field}: characters cannot be read", "{field} : caractères illisibles"),
    "date": Words("{field}: not a date", "{field} : n'est pas une date"),
    "value": Words("{field}: not a value that is allowed", "{field} : valeur hors de celles admises"),
    "number": Words("{field}: not a number", "{field} : n'est pas un nombre"),
    "boolean": Words("{field}: neither yes nor no", "{field} : ni oui ni non"),
}
_MARKS: dict[str, Words] = {
    "other codes": Words("other codes", "autres codes"),
    "no site": Words("no site", "sans site"),
}
_MONTHS_EN = "January February March April May June July August September October November December".split()  # noqa: SIM905
_MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905

TITLE = Words("Account of a migration", "Compte rendu de migration")
SUBTITLE = Words(
    "Order {order} of {controller}: from {old} ({site}) to {new}, requests registered from {start} to {end}.",
    "Ordre {order} de {controller} : de {old} ({site}) vers {new}, dossiers du {start} au {end}.",
)
ALL_ARRIVED = Words(
    "Every row that was ordered arrived, complete and unchanged: {planned} planned, {arrived} read back in {new}.",
    "Toutes les lignes ordonnées sont arrivées, complètes et inchangées : {planned} [planned:prévue|prévues], "
    "{arrived} [arrived:relue|relues] dans {new}.",
)
ALL_BUT = Words(
    "Of {planned} [planned:row that was|rows that were] ordered, {arrived} arrived complete and unchanged; {aside} "
    "could not be read and [aside:was|were] set aside, none was lost.",
    "Sur {planned} [planned:ligne ordonnée|lignes ordonnées], {arrived} [arrived:est arrivée complète et inchangée|"
    "sont arrivées complètes et inchangées] ; {aside}, [aside:illisible, a été mise|illisibles, ont été mises] de "
    "côté, aucune n'est perdue.",
)
NOTHING = Words(
    "The order matches no row of the old system: nothing was migrated.",
    "L'ordre ne correspond à aucune ligne de l'ancien système : rien n'a été migré.",
)
NOT_ALL = Words(
    "The migration is not as ordered: {count} [count:row differs|rows differ] between what was sealed and what {new} "
    "now holds, and somebody must decide on [count:it|them].",
    "La migration n'est pas conforme à l'ordre : {count} [count:ligne diffère|lignes diffèrent] entre ce qui a été "
    "scellé et ce que contient {new} ; il faut décider.",
)
NOT_COUNTED = Words(
    "The migration is not as ordered: counts differ in {count} [count:place|places] of the table below, and "
    "somebody must decide.",
    "La migration n'est pas conforme à l'ordre : les nombres diffèrent à {count} [count:endroit|endroits] du "
    "tableau ci-dessous ; il faut décider.",
)
THE_NEW = Words("the new system", "le nouveau système")
PICTURE = Words("The passage", "Le passage")
PICTURE_SAYS = Words(
    "Rows at each station, as through a canal lock: only what was ordered passes the first gate, only sealed parcels "
    "lie in the chamber, only the recipient's key opens the second gate. The two are never open together.",
    "Les lignes à chaque station, comme dans une écluse : seul ce qui est ordonné passe la première porte, la chambre "
    "ne contient que des colis scellés, seule la clé du destinataire ouvre la seconde. Jamais les deux à la fois.",
)
OLD, CHAMBER, NEW = (
    Words("Old system", "Ancien système"),
    Words("Chamber", "Chambre"),
    Words("New system", "Nouveau système"),
)
EMPTIED = Words("emptied, {count} [count:parcel|parcels] erased", "vidée, {count} colis [count:effacé|effacés]")
IN_CHAMBER = Words("{count} sealed [count:parcel|parcels]", "{count} colis [count:scellé|scellés]")
NOTHING_ASIDE = Words("nothing set aside", "rien mis de côté")
BASIN = Words("Set aside: {count}", "Mis de côté : {count}")
STAYS_OUT = Words("not as many as before", "pas autant qu'avant")
BY_ENTITY = Words("What arrived", "Ce qui est arrivé")
BY_GROUP = Words("By kind of data, year and site", "Par type de données, année et site")
NOT_TOLD = Words(
    "“—”: the new system does not say the year or the site of these rows, so they are compared as a whole.",
    "« — » : le nouveau système ne dit pas l'année ou le site de ces lignes ; elles sont comparées ensemble.",
)
SAME_ROWS = Words("same rows", "mêmes lignes")
YES, NO = Words("✓ yes", "✓ oui"), Words("✗ no", "✗ non")
KIND, YEAR, SITE, ROWS, TOTAL = (
    Words("kind of data", "type de données"),
    Words("year", "année"),
    Words("site", "site"),
    Words("rows", "lignes"),
    Words("total", "total"),
)
ASIDE = Words("What was set aside, and why", "Ce qui a été mis de côté, et pourquoi")
ASIDE_SAYS = Words(
    "Rows that cannot be read without guessing. They travelled sealed, in parcels of their own, and are listed below "
    "by their source key.",
    "Des lignes illisibles sans deviner. Elles ont voyagé scellées, dans des colis à part, et sont listées plus bas "
    "par leur clé source.",
)
WHY = Words("why", "pourquoi")
DIFFERENCES = Words("Differences", "Écarts")
SHOWN = Words("{shown} of {total} shown.", "{shown} sur {total} montrés.")
ALL_SHOWN = Words("{total}, all shown.", "{total}, tous montrés.")
NO_DIFFERENCE = Words("None.", "Aucun.")
WHAT, SOURCE_KEY, WHERE = (
    Words("what", "quoi"),
    Words("source key", "clé source"),
    Words("where, or why", "où, ou pourquoi"),
)
STAYED = Words("What stayed in the old system, and why", "Ce qui est resté dans l'ancien système, et pourquoi")
STAYED_SAYS = Words(
    "Counted when the plan was made, before anything left. A request that stays for several reasons is counted under "
    "the first of them.",
    "Compté à l'établissement du plan, avant que rien ne sorte. Un dossier qui reste pour plusieurs motifs est compté "
    "au premier.",
)
WHICH = Words("which", "lequel")
INTAKE = Words("What the files held", "Ce que contenaient les fichiers")
INTAKE_SAYS = Words(
    "Every byte is counted once: taken into a column that the order may then ask for, part of a field that no column "
    "takes, structure between fields, or part of a record that could not be read.",
    "Chaque octet est compté une fois : pris dans une colonne que l'ordre peut demander, partie d'un champ que "
    "nulle colonne ne prend, structure entre les champs, ou partie d'un enregistrement illisible.",
)
FILES, FILE_COUNT, BYTES, RECORDS = (
    Words("file", "fichier"),
    Words("files", "fichiers"),
    Words("bytes", "octets"),
    Words("records", "enregistrements"),
)
MAPPED, UNMAPPED, STRUCTURE, UNREADABLE = (
    Words("in columns", "en colonnes"),
    Words("other fields", "autres champs"),
    Words("structure", "structure"),
    Words("unreadable", "illisibles"),
)
UNREADABLE_LISTED = Words("Records that could not be read", "Enregistrements illisibles")
UNREADABLE_SAYS = Words(
    "They stay in the source: what cannot be read cannot be known to be within the order.",
    "Ils restent dans la source : ce qui ne se lit pas ne peut être tenu pour ordonné.",
)
LINE, BYTE = Words("line", "ligne"), Words("at byte", "à l'octet")
ACKNOWLEDGED = Words(
    "Messages were sent: “read back” counts what the receiver acknowledged. None can ask it what it holds.",
    "Des messages ont été envoyés : « relu » compte ce que le récepteur a acquitté. Nul ne peut lui demander ce qu'il "
    "détient.",
)
DECISION = Words("Decision", "Décision")
UNDECIDED = Words("Not decided yet: the controller's director must.", "Pas encore : au directeur du laboratoire.")
REMARKS = Words("Remarks: {remarks}", "Remarques : {remarks}")
ERASURE = Words("Erasure", "Effacement")
NOT_ERASED = Words(
    "Not erased yet. What was made for the way must be gone by {by}.",
    "Pas encore. Ce qui a été fait pour la route doit avoir disparu le {by}.",
)
ERASED_ON = Words("Erased on {when}, {why}.", "Effacé le {when}, {why}.")
TRACE_KEPT = Words(
    "As the order says, keyed fingerprints stay at the source until {day}: {digest}. They tell nothing without the "
    "controller's key.",
    "Comme le dit l'ordre, des empreintes restent à la source jusqu'au {day} : {digest}. Sans la clé du responsable, "
    "elles ne disent rien.",
)
IDENTITY_DESTROYED = Words(
    "The identity that opens the parcels was destroyed: copies of parcels, wherever they are, open no more.",
    "L'identité qui ouvre les colis a été détruite : les copies de colis, où qu'elles soient, ne s'ouvrent plus.",
)
IDENTITY_STATED = Words(
    "The identity that opens the parcels was NOT destroyed here. It is only stated to be destroyed:",
    "L'identité qui ouvre les colis n'a PAS été détruite ici. Il est seulement déclaré qu'elle l'est :",
)
LOOKED_FOR = Words("Looked for afterwards, in the {trees}:", "Recherché ensuite, dans : {trees} :")
SCANNED = Words(
    "{tree} ({files} [files:file|files], {size} bytes)", "{tree} ({files} [files:fichier|fichiers], {size} octets)"
)
FOUND_NOTHING = Words("Found: nothing.", "Trouvé : rien.")
FOUND = Words("Found, although it should be gone:", "Trouvé, qui devrait avoir disparu :")
APPENDIX = Words("Appendix: digests and signatures", "Annexe : empreintes et signatures")
APPENDIX_SAYS = Words(
    "Each paper is pinned by the SHA-256 of its bytes, and names its predecessor. Do not believe this page: have the "
    "evidence bundle checked, by anybody, offline: {command}",
    "Chaque pièce est fixée par le SHA-256 de ses octets, et nomme celle d'avant. Ne croyez pas cette page : faites "
    "vérifier le dossier de preuves, par qui vous voulez, hors ligne : {command}",
)
PAPER, DIGEST, SIGNER, DATED = (
    Words("paper", "pièce"),
    Words("SHA-256", "SHA-256"),
    Words("signer", "signataire"),
    Words("dated", "datée"),
)
PAPERS = {
    "agreement": Words("Processing agreement", "Contrat de sous-traitance"),
    "order": Words("Order", "Ordre"),
    "profile": Words("Source profile", "Profil de la source"),
    "plan": Words("Plan", "Plan"),
    "reconciliation": Words("Reconciliation", "Réconciliation"),
    "acceptance": Words("Decision", "Décision"),
    "erasure": Words("Erasure certificate, {place}", "Certificat d'effacement, {place}"),
}
RECEIPTS = Words("Receipts, one a parcel", "Reçus, un par colis")
BATCH, PARCEL, ASIDE_PARCEL = (
    Words("batch", "lot"),
    Words("parcel", "colis"),
    Words("parcel of rows set aside", "colis de lignes mises de côté"),
)
ROW_DIGESTS = Words("Keyed digests of the rows", "Empreintes à clé des lignes")
ROW_DIGESTS_SAY = Words(
    "128 bits, summed over the rows of a group. The key was destroyed at erasure, so that nobody can try values.",
    "128 bits, sommés sur les lignes d'un groupe. La clé est détruite à l'effacement : nul ne peut essayer de valeurs.",
)
SIGNATURES = Words("Signatures", "Signatures")
SIGNED_BY = Words("{paper}, by {who}", "{paper}, par {who}")
MADE = Words("Account given on {when} by {agent}.", "Compte rendu donné le {when} par {agent}.")
SAYS_NO_ROW = Words(
    "This page holds counts, digests and source keys; no other data of a patient.",
    "Cette page contient des nombres, des empreintes et des clés source ; aucune autre donnée d'un patient.",
)
COLON = Words("{name}:", "{name} :")


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads one language."""

    lang: Lang

    def say(self, words: Words, **values: str | int) -> str:
        """The text in the reader's language, filled in; ``[n:row|rows]`` is the form that the number ``n`` takes."""
        text = self._set(words.fr if self.lang == "fr" else words.en)
        text = _FORMS.sub(lambda form: form[2 if self._is_one(values[form[1]]) else 3], text)
        return text.format(**{name: v if isinstance(v, str) else self.count(v) for name, v in values.items()})

    def _is_one(self, number: object) -> bool:
        return number in ({0, 1} if self.lang == "fr" else {1})

    def sought(self, text: str) -> str:
        """What a re-scan says it looked for."""
        for words in SOUGHT if self.lang == "fr" else ():
            match = re.fullmatch(words.en, text)
            if match:
                return self._set(words.fr).format(*(self.count(int(number)) for number in match.groups()))
        return shown(text)

    def _set(self, text: str) -> str:
        """Typeset: apostrophes, and in French the spaces that must not break a line."""
        text = text.replace("'", "’")
        if self.lang == "fr":
            text = _FRENCH_SPACE.sub("\u00a0", text)
        return text

    def count(self, number: int) -> str:
        """``12,345``, or ``12 345`` with narrow no-break spaces."""
        return f"{number:,}".replace(",", "\u202f" if self.lang == "fr" else ",")

    def day(self, day: dt.date) -> str:
        """``1 January 2018``, ``1er janvier 2018``."""
        if self.lang == "fr":
            return f"{'1er' if day.day == 1 else day.day} {_MONTHS_FR[day.month - 1]} {day.year}"
        return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"

    def moment(self, when: dt.datetime) -> str:
        """A day and a time, in UTC."""
        when = when.astimezone(dt.UTC)
        return f"{self.day(when.date())}, {when:%H:%M} UTC"

    def entity(self, name: str) -> str:
        """An entity by the catalogue's label; by its name where the catalogue has none."""
        try:
            found = CATALOGUE.entity(name)
        except OrderError:
            return shown(name)
        return self._set(found.fr if self.lang == "fr" else found.en)

    def field(self, entity: str, name: str) -> str:
        """A field likewise."""
        try:
            found = CATALOGUE.column(entity, name)
        except OrderError:
            return shown(name)
        return self._set(found.fr if self.lang == "fr" else found.en)

    def detail(self, entity: str, detail: str) -> str:
        """Where a row differs, or why it was set aside; columns keep their names, which engineers look for."""
        what, _, field = detail.partition(".")
        words = DETAILS.get(detail) or (DETAILS.get(what) if field else None)
        return self.say(words, field=self.field(entity, field)) if words else shown(detail)

    def reason(self, reason: str) -> str:
        """Why a record could not be read; in English where nobody has translated it."""
        return shown(in_french(reason) if self.lang == "fr" else reason)

    def subject(self, entity: str, reason: LeftOutReason, subject: str) -> str:
        """What stays: a year, a site, a category, a code, an entity, a field."""
        if reason is LeftOutReason.CATEGORY and subject in set(SensitiveCategory):
            category = SensitiveCategory(subject)
            return self._set(category.fr if self.lang == "fr" else category.en)
        if reason is LeftOutReason.FIELD:
            return self.field(entity, subject)
        if reason in {LeftOutReason.NO_DATE, LeftOutReason.PERSON, LeftOutReason.UNREACHED, LeftOutReason.ENTITY}:
            return self.entity(entity)
        return self.say(_MARKS[subject]) if subject in _MARKS else shown(subject)


_FRENCH_SPACE = re.compile(r" (?=[:;?!»])|(?<=«) |(?<=\}) (?=[\[a-z])")
_FORMS = re.compile(r"\[(\w+):([^|\]]*)\|([^\]]*)\]")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def shown(text: str) -> str:
    """A text of somebody else's as it can be shown: what is invisible or moves the eye or the cursor is spelt out."""
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) in _HIDDEN else c for c in text)
