"""The timeline's words, French and English."""

from collections.abc import Mapping

from ecluse.control.report_words import Words
from ecluse.control.timeline import Held, Missing, Source

TITLE = Words("Timeline", "Chronologie")
PERIOD = Words("from {start} until {end}, UTC", "du {start} au {end}, UTC")
NOTHING = Words("nothing is recorded", "rien n'est écrit")
WHAT_IT_IS = Words(
    "What the records below say, in order of time, word for word and nothing besides. They hold ids, numbers and "
    "digests, and no patient's data. What is not in them may have happened all the same: see the gaps.",
    "Ce que disent les journaux ci-dessous, dans l'ordre du temps, mot pour mot et rien de plus. Ils contiennent "
    "identifiants, nombres et empreintes, et aucune donnée de patient. Ce qui n'y est pas a pu avoir lieu quand même : "
    "voir les lacunes.",
)
RECORDS = Words("Records", "Journaux")
RECORD = Words("record", "journal")
KIND = Words("what it is", "nature")
ENTRIES = Words("entries", "écritures")
SIGNED = Words("root that its checkpoint signs", "racine que signe son point de contrôle")
MOMENTS = Words("What happened", "Ce qui s'est passé")
TIME = Words("time (UTC)", "heure (UTC)")
BY = Words("by", "par")
WHAT = Words("what", "quoi")
SUBJECT = Words("subject", "objet")
ORIGIN = Words("from", "depuis")
NUMBER = Words("no.", "n°")
GAPS = Words("Gaps in the evidence", "Lacunes dans les preuves")
NO_GAP = Words("None was found.", "Aucune n'a été trouvée.")
BETWEEN = Words("between", "entre")
AND = Words("and", "et")
MEANING = Words("what is not known", "ce que l'on ignore")
KEYS = Words("Who held which key when", "Qui tenait quelle clé, et quand")
HOLDER = Words("holder", "titulaire")
USE = Words("use", "usage")
KEY = Words("key", "clé")
SINCE = Words("since", "depuis")
UNTIL = Words("until", "jusqu'à")
STILL = Words("still", "encore")
UNKNOWN = Words("not known", "inconnu")
NEVER_SHOWN = Words("(secret, destroyed at erasure)", "(secret, détruit à l'effacement)")
FOOTER = Words("Timeline made on {day}", "Chronologie faite le {day}")

SOURCES: Mapping[Source, Words] = {
    Source.PLACE: Words("journal of a migration's place", "journal d'un lieu de migration"),
    Source.RELAY: Words("journal of a relay", "journal d'un relais"),
    Source.ROOM: Words("journal of the control room", "journal de la salle de contrôle"),
    Source.SYSTEM: Words("log of a system", "journal d'un système"),
}
MISSING: Mapping[Missing, Words] = {
    Missing.UNREADABLE: Words(
        "the record is gone or was changed: nothing of it is used",
        "le journal manque ou a été modifié : rien n'en est repris",
    ),
    Missing.BEFORE: Words("nothing is recorded before its first entry", "rien n'est écrit avant sa première ligne"),
    Missing.AFTER: Words("nothing is recorded after its last entry", "rien n'est écrit après sa dernière ligne"),
    Missing.STOPPED: Words("it was stopped", "il était arrêté"),
    Missing.DIED: Words("it started again without a stop: it ended without a word in between, or another ran beside it",
                        "il a redémarré sans arrêt : interrompu sans rien écrire entre les deux, ou un autre à côté"),
    Missing.BACKWARDS: Words(
        "the clock was set back: the times of what follows are in doubt",
        "l'horloge a reculé : les heures qui suivent sont douteuses",
    ),
    Missing.LEAPT: Words("the clock leapt: times around it are in doubt",
                         "l'horloge a sauté : les heures voisines sont douteuses"),
    Missing.UNWITNESSED: Words(
        "no witness has signed since: whoever holds the log's key alone vouches for these entries",
        "aucun témoin n'a signé depuis : seul le détenteur de la clé du journal répond de ces écritures",
    ),
    Missing.UNVOUCHED: Words("no key vouches for this log: anybody could have changed it",
                             "aucune clé ne répond de ce journal : n'importe qui a pu le modifier"),
    Missing.PAPER: Words("a paper that it rests on is gone or was changed: the keys named there are not known",
                         "un document dont il dépend manque ou a été modifié : ses clés sont inconnues"),
    Missing.ONE_END: Words("the migration's other end is not here", "l'autre bout de la migration n'est pas là"),
}  # fmt: skip
HELD: Mapping[Held, Words] = {
    Held.SIGNS: Words("signs papers", "signe des documents"),
    Held.OPENS: Words("opens parcels", "ouvre les colis"),
    Held.ENTERS: Words("enters", "entre"),
    Held.VOUCHES: Words("signs the journal", "signe le journal"),
    Held.DIGESTS: Words("makes digests and canaries", "fait empreintes et canaris"),
}
