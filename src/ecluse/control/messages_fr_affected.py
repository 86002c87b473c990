"""French of what the count of persons affected by a leak says; ``{}`` as in ``messages_fr_rules``."""

FRENCH_AFFECTED: dict[str, str] = {
    "a list of persons is sealed to the controller alone":
        "une liste de personnes n'est scellée que pour le responsable",
    "a request passed the gate without a date": "un dossier a passé la porte sans date",
    "at_most is less than at_least": "at_most est inférieur à at_least",
    "its requests name no patient, so that nobody can be counted":
        "ses dossiers ne nomment aucun patient, et personne ne peut être compté",
    "nobody of this order stands in the sample, as far as its lines tell":
        "personne de cet ordre ne figure dans l'échantillon, autant que ses lignes le disent",
    "not an SSH key that age can seal to (Ed25519 or RSA)":
        "pas une clé SSH pour laquelle age sait sceller (Ed25519 ou RSA)",
    "nothing can be sealed to this signer's key: it only signs":
        "rien ne peut être scellé pour la clé de ce signataire : elle ne fait que signer",
    "serves no patients, so that nobody can be written to":
        "ne donne aucun patient, et l'on ne peut écrire à personne",
    "the sample goes on beyond what is read: who stands only in the rest would get no letter":
        "l'échantillon continue au-delà de ce qui est lu : qui ne figure que dans le reste n'aurait pas de lettre",
    "cut it into pieces, and make a list of each": "coupez-le en morceaux, et faites une liste de chacun",
    "the order names no key of the controller's (trace.recipient)":
        "l'ordre ne nomme aucune clé du responsable (trace.recipient)",
    "who can be named: {}": "qui peut être nommé : {1}",
}  # fmt: skip
