"""French for the messages of ODBC and of what reads by it; ``{}`` as in ``messages_fr_rules``."""

FRENCH_ODBC: dict[str, str] = {
    "the source's URL says another engine than {}": "l'URL de la source dit un autre moteur que {1}",
    "an engine with ODBC is a database": "un moteur joint par ODBC est une base de données",
    "text is utf16 or utf8; of mysql, utf8": "text vaut utf16 ou utf8 ; de mysql, utf8",
    "{} is a number up to {}": "{1} est un nombre jusqu'à {2}",
    "by ODBC there is no snapshot that another connection could adopt":
        "par ODBC, il n'y a pas d'instantané qu'une autre connexion pourrait adopter",
    "two streams on one ODBC connection": "deux lectures sur une même connexion ODBC",
    "the connection is gone": "la connexion est perdue",
    "there is no such ODBC driver or data source here": "il n'y a pas ici ce pilote ni cette source de données ODBC",
    "a value is longer than this source may give": "une valeur est plus longue que cette source ne peut donner",
    "raise max_text ({}) or max_binary in the source's URL": "augmentez max_text ({1}) ou max_binary dans l'URL",
    "a text column holds what is no text": "une colonne de texte contient ce qui n'est pas du texte",
    "try ?text=utf8 in the source's URL": "essayez ?text=utf8 dans l'URL de la source",
    "an option in the source's URL is no keyword of ODBC's": "une option de l'URL n'est pas un mot-clé d'ODBC",
    "the source's URL names neither a data source nor a driver": "l'URL ne nomme ni source de données ni pilote",
    "it would write or lock, and sources are read-only":
        "elle écrirait ou verrouillerait ; les sources ne sont que lues",
    "column {} holds times finer than a microsecond":
        "la colonne {1} contient des heures plus fines que la microseconde",
    "cast it in the profile": "convertissez-la dans le profil",
    "{} is read by its ODBC driver": "{1} se lit par son pilote ODBC",
    "a source of dialect {} cannot be looked at yet": "une source du dialecte {1} ne peut pas encore être regardée",
    "write the profile by hand, and prove it with profile check":
        "écrivez le profil à la main, et prouvez-le par profile check",
}  # fmt: skip
