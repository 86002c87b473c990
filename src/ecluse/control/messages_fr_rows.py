"""French for the messages of planning, gates, parcels and profiles' SELECTs; ``{}`` as in ``messages_fr_rules``."""

FRENCH_ROWS: dict[str, str] = {
    # parcels
    "no canary of type {}": "pas de ligne témoin de type {1}",
    "rows without columns": "des lignes sans colonnes",
    "canary positions are not ascending positions of rows":
        "les places des témoins ne sont pas des places de lignes croissantes",
    "not an Arrow stream": "ce n'est pas un flux Arrow",
    "years and sites are not as many as rows": "années et sites ne sont pas aussi nombreux que les lignes",
    "rows are not as many as the receipt says": "les lignes ne sont pas aussi nombreuses que le dit le récépissé",
    "the sealed content is bound to another {} than its receipt":
        "le contenu scellé est lié à un autre élément ({1}) que son récépissé",
    "rows without columns, or not as many as their header says":
        "des lignes sans colonnes, ou pas autant que le dit leur en-tête",
    "type {} is not a wire type": "le type {1} n'est pas un type de transport",
    "type {} has no row digest": "le type {1} n'a pas d'empreinte de ligne",
    "not a parcel: no valid Arrow stream": "ce n'est pas un colis : pas de flux Arrow valable",
    "a batch is larger than a parcel may be": "un lot est plus grand que ne peut l'être un colis",
    "plan smaller batches": "planifiez de plus petits lots",
    "a parcel claims to hold more than any may": "un colis prétend contenir plus qu'aucun ne le peut",
    "not a parcel: its metadata are not ours": "ce n'est pas un colis : ses métadonnées ne sont pas les nôtres",
    "a column stands twice in the parcel": "une colonne est deux fois dans le colis",
    "not a header of format {}": "ce n'est pas un en-tête au format {1}",
    "a column of the parcel has no wire type": "une colonne du colis n'a pas de type de transport",
    "rows are not as many as the parcel's header says":
        "les lignes ne sont pas aussi nombreuses que le dit l'en-tête du colis",
    "a value is too long": "une valeur est trop longue",
    "a value does not fit {} without loss": "une valeur n'entre pas dans {1} sans perte",
    # samples
    "a destination of messages has no tables to read a sample from":
        "une destination de messages n'a pas de tables où lire un échantillon",
    "the order carries no results that lead to a patient: there is nothing to sample":
        "l'ordre ne porte pas de résultats qui mènent à un patient : il n'y a rien à échantillonner",
    # extraction and gates
    "{}: the source answers batch {} with nothing, not even columns":
        "{1} : la source ne répond rien au lot {2}, pas même des colonnes",
    "{}: the source's rows are no longer those that an earlier attempt sealed":
        "{1} : les lignes de la source ne sont plus celles qu'un essai précédent a scellées",
    "the old system has been worked on since: abort, and order, plan and extract anew":
        "on a travaillé depuis dans l'ancien système : abandonnez, puis ordonnez, planifiez et extrayez de nouveau",
    "leave it out at the source, or load into a system whose profile says production: false":
        "laissez-la à la source, ou chargez un système dont le profil dit production: false",
    "a batch at another entity's gate": "un lot à la porte d'une autre entité",
    "a batch's bound is no ISO day": "la borne d'un lot n'est pas un jour ISO",
    "the source's query does not give the control column, so scope cannot be shown":
        "la requête de la source ne donne pas la colonne de contrôle : la portée ne peut être montrée",
    "the scope date comes as {}, which names no day without doubt":
        "la date de portée vient comme {1}, qui ne nomme aucun jour sans doute",
    "the scope date is no date": "la date de portée n'est pas une date",
    "a row of a person whom the order excludes": "une ligne d'une personne que l'ordre exclut",
    "the source gives a column that the plan does not need": "la source donne une colonne dont le plan n'a pas besoin",
    "a row lies outside the days of batch {}": "une ligne est hors des jours du lot {1}",
    "request: a row lies outside the days of batch {}": "request : une ligne est hors des jours du lot {1}",
    "a row hangs on a result whose category is not told":
        "une ligne dépend d'un résultat dont la catégorie n'est pas dite",
    "a row without a scope date, or whose date is no day of the calendar":
        "une ligne sans date de portée, ou dont la date n'est pas un jour du calendrier",
    "a row without a site": "une ligne sans site",
    "a row of a site that is not ordered": "une ligne d'un site qui n'est pas ordonné",
    "{}: the source gives a column twice": "{1} : la source donne une colonne deux fois",
    "{}: the receipt of {} names other columns than the plan":
        "{1} : le récépissé de {2} nomme d'autres colonnes que le plan",
    "{}: {} holds other rows than its receipt counts":
        "{1} : {2} contient d'autres lignes que n'en compte son récépissé",
    "batch {} is planned for another entity than its receipt says":
        "le lot {1} est planifié pour une autre entité que ne le dit son récépissé",
    "batch {} holds another number of rows than the plan counted":
        "le lot {1} contient un autre nombre de lignes que n'en a compté le plan",
    "{}: comes as {} where {} is planned": "{1} : vient comme {2} là où {3} est prévu",
    "observation: a result belongs to a category that the order excludes":
        "observation : un résultat relève d'une catégorie que l'ordre exclut",
    "{}: a result belongs to a category that the order excludes":
        "{1} : un résultat relève d'une catégorie que l'ordre exclut",
    "{}: a result cannot be classified, and the order leaves such results out":
        "{1} : un résultat est inclassable, et l'ordre laisse de tels résultats",
    "a parcel of a batch or entity that is not planned": "un colis d'un lot ou d'une entité qui n'est pas planifié",
    "{}: the receipt of {} spans days outside the order": "{1} : le récépissé de {2} couvre des jours hors de l'ordre",
    "{}: the receipt of {} counts a site outside the order": "{1} : le récépissé de {2} compte un site hors de l'ordre",
    "{}: the receipt of {} counts a year outside the order":
        "{1} : le récépissé de {2} compte une année hors de l'ordre",
    "a row of a request that was not received": "une ligne d'un dossier qui n'a pas été reçu",
    "a row to which no received request leads": "une ligne à laquelle ne mène aucun dossier reçu",
    "an INS without the authority that issued it cannot be loaded into production":
        "un INS sans l'autorité qui l'a émis ne se charge pas en production",
    "without its OID, nobody can tell it from a test identity: leave the number out at the source":
        "sans son OID, personne ne le distingue d'une identité de test : laissez le numéro à la source",
    # planning
    "stands on {}, and the source speaks {}": "est écrit pour {1}, et la source parle {2}",
    "maps to a value that is no {}": "mène à une valeur qui n'est pas du type {1}",
    "observation has no code": "observation n'a pas de code",
    "it serves {}": "il sert {1}",
    "entities.{}.select yields {}": "entities.{1}.select donne {2}",
    "is parsed, but nothing would hold its original text (law 3)":
        "est analysé, mais rien ne garderait son texte d'origine (loi 3)",
    "let the SELECT yield {}": "que le SELECT donne {1}",
    "the catalogue has no companion for it": "le catalogue n'a pas de compagnon pour lui",
    "the host is letters, digits and . % : / _ -": "l'hôte : lettres, chiffres et . % : / _ -",
    "excluded persons are given exactly when the order excludes some":
        "les personnes exclues se donnent quand l'ordre en exclut, et alors seulement",
    "a planned row of {} has no readable date or no site":
        "une ligne prévue de {1} n'a pas de date lisible ou pas de site",
    "a NUL cannot stand in SQL": "un NUL ne peut figurer dans du SQL",
    "a placeholder stands outside of its condition": "un repère est hors de sa condition",
    "a query of the plan does not parse": "une requête du plan ne se lit pas",
    "the order excludes persons, and no list of them was given":
        "l'ordre exclut des personnes, et aucune liste n'en a été donnée",
    "the list of persons stands outside of IN": "la liste de personnes est hors de IN",
    "dates span more than 200 years": "les dates couvrent plus de 200 ans",
    "more than {} rows of {} share their key with others: {} is no key":
        "plus de {1} lignes de {2} partagent leur clé avec d'autres : {3} n'est pas une clé",
    "make it unique in the SELECT, for instance by putting the year before a number that starts anew":
        "rendez-la unique dans le SELECT, par exemple en mettant l'année devant un numéro qui repart de un",
    "{} bounds the order, and the profile {} does not say how it is stored":
        "{1} borne l'ordre, et le profil {2} ne dit pas comment elle est écrite",
    "entities.request.scope.dates holds {}": "entities.request.scope.dates contient {1}",
    "{} is ordered, and no ordered field of the request leads to it":
        "{1} est ordonné, et aucun champ ordonné du dossier n'y mène",
    "order {}": "ordonnez {1}",
    # persons
    "a list of persons is a document of fields": "une liste de personnes est un document fait de champs",
    "must be a list": "doit être une liste",
    "must be sorted, each once": "doit être triée, chacun une fois",
    "must be {}": "doit être {1}",
    "must be 64 hexadecimal digits": "doit être de 64 chiffres hexadécimaux",
    "the order's own role cannot see every {}": "le rôle propre à l'ordre ne peut voir toute la colonne {1}",
    "make the list over {}, or plan without --views": "faites la liste sur {1}, ou planifiez sans --views",
    "person {} of the list is empty": "la personne {1} de la liste est vide",
    "serves no patient, whose nir the list of persons is hashed over":
        "ne sert pas patient, dont le nir est la base de la liste de personnes",
    # normalising
    "date format {} does not say one day": "le format de date {1} ne dit pas un jour",
    "once each: a year, %m, %d; %H %M, %S or no time": "chacun une fois : une année, %m, %d ; %H %M, %S ou pas d'heure",
    "date format {} has a two-digit year": "le format de date {1} a une année à deux chiffres",
    "give two_digit_pivot": "donnez two_digit_pivot",
    "two date formats have the same shape: a text could mean both":
        "deux formats de date ont la même forme : un texte pourrait dire les deux",
    "date format {} is not understood": "le format de date {1} n'est pas compris",
    "tells nothing of {}": "ne dit rien de {1}",
    "has several forms of dates: say which": "a plusieurs formes de dates : dites laquelle",
    "is planned, but the source's query does not give it": "est prévu, mais la requête de la source ne le donne pas",
    "comes as {}, which names no day without doubt": "vient comme {1}, qui ne nomme aucun jour sans doute",
    "{} comes as {}, which names no day without doubt": "{1} vient comme {2}, qui ne nomme aucun jour sans doute",
    "is parsed by {}, but the catalogue has no {}_raw to keep its text (law 3)":
        "est analysé par {1}, mais le catalogue n'a pas de {2}_raw pour garder son texte (loi 3)",
    "comes as {}, which is no {}": "vient comme {1}, qui n'est pas du type {2}",
    "is parsed by analysis, but the source's query gives no code":
        "est analysé par examen, mais la requête de la source ne donne pas de code",
    "comes as {}, which cannot be written as text": "vient comme {1}, qui ne peut s'écrire en texte",
    "comes as {}: cast it to local time in the SELECT": "vient comme {1} : passez-le en heure locale dans le SELECT",
    # profiles
    "entities.request has no scope": "entities.request n'a pas de scope",
    "the list is hashed over it": "la liste est faite sur elle",
    "the order excludes persons": "l'ordre exclut des personnes",
    "it carries the scope's site": "elle porte le site de la portée",
    "it carries the scope date": "elle porte la date de la portée",
    "it is in scope through its request": "c'est par son dossier qu'elle est dans la portée",
    "it is in scope through it": "c'est par elle qu'il est dans la portée",
    "{} is in scope through it": "c'est par elle que {1} est dans la portée",
    "what hangs on results of an excluded category stays": "ce qui dépend de résultats d'une catégorie exclue reste",
    "categories are told by it": "c'est elle qui dit les catégories",
    "yields no column {}: {}": "ne donne pas de colonne {1} : {2t}",
    "yields no column 'source_id', the key of every row": "ne donne pas de colonne 'source_id', la clé de chaque ligne",
    "yields {} twice": "donne {1} deux fois",
    "cuts rows off (LIMIT): a profile never filters": "coupe des lignes (LIMIT) : un profil ne filtre jamais",
    "must be exactly one statement": "doit être une seule instruction",
    "must be a SELECT": "doit être un SELECT",
    "its SELECTs yield different numbers of columns": "ses SELECT donnent des nombres de colonnes différents",
    "holds {}: a profile only reads": "contient {1} : un profil ne fait que lire",
    "holds a parameter: a profile's SELECT stands alone": "contient un paramètre : le SELECT d'un profil se suffit",
    "holds '*': name every column": "contient « * » : nommez chaque colonne",
    "does not parse as {}": "ne se lit pas comme du {1}",
    "column {} has no name: write AS": "la colonne {1} n'a pas de nom : écrivez AS",
    "column {} is not in the catalogue": "la colonne {1} n'est pas dans le catalogue",
    "{}helper columns start with '_'": "{1t}les colonnes auxiliaires commencent par « _ »",
    "helper columns start with '_'": "les colonnes auxiliaires commencent par « _ »",
    "column {} is a secret, which no query may read (R14)":
        "la colonne {1} est un secret, qu'aucune requête ne peut lire (R14)",
}  # fmt: skip
