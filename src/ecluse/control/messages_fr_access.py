"""French for what is said of Access databases; ``{}`` as in ``messages_fr_rules``."""

FRENCH_ACCESS: dict[str, str] = {
    "a map of pages is none": "une table de pages n'en est pas une",
    "a page has more rows than fit": "une page a plus de lignes qu'elle n'en tient",
    "a page's rows overlap": "les lignes d'une page se chevauchent",
    "a row that it points at is another table's, or none":
        "une ligne vers laquelle elle pointe est d'une autre table, ou n'en est pas une",
    "a row that was moved is not found": "une ligne déplacée ne se retrouve pas",
    "a table has fewer rows than it says": "une table a moins de lignes qu'elle ne dit",
    "a table's definition is cut short": "la définition d'une table est coupée",
    "a table's definition is not where it should be": "la définition d'une table n'est pas à sa place",
    "a table's definition makes no sense": "la définition d'une table n'a pas de sens",
    "compact and repair a copy of it in Access": "faites-en compacter et réparer une copie par Access",
    "decrypt a copy of it in Access": "faites-en déchiffrer une copie par Access",
    "it ends within a page": "elle finit au milieu d'une page",
    "it points at a page that is not there": "elle pointe vers une page qui n'existe pas",
    "it points at a row that is not there": "elle pointe vers une ligne qui n'existe pas",
    "its catalogue is none": "son catalogue n'en est pas un",
    "its rows overlap": "ses lignes se chevauchent",
    "take the password off a copy of it in Access": "retirez le mot de passe d'une copie, dans Access",
    "text of Access 2000 and later is Unicode: declare none":
        "le texte d'Access 2000 et suivants est de l'Unicode : ne déclarez pas d'encodage",
    "text of Access 97 and before has no encoding of its own: declare it":
        "le texte d'Access 97 et avant n'a pas d'encodage à lui : déclarez-le",
    "the database has no table": "la base n'a aucune table",
    "the database has no table of that name": "la base n'a pas de table de ce nom",
    "the database is damaged: {}": "la base est abîmée : {1t}",
    "the database is encrypted": "la base est chiffrée",
    "the database is protected by a password": "la base est protégée par un mot de passe",
    "the table is linked: its rows are in another database":
        "la table est liée : ses lignes sont dans une autre base",
    "this is no Access database, or one of an unknown version":
        "ceci n'est pas une base Access, ou elle est d'une version inconnue",
    "two columns of a table have one name, or none": "deux colonnes d'une table ont un même nom, ou aucun",
    "two tables have one name": "deux tables ont un même nom",
}  # fmt: skip
