"""French of what is wrong with a rule of the watch, or with recorded events."""

FRENCH_WATCH: dict[str, str] = {
    "a correlation has no logsource, and groups by group-by alone":
        "une corrélation n'a pas de logsource, et ne groupe que par group-by",
    "a detection has at least one search": "une détection a au moins une recherche",
    "a detection is searches by name, and a condition":
        "une détection, ce sont des recherches nommées et une condition",
    "a field is given one value, or a list of up to {}": "un champ reçoit une valeur, ou une liste de {1} au plus",
    "a line longer than {} bytes": "une ligne de plus de {1} octets",
    "a list of texts is needed here": "il faut ici une liste de textes",
    "a name that another rule has": "un nom qu'une autre règle a déjà",
    "a rule has a detection, or a correlation, and not both":
        "une règle a une détection ou une corrélation, et non les deux",
    "a search is fields with values, or a list of such; words alone are not searched for":
        "une recherche, ce sont des champs avec des valeurs, ou une liste de cela ; des mots seuls ne se cherchent pas",
    "a search's name is of small letters, digits and _":
        "le nom d'une recherche est de minuscules, de chiffres et de _",
    "a rule's name is of small letters, digits and _": "le nom d'une règle est de minuscules, de chiffres et de _",
    "a short text is needed here": "il faut ici un texte court",
    "a tag is written namespace.name, in small letters": "une étiquette s'écrit espace.nom, en minuscules",
    "a text of up to {} characters is needed here": "il faut ici un texte de {1} caractères au plus",
    "a whole number from 1 to {}": "un nombre entier de 1 à {1}",
    "an alias is a name that no field has": "un alias est un nom qu'aucun champ n'a",
    "an alias names one field of each rule of the correlation":
        "un alias nomme un champ de chaque règle de la corrélation",
    "an event is an object with the fields {}": "un événement est un objet aux champs {1}",
    "an id that another file has": "un id qu'un autre fichier a déjà",
    "an instant with its zone is needed here: 2026-01-31T08:00:00Z":
        "il faut ici un instant avec son fuseau : 2026-01-31T08:00:00Z",
    "an unknown modifier; allowed: {}": "un modificateur inconnu ; permis : {1}",
    "at least one is needed here": "il en faut ici au moins un",
    "clock is for the service watch, counted for a detection":
        "clock est pour le service watch, counted pour une détection",
    "compare with whole numbers": "comparez à des nombres entiers",
    "each rule once; two or more where they come after one another":
        "chaque règle une fois ; deux ou plus quand elles se suivent",
    "exists is true or false": "exists vaut true ou false",
    "fields with values are needed here": "il faut ici des champs avec des valeurs",
    "gte or gt with a number, and field where values are counted or summed":
        "gte ou gt avec un nombre, et field quand des valeurs sont comptées ou sommées",
    "it counts a rule that raises alerts itself: say generate: true":
        "elle compte une règle qui lève elle-même des alertes : dites generate: true",
    "more than {} rules": "plus de {1} règles",
    "names with short texts or whole numbers are needed here":
        "il faut ici des noms avec des textes courts ou des nombres entiers",
    "no event has such a field; allowed: {}, {}…": "aucun événement n'a un tel champ ; permis : {1}, {2}…",
    "no rule of this id ships: nothing to switch off": "aucune règle de cet id n'est livrée : rien à éteindre",
    "no such rule, or one that is a correlation itself":
        "pas de telle règle, ou une règle qui est elle-même une corrélation",
    "no wildcards, backslashes or empty texts: use contains, startswith or endswith":
        "ni jokers, ni barres obliques inverses, ni textes vides : prenez contains, startswith ou endswith",
    "not a UUID in small letters": "pas un UUID en minuscules",
    "not a line of JSON": "pas une ligne de JSON",
    "not a network: write 192.0.2.0/24 or 2001:db8::/48": "pas un réseau : écrivez 192.0.2.0/24 ou 2001:db8::/48",
    "rules that come together have no number": "des règles qui viennent ensemble n'ont pas de nombre",
    "texts here, in quotes where they look like numbers":
        "des textes ici, entre guillemets s'ils ressemblent à des nombres",
    "the condition is one text": "la condition est un texte",
    "there is no such folder": "il n'y a pas de tel dossier",
    "these modifiers do not go together": "ces modificateurs ne vont pas ensemble",
    "true or false": "true ou false",
    "unknown field; allowed: {}": "champ inconnu ; permis : {1}",
    "written 30s, 10m, 1h, 7d or 4w, up to 366 days": "s'écrit 30s, 10m, 1h, 7d ou 4w, jusqu'à 366 jours",
    "the condition is too long": "la condition est trop longue",
    "the condition goes on after its end": "la condition continue après sa fin",
    "a search is defined and never used in the condition":
        "une recherche est définie et jamais employée dans la condition",
    "not a condition: allowed are names, and, or, not, 1 of, all of and brackets":
        "pas une condition : sont permis des noms, and, or, not, 1 of, all of et des parenthèses",
    "the condition ends too early": "la condition finit trop tôt",
    "the condition is nested too deeply": "la condition est trop profondément imbriquée",
    "a bracket is not closed": "une parenthèse n'est pas fermée",
    "no search has such a name": "aucune recherche n'a un tel nom",
}  # fmt: skip
