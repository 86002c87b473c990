"""French for the messages of sources, destinations and mailboxes; ``{}`` as in ``messages_fr_rules``."""

FRENCH_SYSTEMS: dict[str, str] = {
    # destinations
    "{}.{} has no unique key of its own, and rows are merged by it":
        "{1}.{2} n'a pas de clé unique à elle seule, et les lignes sont fusionnées par elle",
    "make it unique, or load an empty table with mode: swap":
        "rendez-la unique, ou chargez une table vide avec mode: swap",
    "table {} cannot be swapped: {}": "la table {1} ne peut être échangée : {2}",
    "use mode: merge": "employez mode: merge",
    "use mode: merge, or an empty table": "employez mode: merge, ou une table vide",
    "{}.{} is computed by the database": "{1}.{2} est calculée par la base",
    "{}.{} is {}, which does not hold {} exactly": "{1}.{2} est {3}, qui ne contient pas {4} exactement",
    "ordered, and mapped to no column of {}": "ordonné, et sans colonne où aller dans {1}",
    "{}.{} must not be null, and the order does not carry it":
        "{1}.{2} ne doit pas être nulle, et l'ordre ne l'apporte pas",
    "it must not be null": "elle ne doit pas être nulle",
    "it is no whole number as the column would write it":
        "ce n'est pas un nombre entier tel que la colonne l'écrirait",
    "it is not a whole date": "ce n'est pas une date entière",
    "column {} ({}) cannot hold {} rows: the profile has no code for them":
        "la colonne {1} ({2}) ne peut contenir {3} lignes : le profil n'a pas de code pour elles",
    "column {} is computed by the database": "la colonne {1} est calculée par la base",
    "column {} must not be null, and the constant is": "la colonne {1} ne doit pas être nulle, et la constante l'est",
    "column {} is {}, and the constant is not": "la colonne {1} est {2}, et la constante ne l'est pas",
    "column {} ({}) cannot hold the constant exactly": "la colonne {1} ({2}) ne peut contenir la constante exactement",
    "column {} must not be null, and nothing goes there": "la colonne {1} ne doit pas être nulle, et rien n'y va",
    "column {} is {}, and codes are texts or whole numbers":
        "la colonne {1} est {2}, et les codes sont des textes ou des nombres entiers",
    "codes are given for a field of texts": "les codes se donnent pour un champ de textes",
    "a destination in memory takes fields in one table, as they are":
        "une destination en mémoire prend les champs dans une seule table, tels quels",
    "the server does not know the profile's zone": "le serveur ne connaît pas le fuseau du profil",
    "give an offset, as +00:00": "donnez un décalage, comme +00:00",
    "spaces at the end would be lost": "des espaces à la fin seraient perdus",
    "a floating number keeps 15 digits": "un nombre flottant garde 15 chiffres",
    "too long": "trop long",
    "the text has a NUL character": "le texte contient un caractère NUL",
    "fractions of a second would be lost": "des fractions de seconde seraient perdues",
    "the time of day would be lost": "l'heure serait perdue",
    "column {} ({}) cannot hold {} rows: {}": "la colonne {1} ({2}) ne peut contenir {3} lignes : {4t}",
    "column {} ({}) cannot hold {} rows: out of range, or digits would be lost":
        "la colonne {1} ({2}) ne peut contenir {3} lignes : hors limites, ou des chiffres seraient perdus",
    "column {} cannot hold at least {} rows: {}": "la colonne {1} ne peut contenir au moins {2} lignes : {3t}",
    "column {} of the target holds values that cannot have been loaded":
        "la colonne {1} de la cible contient des valeurs qui n'ont pu être chargées",
    "column {} of the target holds infinity, which was not loaded":
        "la colonne {1} de la cible contient l'infini, qui n'a pas été chargé",
    "the connection to the destination was lost while reading back":
        "la connexion à la destination s'est perdue pendant la relecture",
    "the destination refuses to be read back, or holds values of other types":
        "la destination refuse d'être relue, ou contient des valeurs d'autres types",
    "the destination holds values of other types than were loaded":
        "la destination contient des valeurs d'autres types que celles chargées",
    "batch {} was already loaded, from another parcel": "le lot {1} a déjà été chargé, depuis un autre colis",
    "batch {} comes too late: this order is {} here": "le lot {1} vient trop tard : cet ordre est {2} ici",
    "table {} or its staging table is gone": "la table {1} ou sa table d'attente a disparu",
    "{} keys already stand in table {} with other values ({})":
        "{1} clés sont déjà dans la table {2} avec d'autres valeurs ({3})",
    "{} values of keys that already stand in table {} differ":
        "{1} valeurs de clés déjà présentes dans la table {2} diffèrent",
    "{}.{}: {} keys come more than once, as this column compares them":
        "{1}.{2} : {3} clés viennent plus d'une fois, telles que cette colonne les compare",
    "{}.{}: keys come more than once": "{1}.{2} : des clés viennent plus d'une fois",
    "the destination is not prepared for this order": "la destination n'est pas préparée pour cet ordre",
    "nothing to publish: this order is {} here": "rien à publier : cet ordre est {1} ici",
    "nothing to read back: this order is not published here, or finished":
        "rien à relire : cet ordre n'est pas publié ici, ou il est terminé",
    "a publication is under way": "une publication est en cours",
    "publish again first": "publiez d'abord de nouveau",
    "table {} is swapped for {}, and {} goes there": "la table {1} est échangée pour {2}, et {3} y va",
    "{}: the ledger says {} rows, its staging table has {}":
        "{1} : le registre dit {2} lignes, sa table d'attente en a {3}",
    "table {} was used since the order was prepared: it cannot be swapped":
        "la table {1} a servi depuis que l'ordre est préparé : elle ne peut être échangée",
    "another session holds what this step needs (error {})":
        "une autre session tient ce dont cette étape a besoin (erreur {1})",
    "another session holds what this step needs (SQLSTATE {})":
        "une autre session tient ce dont cette étape a besoin (SQLSTATE {1})",
    "another process writes to the destination's database": "un autre processus écrit dans la base de destination",
    "it has characters that the column's character set lacks":
        "il a des caractères que le jeu de caractères de la colonne n'a pas",
    "error {}": "erreur {1}",
    "the destination refuses a statement": "la destination refuse une instruction",
    "the destination refuses a statement (error {})": "la destination refuse une instruction (erreur {1})",
    "the destination refuses a statement (SQLSTATE {})": "la destination refuse une instruction (SQLSTATE {1})",
    "the target": "la cible",
    "the target: unique key {} refuses rows": "la cible : la clé unique {1} refuse des lignes",
    "the target: foreign key {} refuses rows": "la cible : la clé étrangère {1} refuse des lignes",
    "{}: unique constraint {} refuses rows": "{1t} : la contrainte d'unicité {2} refuse des lignes",
    "{}: foreign key {} refuses rows": "{1t} : la clé étrangère {2} refuse des lignes",
    "{}: check constraint {} refuses rows": "{1t} : la contrainte de contrôle {2} refuse des lignes",
    "{}: column {} must not be null": "{1t} : la colonne {2} ne doit pas être nulle",
    "a {} constraint of the target refuses rows{}": "une contrainte {1} de la cible refuse des lignes{2}",
    "the server refuses the login, or has no such database (error {})":
        "le serveur refuse l'entrée, ou n'a pas cette base (erreur {1})",
    "the role lacks a privilege that the load needs": "il manque au rôle un droit que le chargement demande",
    "the password stands in ECLUSE_DESTINATION_PASSWORD":
        "le mot de passe se met dans ECLUSE_DESTINATION_PASSWORD",
    "{}: the server did not take every row": "{1} : le serveur n'a pas pris toutes les lignes",
    "{} is not a table of InnoDB, and only InnoDB has transactions":
        "{1} n'est pas une table InnoDB, et seul InnoDB a des transactions",
    "{} got rows while it was swapped: they are in {}":
        "{1} a reçu des lignes pendant son échange : elles sont dans {2}",
    "the server does not take LOAD DATA LOCAL": "le serveur n'accepte pas LOAD DATA LOCAL",
    "the server has no room left (SQLSTATE {})": "le serveur n'a plus de place (SQLSTATE {1})",
    "the server has no room left, or lost a file of its own (error {})":
        "le serveur n'a plus de place, ou a perdu un de ses fichiers (erreur {1})",
    "the destination's database file cannot be written": "le fichier de la base de destination ne s'écrit pas",
    "the profile is one of {}, the destination is {}": "le profil est pour {1}, la destination est {2}",
    "column {}: {} texts are longer than FHIR's 1,048,576 characters":
        "colonne {1} : {2} textes dépassent les 1 048 576 caractères de FHIR",
    # mailboxes
    "not a name that a mailbox takes": "ce n'est pas un nom qu'une boîte aux lettres accepte",
    "cannot be copied": "ne se copie pas",
    "write it TABLE.COLUMN": "écrivez TABLE.COLONNE",
    # files
    "column {} holds bytes that are no UTF-8": "la colonne {1} contient des octets qui ne sont pas de l'UTF-8",
    "convert it in the profile, as convert_from does": "convertissez-la dans le profil, comme le fait convert_from",
    "its encoding is not known": "son encodage n'est pas connu",
    "must be of one byte a character, or utf-8": "doit avoir un octet par caractère, ou être utf-8",
    "the file changed while it was being read": "le fichier a changé pendant sa lecture",
    "the file has memos, and no memo file beside it": "le fichier a des mémos, et pas de fichier de mémos à côté",
    "the file ends before the records that its header counts":
        "le fichier finit avant les enregistrements que compte son en-tête",
    "this is no dBase or FoxPro table": "ce n'est pas une table dBase ou FoxPro",
    "the table is encrypted": "la table est chiffrée",
    "its header is damaged": "son en-tête est abîmé",
    "the file ends within its header": "le fichier finit dans son en-tête",
    "its header is damaged: fields and record length do not agree, or two have one name":
        "son en-tête est abîmé : champs et longueur d'enregistrement ne s'accordent pas, ou deux ont un même nom",
    "field {} of its header is damaged": "le champ {1} de son en-tête est abîmé",
    "its memo file is empty": "son fichier de mémos est vide",
    "the file is empty: it needs a header": "le fichier est vide : il lui faut un en-tête",
    "a quote is opened and never closed": "un guillemet s'ouvre et ne se ferme jamais",
    "a blank line": "une ligne vide",
    "{} fields where the header has {}": "{1} champs là où l'en-tête en a {2}",
    "a carriage return without a line feed": "un retour chariot sans saut de ligne",
    "bytes that are no {}": "des octets qui ne sont pas de l'encodage {1}",
    "a quote neither at a field's ends nor doubled": "un guillemet ni au bord d'un champ ni doublé",
    "column {} of the header has no name": "la colonne {1} de l'en-tête n'a pas de nom",
    "column {} of the header has the name of another": "la colonne {1} de l'en-tête porte le nom d'une autre",
    "a record begins that does not end: is a quote unbalanced?":
        "un enregistrement commence et ne finit pas : un guillemet de trop ?",
    "is the delimiter too": "est aussi le délimiteur",
    "must be one ASCII character, no line end": "doit être un caractère ASCII, pas une fin de ligne",
    "{} is no field, as {} is": "{1} n'est pas un champ, comme l'est {2}",
    "{} is given twice": "{1} est donné deux fois",
    "a line does not end": "une ligne ne finit pas",
    "more than {} messages cannot be read": "plus de {1} messages sont illisibles",
    "the first: {}": "le premier : {1}",
    "messages are in UTF-8, or in one byte a character": "les messages sont en UTF-8, ou à un octet par caractère",
    "MSH-1 and MSH-2 have no parts": "MSH-1 et MSH-2 n'ont pas de parties",
    "the file is not there, or may not be read": "le fichier n'est pas là, ou ne peut être lu",
    "the file is empty, or may not be read": "le fichier est vide, ou ne peut être lu",
    "the file is not there": "le fichier n'est pas là",
    "the files are not those that the plan was made on": "les fichiers ne sont pas ceux du plan",
    "no file is so named": "aucun fichier ne porte ce nom",
    "the file is outside the source's folder": "le fichier est hors du dossier de la source",
    "a source of files needs its files declared": "une source de fichiers demande que ses fichiers soient déclarés",
    "this is no workbook, or it is damaged or encrypted": "ce n'est pas un classeur, ou il est abîmé ou chiffré",
    "the workbook is damaged": "le classeur est abîmé",
    "what read the file died of it: it is damaged, or too large for this machine":
        "ce qui lisait le fichier en est mort : il est abîmé, ou trop grand pour cette machine",
    "a header of more than {} columns": "un en-tête de plus de {1} colonnes",
    "no process can be started to read the file": "aucun processus ne peut être lancé pour lire le fichier",
    "the workbook unpacks to more than 2 GiB": "le classeur se déplie à plus de 2 Gio",
    "the workbook has no sheet of that name": "le classeur n'a pas de feuille de ce nom",
    "the workbook has several sheets: say which, in part":
        "le classeur a plusieurs feuilles : dites laquelle, par part",
    "the sheet is empty: it needs a row of names": "la feuille est vide : il lui faut une ligne de noms",
    "column {} of the first row has no name": "la colonne {1} de la première ligne n'a pas de nom",
    "column {} of the first row has the name of another":
        "la colonne {1} de la première ligne porte le nom d'une autre",
    "a list of more than 256 MiB; give it as lines (NDJSON)":
        "une liste de plus de 256 Mio ; donnez-la en lignes (NDJSON)",
    "the list does not parse from here on": "la liste ne se lit plus à partir d'ici",
    "the list ends before the file does": "la liste finit avant le fichier",
    "begins as UTF-8 does, and is declared as {}": "commence comme de l'UTF-8, et est déclaré en {1}",
    "is no path": "n'est pas un chemin",
    "makes a column that is there already": "fait une colonne qui y est déjà",
    "it has no column that is not nested": "il n'a que des colonnes imbriquées",
    "its footer is damaged": "son pied est abîmé",
    "this is no Parquet file, or it is damaged or encrypted":
        "ce n'est pas un fichier Parquet, ou il est abîmé ou chiffré",
    "bytes that are no UTF-8": "des octets qui ne sont pas de l'UTF-8",
    "names is exact or folded": "names vaut exact ou folded",
    # dumps
    "a dump is of postgresql or mysql": "une sauvegarde est de postgresql ou de mysql",
    "install MariaDB's client 10.5.25, 10.6.18, 10.11.8, 11.4.2 or newer":
        "installez le client de MariaDB 10.5.25, 10.6.18, 10.11.8, 11.4.2 ou plus récent",
    "install psql 13.22, 14.19, 15.14, 16.10, 17.6 or newer":
        "installez psql 13.22, 14.19, 15.14, 16.10, 17.6 ou plus récent",
    "is it whole, and of no newer PostgreSQL?": "est-elle entière, et pas d'un PostgreSQL plus récent ?",
    "pg_restore cannot read the dump": "pg_restore ne lit pas la sauvegarde",
    "say which: ?database=name in the source's URL": "dites laquelle : ?database=nom dans l'URL de la source",
    "that is no snapshot of a dump's": "ce n'est pas un instantané d'une sauvegarde",
    "the dump holds several databases": "la sauvegarde contient plusieurs bases",
    "the dump is cut off: its end did not reach the server":
        "la sauvegarde est coupée : sa fin n'est pas arrivée au serveur",
    "the dump of the source is not there, or is no file":
        "la sauvegarde de la source n'est pas là, ou n'est pas un fichier",
    "the encoding in the source's URL is not one of PostgreSQL's":
        "l'encodage de l'URL de la source n'est pas de ceux de PostgreSQL",
    "this mariadb client would run the commands that a dump may hold":
        "ce client mariadb exécuterait les commandes que peut contenir une sauvegarde",
    "this psql would run the commands that a dump may hold":
        "ce psql exécuterait les commandes que peut contenir une sauvegarde",
    "the dump's compression is broken: the file is not whole":
        "la compression de la sauvegarde est rompue : le fichier n'est pas entier",
    "the dump cannot be read: it must be one file": "la sauvegarde ne se lit pas : il faut un seul fichier",
    "the dump does not load: error {} at line {}": "la sauvegarde ne se charge pas : erreur {1} à la ligne {2}",
    "the dump does not load: its client ended with {}": "la sauvegarde ne se charge pas : son client a fini par {1}",
    "load it by hand to see the server's words": "chargez-la à la main pour voir ce que dit le serveur",
    "is it whole?": "est-elle entière ?",
    "a dump of this size needs about {} MB of memory to be read in":
        "une sauvegarde de cette taille demande environ {1} Mo de mémoire pour être lue",
    "give it room: a larger tmpfs, or ?scratch=/path of an encrypted disk":
        "donnez-lui de la place : un plus grand tmpfs, ou ?scratch=/chemin d'un disque chiffré",
    "{} is not installed, which reads such dumps": "{1} n'est pas installé, qui lit de telles sauvegardes",
    "{} failed for the throw-away server (exit {})": "{1} a échoué pour le serveur jetable (code {2})",
    "the throw-away server did not start": "le serveur jetable n'a pas démarré",
    "is there memory enough for it?": "y a-t-il assez de mémoire pour lui ?",
    "a row of {} has no {}: it cannot be loaded exactly once":
        "une ligne de {1} n'a pas de {2} : elle ne peut être chargée exactement une fois",
    # engines
    "DuckDB does not take an extension": "DuckDB ne prend pas une extension",
    "reinstall 'ecluse[migration]'": "réinstallez 'ecluse[migration]'",
    "{} is not installed": "{1} n'est pas installé",
    "{} is not the one of DuckDB {}": "{1} n'est pas celle de DuckDB {2}",
    "install equal versions": "installez des versions égales",
    "the Firebird database cannot be opened: it is not there, or another engine holds it":
        "la base Firebird ne s'ouvre pas : elle n'est pas là, ou un autre moteur la tient",
    "the connection, and its snapshot, are gone": "la connexion, et son instantané, sont perdus",
    "the SQLite file cannot be opened, or somebody has locked it":
        "le fichier SQLite ne s'ouvre pas, ou quelqu'un l'a verrouillé",
    "a text column holds bytes outside its declared encoding":
        "une colonne de texte contient des octets hors de son encodage déclaré",
    "it names a column or function that is not there": "elle nomme une colonne ou une fonction qui n'existe pas",
    "it names a table or function that is not there": "elle nomme une table ou une fonction qui n'existe pas",
    "syntax error": "erreur de syntaxe",
    "a value does not convert to the type that the query asks":
        "une valeur ne se convertit pas au type que demande la requête",
    "a value is out of the range of its type": "une valeur est hors des limites de son type",
    "permission denied": "accès refusé",
    "permission denied, errno {}": "accès refusé, errno {1}",
    "errno {}": "errno {1}",
    "it would write, and sources are read-only": "elle écrirait, et les sources sont en lecture seule",
    "it would write a file, and sources are read-only":
        "elle écrirait un fichier, et les sources sont en lecture seule",
    "it would step a generator, and sources are read-only":
        "elle avancerait un générateur, et les sources sont en lecture seule",
    "it gives no rows, and sources are read-only": "elle ne rend pas de lignes, et les sources sont en lecture seule",
    "it must be one SELECT, and sources are read-only":
        "il faut un seul SELECT, et les sources sont en lecture seule",
    "it holds characters that {} has not": "elle contient des caractères que {1} n'a pas",
    "a numeric column holds NaN; cast it to text in the profile":
        "une colonne numérique contient NaN ; convertissez-la en texte dans le profil",
    "the query needs more memory than it may have": "la requête demande plus de mémoire qu'elle n'en a le droit",
    "raise memory_mb": "augmentez memory_mb",
    "column {} holds bytes that are not of the character set {}":
        "la colonne {1} contient des octets hors du jeu de caractères {2}",
    "declare what the database holds in the source's URL, such as ?charset=WIN1252":
        "déclarez dans l'URL de la source ce que contient la base, comme ?charset=WIN1252",
    "the Firebird client gave part of a row": "le client Firebird a donné une partie de ligne",
    "column {} is of a type that is not read ({})": "la colonne {1} est d'un type qui ne se lit pas ({2})",
    "read it with CAST({} AS VARCHAR(64)) in the profile": "lisez-la par CAST({1} AS VARCHAR(64)) dans le profil",
    "read it with CAST({} AS CHAR) in the profile, and parse it":
        "lisez-la par CAST({1} AS CHAR) dans le profil, et analysez-la",
    "there is no place to work in that is in memory or on an encrypted disk":
        "il n'y a pas d'endroit où travailler qui soit en mémoire ou sur un disque chiffré",
    "mount a tmpfs, or name a folder on one: ?scratch=/path in the source's URL":
        "montez un tmpfs, ou nommez un dossier qui s'y trouve : ?scratch=/chemin dans l'URL de la source",
    "the folder to work in cannot be made": "le dossier de travail ne peut être créé",
    "the folder to work in is not this account's alone": "le dossier de travail n'est pas à ce seul compte",
    "remove it, or chmod 700": "ôtez-le, ou chmod 700",
    "a text column holds bytes that are not of the connection's character set":
        "une colonne de texte contient des octets hors du jeu de caractères de la connexion",
    "the source is no Firebird database, or one of another version's format":
        "la source n'est pas une base Firebird, ou au format d'une autre version",
    "back it up with its own version's gbak, and restore it under Firebird 3 or newer":
        "sauvegardez-la avec le gbak de sa version, et restaurez-la sous Firebird 3 ou plus récent",
    "the Firebird file of the source is not there": "le fichier Firebird de la source n'est pas là",
    "Firebird 3 has no snapshot that another connection could adopt":
        "Firebird 3 n'a pas d'instantané qu'une autre connexion puisse adopter",
    "the charset in the source's URL is not one of Firebird's":
        "le charset de l'URL de la source n'est pas de ceux de Firebird",
    "wirecrypt is on or off": "wirecrypt vaut on ou off",
    "tls is on or off": "tls vaut on ou off",
    "two streams on one MySQL connection": "deux flux sur une même connexion MySQL",
    "column {} holds values outside its own type or encoding":
        "la colonne {1} contient des valeurs hors de son type ou de son encodage",
    "column {} holds incomplete dates, such as a month without a day":
        "la colonne {1} contient des dates incomplètes, comme un mois sans jour",
    "MariaDB and MySQL have no snapshot that another connection could adopt":
        "MariaDB et MySQL n'ont pas d'instantané qu'une autre connexion puisse adopter",
    "SQLite has no snapshot that another connection could adopt":
        "SQLite n'a pas d'instantané qu'une autre connexion puisse adopter",
    "the snapshot that the plan was made on is gone": "l'instantané du plan n'existe plus",
    "that is no snapshot of PostgreSQL's": "ce n'est pas un instantané de PostgreSQL",
    "column {} holds infinity, which is no date": "la colonne {1} contient l'infini, qui n'est pas une date",
    "cast it to text in the profile": "convertissez-la en texte dans le profil",
    "two columns of the query have one name": "deux colonnes de la requête ont un même nom",
    "give each an alias": "donnez un alias à chacune",
    "a column of the query has no name": "une colonne de la requête n'a pas de nom",
    "give it an alias": "donnez-lui un alias",
    "the passfile cannot be read": "le fichier de mots de passe ne se lit pas",
    "unknown option in the source's URL, among: {}": "option inconnue dans l'URL de la source ; parmi : {1}",
    "the source's URL names no path": "l'URL de la source ne nomme pas de chemin",
    "column {} holds text that is neither UTF-8 nor {} ({} different values in one batch)":
        "la colonne {1} contient du texte qui n'est ni UTF-8 ni {2t} ({3} valeurs différentes dans un lot)",
    "declared otherwise": "déclaré autrement",
    "declare it in the source's URL, such as ?encoding=cp1252":
        "déclarez-le dans l'URL de la source, comme ?encoding=cp1252",
    "the encoding in the source's URL is not known": "l'encodage de l'URL de la source n'est pas connu",
}  # fmt: skip
