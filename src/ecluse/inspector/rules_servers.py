"""The rules of servers, accounts and databases, in both languages."""

from typing import Final

from ecluse.domain.alerts import Severity
from ecluse.inspector.findings import Standing
from ecluse.inspector.rule import Rule, Words

ANONYMOUS_LOGIN: Final = Rule(
    "anonymous-login", Severity.CRITICAL,
    Words("Anybody may log in",
          "The server lets in whoever says that he is nobody. Whatever lies there is public.",
          "Switch anonymous access off (vsftpd: anonymous_enable=NO; ProFTPD: remove the <Anonymous> section), then "
          "look in the logs for who has been there."),
    Words("N'importe qui peut entrer",
          "Le serveur laisse entrer quiconque se dit anonyme. Tout ce qui s'y trouve est public.",
          "Coupez l'accès anonyme (vsftpd : anonymous_enable=NO ; ProFTPD : retirez la section <Anonymous>), puis "
          "cherchez dans les journaux qui est venu."),
    failings=("R7",), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

GUESSABLE_LOGIN: Final = Rule(
    "guessable-login", Severity.CRITICAL,
    Words("An account that anybody guesses",
          "A guest account lets in without a password, or with a mail address for one.",
          "Close the account. Each person gets one of their own, with a key or a second factor."),
    Words("Un compte que chacun devine",
          "Un compte d'invité laisse entrer sans mot de passe, ou avec une adresse pour mot de passe.",
          "Fermez ce compte. Chaque personne reçoit le sien, avec une clé ou un second facteur."),
    failings=("R7",), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

OPEN_LISTING: Final = Rule(
    "open-listing", Severity.HIGH,
    Words("Files are listed without a login",
          "Whoever asks is shown the names of the files. From a name to a file is one request.",
          "Switch listings off (nginx: autoindex off; Apache: Options -Indexes) and ask for a login before anything."),
    Words("Des fichiers sont listés sans authentification",
          "Quiconque demande voit les noms des fichiers. Du nom au fichier il n'y a qu'une requête.",
          "Coupez les listes (nginx : autoindex off ; Apache : Options -Indexes) et exigez une authentification avant "
          "toute chose."),
    failings=("R7",), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

OPEN_DATA: Final = Rule(
    "open-personal-data", Severity.CRITICAL,
    Words("Patient data can be read without a login",
          "Files that anybody may fetch hold personal data in the clear.",
          "Close the access now, before anything else. Keep the logs: this may be a breach to notify within 72 hours "
          "(GDPR Art. 33)."),
    Words("Des données de patients se lisent sans authentification",
          "Des fichiers que n'importe qui peut prendre contiennent des données personnelles en clair.",
          "Fermez l'accès maintenant, avant toute chose. Gardez les journaux : c'est peut-être une violation à "
          "notifier sous 72 heures (art. 33 du RGPD)."),
    failings=("R5", "R7"), articles=("32(1)(a)", "32(1)(b)", "5(1)(f)"),
)  # fmt: skip

CLEAR_DATA: Final = Rule(
    "clear-personal-data", Severity.HIGH,
    Words("Patient data lie on the server in the clear",
          "Files on this server hold personal data that are not encrypted: whoever takes the server, or an account, "
          "has them.",
          "Encrypt files to the recipient's key before they are sent, and erase those that have arrived."),
    Words("Des données de patients sont en clair sur le serveur",
          "Des fichiers de ce serveur contiennent des données personnelles non chiffrées : qui prend le serveur, ou un "
          "compte, les a.",
          "Chiffrez les fichiers pour la clé du destinataire avant l'envoi, et effacez ceux qui sont arrivés."),
    failings=("R5", "R12"), articles=("32(1)(a)", "5(1)(f)"),
)  # fmt: skip

CLEAR_FTP: Final = Rule(
    "clear-text-ftp", Severity.HIGH,
    Words("FTP without encryption",
          "The server has no TLS, or takes logins without it: names, passwords and files can be read on the way.",
          "Better leave FTP for SFTP or HTTPS. Until then, demand TLS for logins and data (vsftpd: "
          "force_local_logins_ssl=YES and force_local_data_ssl=YES; ProFTPD: TLSRequired on)."),
    Words("Du FTP sans chiffrement",
          "Le serveur n'a pas de TLS, ou accepte des connexions sans lui : noms, mots de passe et fichiers se lisent "
          "en route.",
          "Mieux vaut quitter FTP pour SFTP ou HTTPS. D'ici là, exigez TLS pour les connexions et les données (vsftpd "
          ": force_local_logins_ssl=YES et force_local_data_ssl=YES ; ProFTPD : TLSRequired on)."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

CLEAR_HTTP: Final = Rule(
    "clear-text-http", Severity.HIGH,
    Words("HTTP without encryption",
          "The server answers without TLS and does not send on to HTTPS: all can be read and changed on the way.",
          "Answer on HTTPS alone; let HTTP only send on to it (301), and add Strict-Transport-Security."),
    Words("Du HTTP sans chiffrement",
          "Le serveur répond sans TLS et ne renvoie pas vers HTTPS : tout se lit et se change en route.",
          "Ne répondez qu'en HTTPS ; que HTTP ne fasse qu'y renvoyer (301), et ajoutez Strict-Transport-Security."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

CLEAR_DATABASE: Final = Rule(
    "clear-text-database", Severity.HIGH,
    Words("The database talks without encryption",
          "The server takes connections over the network without TLS: passwords and rows can be read on the way.",
          "Demand TLS (PostgreSQL: ssl = on, and hostssl in place of host in pg_hba.conf; MariaDB: "
          "require_secure_transport = ON)."),
    Words("La base parle sans chiffrement",
          "Le serveur accepte par le réseau des connexions sans TLS : mots de passe et lignes se lisent en route.",
          "Exigez TLS (PostgreSQL : ssl = on, et hostssl au lieu de host dans pg_hba.conf ; MariaDB : "
          "require_secure_transport = ON)."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

TRUST: Final = Rule(
    "database-trust", Severity.CRITICAL,
    Words("The database asks for no password",
          "The named user got in without a password. Whoever reaches the port is in.",
          "Replace trust by scram-sha-256 in pg_hba.conf (MariaDB: give every account a password), and let the port "
          "answer only those who need it."),
    Words("La base ne demande pas de mot de passe",
          "L'utilisateur nommé est entré sans mot de passe. Qui atteint le port est entré.",
          "Remplacez trust par scram-sha-256 dans pg_hba.conf (MariaDB : un mot de passe pour chaque compte), et que "
          "le port ne réponde qu'à qui en a besoin."),
    failings=("R7",), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

SUPERUSER: Final = Rule(
    "database-superuser", Severity.MEDIUM,
    Words("This login may do everything",
          "The account that was given is the database's master: it may read, change and erase all, and its own traces.",
          "Give each use a role that may do only what it needs; keep the master for the administrator, by name."),
    Words("Ce compte peut tout",
          "Le compte donné est le maître de la base : il peut tout lire, changer et effacer, et ses propres traces.",
          "Donnez à chaque usage un rôle qui ne peut que ce qu'il faut ; gardez le maître pour l'administrateur, "
          "nommément."),
    articles=("32(1)(b)", "5(1)(c)"),
)  # fmt: skip

PUBLIC_GRANTS: Final = Rule(
    "database-public-grants", Severity.HIGH,
    Words("Every account may read these tables",
          "Rights on tables are given to PUBLIC, which is everybody with any account at all.",
          "REVOKE ALL ON the tables FROM PUBLIC, and grant to the roles that need them."),
    Words("Tous les comptes peuvent lire ces tables",
          "Des droits sur des tables sont donnés à PUBLIC, c'est-à-dire à tout compte, quel qu'il soit.",
          "REVOKE ALL ON ces tables FROM PUBLIC, puis accordez-les aux rôles qui en ont besoin."),
    failings=("R8",), articles=("32(1)(b)", "5(1)(c)"),
)  # fmt: skip

TABLE_SECRETS: Final = Rule(
    "passwords-in-tables", Severity.CRITICAL,
    Words("Passwords stand in a table in the clear",
          "A column holds passwords as they are typed. One reader of the table has them all.",
          "Store a slow hash (argon2id), reset every password, and never copy the column to another system."),
    Words("Des mots de passe en clair dans une table",
          "Une colonne contient des mots de passe tels qu'on les tape. Un seul lecteur de la table les a tous.",
          "Gardez un condensat lent (argon2id), réinitialisez chaque mot de passe, et ne copiez jamais la colonne dans "
          "un autre système."),
    failings=("R14",), articles=("32(1)(a)",),
)  # fmt: skip

TABLE_DATA: Final = Rule(
    "personal-data-in-tables", Severity.LOW,
    Words("This login reads patient data",
          "Tables that this account may read hold patients' data. In a laboratory's own system that is as it must be; "
          "in a copy, a test or a maintenance system it is not.",
          "If this is a copy, erase it or make its data nobody's. Otherwise, check who else may read these tables."),
    Words("Ce compte lit des données de patients",
          "Des tables que ce compte peut lire contiennent des données de patients. Dans le système du laboratoire, "
          "c'est normal ; dans une copie, un essai ou une télémaintenance, non.",
          "Si c'est une copie, effacez-la ou rendez ses données anonymes. Sinon, vérifiez qui d'autre lit ces tables."),
    failings=("R12",), articles=("5(1)(c)",), standing=Standing.NOTE,
)  # fmt: skip

SHARED_ACCOUNT: Final = Rule(
    "shared-account", Severity.HIGH,
    Words("One account from many networks",
          "The same account entered from several networks in a short time: most likely several people use it, and "
          "nobody can say who did what.",
          "Give each person an account of their own, with a second factor, and close this one."),
    Words("Un compte depuis plusieurs réseaux",
          "Le même compte est entré depuis plusieurs réseaux en peu de temps : sans doute sert-il à plusieurs "
          "personnes, et nul ne peut dire qui a fait quoi.",
          "Donnez à chaque personne un compte à elle, avec un second facteur, et fermez celui-ci."),
    failings=("R8",), articles=("32(1)(b)",),
)  # fmt: skip

SHARED_KEY: Final = Rule(
    "shared-key", Severity.HIGH,
    Words("One key opens several accounts",
          "The same public key is authorised for several accounts: whoever holds it is several people.",
          "One key for one person and one account; make new ones and remove this one everywhere."),
    Words("Une clé ouvre plusieurs comptes",
          "La même clé publique est autorisée pour plusieurs comptes : qui la tient est plusieurs personnes.",
          "Une clé pour une personne et un compte ; faites-en de nouvelles et retirez celle-ci partout."),
    failings=("R8",), articles=("32(1)(b)",),
)  # fmt: skip

MANY_KEYS: Final = Rule(
    "many-keys", Severity.MEDIUM,
    Words("One account with many keys",
          "Several keys enter one account. If they belong to several people, the account is shared.",
          "One account for one person; a machine's account has an owner and one key."),
    Words("Un compte avec plusieurs clés",
          "Plusieurs clés entrent dans un compte. Si elles sont à plusieurs personnes, le compte est partagé.",
          "Un compte pour une personne ; le compte d'une machine a un responsable et une seule clé."),
    failings=("R8",), articles=("32(1)(b)",),
)  # fmt: skip

GENERIC_ACCOUNT: Final = Rule(
    "generic-account", Severity.MEDIUM,
    Words("An account that names nobody",
          "The account's name is that of a group, a job or a test. Such accounts are mostly shared.",
          "Replace it by accounts of persons, or give the machine's account one owner and one key."),
    Words("Un compte qui ne nomme personne",
          "Le nom du compte est celui d'un groupe, d'un métier ou d'un essai. Ces comptes sont le "
          "plus souvent partagés.",
          "Remplacez-le par des comptes de personnes, ou donnez au compte de machine un responsable et une clé."),
    failings=("R8",), articles=("32(1)(b)",),
)  # fmt: skip

ANONYMOUS_SEEN: Final = Rule(
    "anonymous-in-log", Severity.CRITICAL,
    Words("Somebody came in anonymously",
          "The log shows logins without a name. What lay there at that time was public, and was visited.",
          "Switch anonymous access off, keep the log, and find out what was fetched: this may be a breach to notify "
          "within 72 hours (GDPR Art. 33)."),
    Words("Quelqu'un est entré anonymement",
          "Le journal montre des entrées sans nom. Ce qui s'y trouvait alors était public, et a été visité.",
          "Coupez l'accès anonyme, gardez le journal, et cherchez ce qui a été pris : c'est peut-être une violation à "
          "notifier sous 72 heures (art. 33 du RGPD)."),
    failings=("R7",), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

GUESSING: Final = Rule(
    "guessing-unanswered", Severity.HIGH,
    Words("Somebody guesses passwords, and nothing stops him",
          "The log shows a long row of failed logins from one address, which went on.",
          "Block addresses after a few failures (fail2ban or the server's own limits), alert somebody by name, and "
          "take keys in place of passwords."),
    Words("Quelqu'un devine des mots de passe, et rien ne l'arrête",
          "Le journal montre une longue suite d'échecs depuis une adresse, qui a continué.",
          "Bloquez les adresses après quelques échecs (fail2ban ou les limites du serveur), alertez quelqu'un "
          "nommément, et préférez les clés aux mots de passe."),
    failings=("R9",), articles=("32(1)(b)", "32(1)(d)"),
)  # fmt: skip

SECURITY_TXT: Final = Rule(
    "security-txt-missing", Severity.LOW,
    Words("Nobody says where to report a danger",
          "There is no /.well-known/security.txt (RFC 9116): whoever finds a hole does not know whom to tell.",
          "Publish one with a contact that is read."),
    Words("Personne ne dit où signaler un danger",
          "Il n'y a pas de /.well-known/security.txt (RFC 9116) : qui trouve une faille ne sait à qui le dire.",
          "Publiez-en un avec un contact qui est lu."),
    articles=("32(1)(d)",), standing=Standing.NOTE,
)  # fmt: skip

OLD_VERSION: Final = Rule(
    "old-version", Severity.MEDIUM,
    Words("The server names an old version",
          "The greeting tells a version that its makers have left. A distribution may have mended it since; the "
          "greeting does not say.",
          "Bring the system up to date, and check with its maker that this version still gets mends."),
    Words("Le serveur annonce une version ancienne",
          "L'accueil donne une version que ses auteurs ont quittée. Une distribution a pu la corriger depuis ; "
          "l'accueil ne le dit pas.",
          "Mettez le système à jour, et vérifiez chez son éditeur que cette version est encore corrigée."),
    articles=("32(1)(d)",),
)  # fmt: skip

NOT_LOOKED_AT: Final = Rule(
    "not-looked-at", Severity.LOW,
    Words("Not looked at",
          "This part was not looked at; nothing is said of it, neither good nor bad.",
          "Remove the reason that is given, and run again."),
    Words("Pas regardé",
          "Cette partie n'a pas été regardée ; rien n'en est dit, ni en bien ni en mal.",
          "Levez la raison donnée, et relancez."),
    standing=Standing.UNSEEN,
)  # fmt: skip

FROM_INSIDE: Final = Rule(
    "seen-from-inside-only", Severity.LOW,
    Words("Cannot be seen from outside",
          "Whether logs are kept and read, how long files stay, and who shares an account does not show from outside.",
          "Inspect the server's folders on the machine itself, and give its logs and account files with --log."),
    Words("Ne se voit pas de dehors",
          "Si les journaux sont tenus et lus, combien de temps restent les fichiers, qui partage un compte : cela ne "
          "se voit pas de dehors.",
          "Inspectez les dossiers du serveur sur la machine même, et donnez ses journaux et fichiers de comptes avec "
          "--log."),
    failings=("R6", "R8", "R9"), standing=Standing.UNSEEN,
)  # fmt: skip

RULES_SERVERS: Final = (
    ANONYMOUS_LOGIN, GUESSABLE_LOGIN, OPEN_LISTING, OPEN_DATA, CLEAR_DATA, CLEAR_FTP, CLEAR_HTTP, CLEAR_DATABASE, TRUST,
    SUPERUSER, PUBLIC_GRANTS, TABLE_SECRETS, TABLE_DATA, SHARED_ACCOUNT, SHARED_KEY, MANY_KEYS, GENERIC_ACCOUNT,
    ANONYMOUS_SEEN, GUESSING, SECURITY_TXT, OLD_VERSION, NOT_LOOKED_AT, FROM_INSIDE,
)  # fmt: skip

COUNTED_SERVERS: Final[dict[str, tuple[str, str]]] = {
    "accounts": ("accounts", "comptes"),
    "addresses": ("addresses", "adresses"),
    "days": ("days", "jours"),
    "failures": ("failed logins", "échecs"),
    "files": ("files", "fichiers"),
    "folders": ("folders", "dossiers"),
    "keys": ("keys", "clés"),
    "algorithms": ("algorithms", "algorithmes"),
    "ciphers": ("ciphers", "suites"),
    "logins": ("logins", "entrées"),
    "networks": ("networks", "réseaux"),
    "rows": ("rows looked at", "lignes regardées"),
    "tables": ("tables", "tables"),
}
FACTS_SERVERS: Final[dict[str, tuple[str, str]]] = {
    "empty-password": ("with an empty password", "avec un mot de passe vide"),
    "mail-as-password": ("with a mail address as password", "avec une adresse pour mot de passe"),
    "no-password": ("without a password", "sans mot de passe"),
    "tls-not-offered": ("TLS is not offered", "TLS n'est pas proposé"),
    "tls-not-demanded": ("TLS is offered and not demanded", "TLS est proposé sans être exigé"),
    "no-answer": ("no answer", "pas de réponse"),
    "tool-missing": ("is not installed", "n'est pas installé"),
    "tool-left-out": ("was left out", "a été laissé de côté"),
    "tool-failed": ("gave no result", "n'a rien donné"),
    "limit-files": ("the limit of files was reached", "la limite de fichiers est atteinte"),
    "limit-bytes": ("the limit of bytes was reached", "la limite d'octets est atteinte"),
    "limit-requests": ("the limit of requests was reached", "la limite de requêtes est atteinte"),
    "limit-names": ("there are more accounts and addresses than are told",
                    "il y a plus de comptes et d'adresses qu'il n'en est dit"),
    "limit-time": ("the limit of time was reached", "la limite de temps est atteinte"),
    "not-allowed": ("access was refused", "l'accès est refusé"),
    "no-login-given": ("no login was given", "aucun compte n'a été donné"),
    "login-refused": ("the given login was refused", "le compte donné est refusé"),
    "unreadable": ("it could not be read", "lecture impossible"),
    "unknown-form": ("its form is not known", "sa forme est inconnue"),
    "login": ("the login that was given", "le compte donné"),
    "login-methods": ("ways to log in", "façons de s'authentifier"),
    "certificate-not-believed": ("its certificate is not believed", "son certificat n'est pas reconnu"),
    "tables": ("tables", "tables"),
    "password": ("by password", "par mot de passe"),
    "keyboard-interactive": ("by questions (keyboard-interactive)", "par questions (keyboard-interactive)"),
    "right-select": ("may read", "peut lire"),
    "right-insert": ("may add", "peut ajouter"),
    "right-update": ("may change", "peut changer"),
    "right-delete": ("may erase", "peut effacer"),
    "right-truncate": ("may empty", "peut vider"),
    "right-references": ("may refer to", "peut s'y référer"),
    "right-trigger": ("may add triggers", "peut y mettre des déclencheurs"),
    "table-grants": ("rights on tables", "des droits sur des tables"),
    "logs": ("logs", "journaux"),
    "retention": ("retention", "conservation"),
    "shared-accounts": ("shared accounts", "comptes partagés"),
}  # fmt: skip
