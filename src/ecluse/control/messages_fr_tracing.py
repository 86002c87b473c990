"""French of what the tracing of a leaked sample says; ``{}`` as in ``messages_fr_rules``."""

FRENCH_TRACING: dict[str, str] = {
    "the fingerprints could not be gathered": "les empreintes n'ont pu être réunies",
    "a filter cut short, or lengthened": "un filtre tronqué, ou allongé",
    "a filter of a shape that none has": "un filtre d'une forme que nul n'a",
    "a filter whose shards hold other marks than its header says":
        "un filtre dont les parts tiennent d'autres marques que ne le dit son en-tête",
    "a fingerprint of no kind that there is": "une empreinte d'aucune sorte connue",
    "a trace file cut short": "un fichier de traçage tronqué",
    "a trace file cut short, or lengthened": "un fichier de traçage tronqué, ou allongé",
    "a trace file whose canaries are in disorder": "un fichier de traçage dont les canaris sont en désordre",
    "a trace header that none may be: {}": "un en-tête de traçage que nul ne peut avoir : {1}",
    "a trace key has 32 bytes": "une clé de traçage a 32 octets",
    "cut a piece of it: a few hundred lines are enough":
        "coupez-en un morceau : quelques centaines de lignes suffisent",
    "every trace file here is past its day": "tous les fichiers de traçage ici ont passé leur date",
    "exports leave one where their order has trace:": "les exports en laissent un si leur ordre a trace:",
    "no filter holds these prints: do they repeat?": "aucun filtre ne tient ces empreintes : se répètent-elles ?",
    "no trace file here": "aucun fichier de traçage ici",
    "no trace file here is sealed to this identity": "aucun fichier de traçage ici n'est scellé pour cette identité",
    "not a number that counts anything": "pas un nombre qui compte quoi que ce soit",
    "not a text of the form that it has in a trace file": "pas un texte de la forme qu'il a dans un fichier de traçage",
    "not a trace file": "pas un fichier de traçage",
    "not an armoured age file": "pas un fichier age en texte",
    "the sample is attributed to none of the exports that were asked":
        "l'échantillon n'est attribué à aucun des exports interrogés",
    "the sample holds no line": "l'échantillon n'a aucune ligne",
    "the sample's JSON has more records than are read at once":
        "le JSON de l'échantillon a plus d'enregistrements qu'on n'en lit d'un coup",
    "the sample is larger than 64 MiB": "l'échantillon dépasse 64 Mio",
    "the sample points to an export, and is too little to attribute it":
        "l'échantillon désigne un export, et ne suffit pas à le lui attribuer",
    "the trace file is not what was written": "le fichier de traçage n'est pas ce qui a été écrit",
    "the trace file's key was altered": "la clé du fichier de traçage a été altérée",
    "the workbook unpacks to more than 256 MiB": "le classeur se décompresse en plus de 256 Mio",
    "this identity is {}": "cette identité est {1}",
}  # fmt: skip
