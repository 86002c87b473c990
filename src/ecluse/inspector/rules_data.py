"""The rules of data at rest, in both languages."""

from typing import Final

from ecluse.domain.alerts import Severity
from ecluse.inspector.kinds import Kind
from ecluse.inspector.rule import Rule, Words

_ERASE = (
    "Find out why it is here. If the migration is over, erase it and every copy, and note when; if it must stay, seal "
    "it to its reader before it is written."
)
_EFFACER = (
    "Cherchez pourquoi c'est ici. Si la migration est finie, effacez-le avec toutes ses copies, et notez la date ; "
    "si cela doit rester, scellez-le pour son destinataire avant de l'écrire."
)

NIR: Final = Rule(
    "nir-at-rest", Severity.CRITICAL,
    Words("Social security numbers in the clear",
          "Numbers of this shape have right control keys far more often than chance would give, or stand in a column "
          "that says so.", _ERASE),
    Words("Des numéros de sécurité sociale (NIR) en clair",
          "Des nombres de cette forme ont une clé de contrôle juste bien plus souvent que le hasard ne le donnerait, "
          "ou sont dans une colonne qui le dit.", _EFFACER),
    failings=("R5", "R14"), articles=("32(1)(a)", "5(1)(f)"),
)  # fmt: skip

PERSONS: Final = Rule(
    "persons-at-rest", Severity.HIGH,
    Words("Persons by name in the clear",
          "Names stand beside dates of birth or patients' numbers.", _ERASE),
    Words("Des personnes nommées en clair",
          "Des noms sont à côté de dates de naissance ou de numéros de patients.", _EFFACER),
    failings=("R5",), articles=("32(1)(a)", "5(1)(f)"),
)  # fmt: skip

MESSAGES: Final = Rule(
    "laboratory-messages-at-rest", Severity.HIGH,
    Words("Laboratory messages in the clear",
          "HPRIM, HL7, ASTM, FHIR or CDA with somebody in the place where the format has its patient.", _ERASE),
    Words("Des messages de laboratoire en clair",
          "Du HPRIM, HL7, ASTM, FHIR ou CDA avec quelqu'un à la place où le format a son patient.", _EFFACER),
    failings=("R5",), articles=("32(1)(a)", "5(1)(f)"),
)  # fmt: skip

RESULTS: Final = Rule(
    "results-at-rest", Severity.HIGH,
    Words("Results by patient in the clear",
          "Rows of results, or other rows about patients, by their number. A number instead of a name is still "
          "personal data.", _ERASE),
    Words("Des résultats par patient en clair",
          "Des lignes de résultats, ou d'autres lignes sur des patients, par leur numéro. Un numéro au lieu d'un nom "
          "reste une donnée personnelle.", _EFFACER),
    failings=("R5",), articles=("32(1)(a)", "5(1)(f)"),
)  # fmt: skip

CONTACTS: Final = Rule(
    "contacts-at-rest", Severity.MEDIUM,
    Words("Names with telephone numbers or addresses",
          "Names stand beside telephone numbers or mail addresses; whose they are is not told.", _ERASE),
    Words("Des noms avec téléphones ou adresses",
          "Des noms sont à côté de téléphones ou d'adresses électroniques ; de qui, ce n'est pas dit.", _EFFACER),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

PASSWORDS: Final = Rule(
    "passwords-at-rest", Severity.CRITICAL,
    Words("Passwords in the clear",
          "A column of passwords, or a password written beside the word for it.",
          "Change them all now, and close what they open. Keep only what a password hash of today makes of them "
          "(Argon2, bcrypt); never migrate a password."),
    Words("Des mots de passe en clair",
          "Une colonne de mots de passe, ou un mot de passe écrit à côté du mot qui l'annonce.",
          "Changez-les tous maintenant, et fermez ce qu'ils ouvrent. Ne gardez que ce qu'en fait un hachage actuel "
          "(Argon2, bcrypt) ; ne migrez jamais un mot de passe."),
    failings=("R14",), articles=("32(1)(a)", "32(1)(b)"),
)  # fmt: skip

DIGESTS: Final = Rule(
    "weak-password-digests", Severity.HIGH,
    Words("Passwords behind a plain digest",
          "A column of passwords holds bare digests (MD5, SHA): most passwords are read back from those in hours.",
          "Replace them by a password hash of today (Argon2, bcrypt), and have the passwords chosen anew."),
    Words("Des mots de passe derrière une simple empreinte",
          "Une colonne de mots de passe contient de simples empreintes (MD5, SHA) : la plupart se retrouvent en "
          "quelques heures.",
          "Remplacez-les par un hachage actuel (Argon2, bcrypt), et faites choisir de nouveaux mots de passe."),
    failings=("R14",), articles=("32(1)(a)",),
)  # fmt: skip

PRIVATE_KEY: Final = Rule(
    "private-key-open", Severity.HIGH,
    Words("A private key that others can read",
          "A private key without a passphrase, in an archive or in a file that not only its owner may read.",
          "Replace the key, then keep the new one where its owner alone reads it (chmod 600), or behind a passphrase."),
    Words("Une clé privée que d'autres peuvent lire",
          "Une clé privée sans phrase secrète, dans une archive ou dans un fichier que son propriétaire n'est pas seul "
          "à pouvoir lire.",
          "Remplacez la clé, puis gardez la nouvelle où son propriétaire seul la lit (chmod 600), ou derrière une "
          "phrase secrète."),
    failings=("R5",), articles=("32(1)(a)", "32(1)(b)"),
)  # fmt: skip

BACKUP: Final = Rule(
    "unencrypted-backup", Severity.HIGH,
    Words("A backup in the clear",
          "A dump or a backup of a database that is not encrypted: whoever takes the file has the database.",
          "Encrypt backups as they are made (age, GnuPG), keep the key elsewhere, and erase this one."),
    Words("Une sauvegarde en clair",
          "Une sauvegarde ou un export d'une base qui n'est pas chiffré : qui prend le fichier a la base.",
          "Chiffrez les sauvegardes dès leur création (age, GnuPG), gardez la clé ailleurs, et effacez celle-ci."),
    failings=("R5", "R12"), articles=("32(1)(a)", "5(1)(f)"),
)  # fmt: skip

READABLE_BY_ALL: Final = Rule(
    "data-readable-by-all", Severity.HIGH,
    Words("Patient data that every account of the machine reads",
          "The file's rights let everybody on the machine read it.",
          "Take the right away (chmod o-r, folders 0750), then seal or erase the file."),
    Words("Des données de patients que tout compte de la machine peut lire",
          "Les droits du fichier laissent chacun le lire sur la machine.",
          "Retirez ce droit (chmod o-r, dossiers en 0750), puis scellez ou effacez le fichier."),
    failings=("R5", "R8"), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

PAST_USE: Final = Rule(
    "files-past-use", Severity.MEDIUM,
    Words("Files past their use",
          "Files with patient data, or exports in a transfer folder, were last changed longer ago than the age that "
          "was stated.",
          "Erase what has served. Give every transfer a date on which it is erased, by a job and not by a person."),
    Words("Des fichiers qui ont fini de servir",
          "Des fichiers avec des données de patients, ou des exports dans un dossier d'échange, n'ont pas changé "
          "depuis plus longtemps que l'âge donné.",
          "Effacez ce qui a servi. Donnez à chaque transfert une date d'effacement, par un automate et non par "
          "quelqu'un."),
    failings=("R6",), articles=("5(1)(e)", "28(3)(g)"),
)  # fmt: skip

BESIDE_ARCHIVE: Final = Rule(
    "export-beside-archive", Severity.LOW,
    Words("An export kept beside its archive",
          "The same data lie here twice: packed or sealed, and as they were before.",
          "Erase the unpacked one. Better, never write it: pack and seal in one step."),
    Words("Un export gardé à côté de son archive",
          "Les mêmes données sont ici deux fois : emballées ou scellées, et telles qu'avant.",
          "Effacez l'exemplaire non emballé. Mieux, ne l'écrivez jamais : emballez et scellez d'un seul geste."),
    failings=("R6",), articles=("5(1)(e)", "5(1)(c)"),
)  # fmt: skip

LOGS_EMPTY: Final = Rule(
    "log-folder-empty", Severity.MEDIUM,
    Words("A log folder without logs",
          "There is a place for logs, and nothing in it: nobody could tell who took what.",
          "Switch logging on, and have somebody read it: alerts with an owner and a deadline."),
    Words("Un dossier de journaux sans journaux",
          "Il y a une place pour les journaux, et rien dedans : nul ne pourrait dire qui a pris quoi.",
          "Activez la journalisation, et faites-la lire : des alertes avec un responsable et un délai."),
    failings=("R9",), articles=("32(1)(b)", "32(1)(d)"),
)  # fmt: skip

LOGS_STALE: Final = Rule(
    "logs-stopped", Severity.MEDIUM,
    Words("Logs that have stopped",
          "Files here have changed since the last line was logged.",
          "Find out why logging stopped, and raise an alert when it does again."),
    Words("Des journaux arrêtés",
          "Des fichiers ont changé ici depuis la dernière ligne journalisée.",
          "Cherchez pourquoi la journalisation s'est arrêtée, et alertez quand cela se reproduit."),
    failings=("R9",), articles=("32(1)(d)",),
)  # fmt: skip

LOGS_UNREAD: Final = Rule(
    "logs-unread", Severity.MEDIUM,
    Words("Logs that nobody seems to read",
          "For a month or more lines were written here, and no file was read after its last line, as its time of "
          "reading says.",
          "Have somebody read them, or better a program: alerts with an owner and a deadline."),
    Words("Des journaux que personne ne semble lire",
          "Depuis un mois au moins des lignes s'écrivent ici, et aucun fichier n'a été lu après sa dernière ligne, "
          "d'après sa date de lecture.",
          "Faites-les lire, par quelqu'un ou mieux par un programme : des alertes avec un responsable et un délai."),
    failings=("R9",), articles=("32(1)(d)",),
)  # fmt: skip

LOGS_UNROTATED: Final = Rule(
    "logs-unrotated", Severity.LOW,
    Words("A large log that is never turned over",
          "One log file grows without end: old lines are never erased, and nobody reads a file of this size.",
          "Turn logs over by day or size (logrotate), and erase them after 6 to 12 months (CNIL, 2021)."),
    Words("Un gros journal sans rotation",
          "Un fichier de journal grossit sans fin : les vieilles lignes ne s'effacent jamais, et nul ne lit un fichier "
          "de cette taille.",
          "Faites tourner les journaux par jour ou par taille (logrotate), et effacez-les après 6 à 12 mois (CNIL, "
          "2021)."),
    failings=("R9",), articles=("5(1)(e)",),
)  # fmt: skip

NO_RETENTION: Final = Rule(
    "no-retention-statement", Severity.LOW,
    Words("Nothing says how long data stay here",
          "Patient data lie here, and no file beside them says until when.",
          "State the date of erasure where the data are (a file RETENTION), and have a job keep it."),
    Words("Rien ne dit combien de temps les données restent",
          "Des données de patients sont ici, et aucun fichier à côté ne dit jusqu'à quand.",
          "Écrivez la date d'effacement où sont les données (un fichier CONSERVATION), et faites-la tenir par un "
          "automate."),
    failings=("R6",), articles=("5(1)(e)", "28(3)(g)"),
)  # fmt: skip

RULES_DATA: Final[tuple[Rule, ...]] = (
    NIR, PERSONS, MESSAGES, RESULTS, CONTACTS, PASSWORDS, DIGESTS, PRIVATE_KEY, BACKUP, READABLE_BY_ALL, PAST_USE,
    BESIDE_ARCHIVE, LOGS_EMPTY, LOGS_STALE, LOGS_UNREAD, LOGS_UNROTATED, NO_RETENTION,
)  # fmt: skip

OF_KIND: Final[dict[Kind, Rule]] = {
    Kind.NIR: NIR, Kind.PERSONS: PERSONS, Kind.PATIENT_ROWS: RESULTS, Kind.RESULTS: RESULTS, Kind.HPRIM: MESSAGES,
    Kind.HL7: MESSAGES, Kind.ASTM: MESSAGES, Kind.FHIR: MESSAGES, Kind.CDA: MESSAGES, Kind.CONTACTS: CONTACTS,
    Kind.PASSWORDS: PASSWORDS, Kind.PASSWORD_DIGESTS: DIGESTS, Kind.PRIVATE_KEY: PRIVATE_KEY,
}  # fmt: skip
"""The rule of each kind of personal data."""

COUNTED_DATA: Final[dict[str, tuple[str, str]]] = {
    Kind.NIR: ("social security numbers at least", "NIR au moins"),
    Kind.PERSONS: ("persons at least", "personnes au moins"),
    Kind.PATIENT_ROWS: ("rows about patients at least", "lignes sur des patients au moins"),
    Kind.RESULTS: ("rows of results at least", "lignes de résultats au moins"),
    Kind.HPRIM: ("HPRIM records at least", "enregistrements HPRIM au moins"),
    Kind.HL7: ("HL7 messages at least", "messages HL7 au moins"),
    Kind.ASTM: ("ASTM records at least", "enregistrements ASTM au moins"),
    Kind.FHIR: ("FHIR resources at least", "ressources FHIR au moins"),
    Kind.CDA: ("CDA documents at least", "documents CDA au moins"),
    Kind.CONTACTS: ("contacts at least", "contacts au moins"),
    Kind.PASSWORDS: ("passwords at least", "mots de passe au moins"),
    Kind.PASSWORD_DIGESTS: ("digests of passwords at least", "empreintes de mots de passe au moins"),
    Kind.PRIVATE_KEY: ("private keys", "clés privées"),
}

FACTS_DATA: Final[dict[str, tuple[str, str]]] = {
    "column": ("by a column's name and its cells", "par le nom d'une colonne et ses cellules"),
    "control-keys": ("by their control keys", "par leurs clés de contrôle"),
    "names": ("names", "noms"),
    "birth-dates": ("dates of birth", "dates de naissance"),
    "patient-numbers": ("patients' numbers", "numéros de patients"),
    "results": ("results", "résultats"),
    "passwords": ("a column of passwords", "une colonne de mots de passe"),
    "written-beside-the-word": ("beside the word for it", "à côté du mot qui l'annonce"),
    "without-header": ("without a line of column names", "sans ligne de noms de colonnes"),
    "in-an-archive": ("in an archive", "dans une archive"),
    "in-a-mail": ("in a mail", "dans un courriel"),
    "archive-too-deep": ("an archive within too many others", "une archive dans trop d'autres"),
    "archive-swells": ("an archive that swells without measure", "une archive qui enfle sans mesure"),
    "archive-damaged": ("a damaged archive", "une archive abîmée"),
    "archive-too-many": ("an archive of too many files", "une archive de trop de fichiers"),
    "archive-closed": ("an archive or a mailbox of a form that is not opened",
                       "une archive ou une boîte aux lettres d'une forme qui ne s'ouvre pas"),
    "nested-too-large": ("too large to open within an archive", "trop grand pour être ouvert dans une archive"),
    "mail-unread": ("a part of a mail that is packed unusually", "une partie de courriel codée inhabituellement"),
    "table-damaged": ("a damaged table", "une table abîmée"),
    "cell-too-large": ("cells too large to be read", "des cellules trop grandes pour être lues"),
    "pdf": ("PDF, whose text is not read", "des PDF, dont le texte n'est pas lu"),
    "picture": ("pictures, whose text is not read", "des images, dont le texte n'est pas lu"),
    "gbak": ("a Firebird backup", "une sauvegarde Firebird"),
    "firebird": ("a Firebird database", "une base Firebird"),
    "access": ("an Access database", "une base Access"),
    "sqlite": ("a SQLite database", "une base SQLite"),
    "mssql": ("a SQL Server database", "une base SQL Server"),
    "mssql-backup": ("a SQL Server backup", "une sauvegarde SQL Server"),
    "innodb": ("a MySQL table file", "un fichier de table MySQL"),
    "oracle-export": ("an Oracle export", "un export Oracle"),
}
