"""French of what the control room says of signing, migrations and its journal."""

FRENCH_ROOM: dict[str, str] = {
    "{}: its root is not that of the journal's hashes": "{1} : sa racine n'est pas celle des empreintes du journal",
    "{}: its root is not the hash above it": "{1} : sa racine n'est pas l'empreinte au-dessus",
    "{}: not the entries that were hashed": "{1} : ce ne sont pas les écritures dont les empreintes ont été prises",
    "{}: missing, or longer than any passkey's": "{1} : absent, ou plus long que celui d'aucune clé d'accès",
    "{}: not base64url": "{1} : pas du base64url",
    "the page was open for more than {} minutes": "la page est restée ouverte plus de {1} minutes",
    "open it again, and read it": "ouvrez-la de nouveau, et lisez-la",
    "this page was not the last one offered for signing":
        "cette page n'était pas la dernière qui ait été présentée à la signature",
    "this passkey is not the one that the agreement lists for you":
        "cette clé d'accès n'est pas celle que le contrat indique pour vous",
    "order {} is not for {} to sign": "l'ordre {1} n'est pas à signer par {2}",
    "who can: {}": "qui le peut : {1}",
    "the decision is about another reconciliation": "la décision porte sur une autre réconciliation",
    "this reconciliation was decided on already": "cette réconciliation a déjà fait l'objet d'une décision",
    "nothing has been reconciled yet": "rien n'a encore été réconcilié",
    "no agent has reported anything yet: there is nothing to prove":
        "aucun agent n'a encore rendu compte : il n'y a rien à prouver",
    "there is no such migration": "il n'y a pas de telle migration",
    "there is no such entry": "il n'y a pas de telle écriture",
    "the witness saw {} entries, and this journal has {}: it was set back":
        "le témoin a vu {1} écritures, et ce journal en a {2} : il a été remonté",
    "the journal never had that many entries": "le journal n'a jamais eu autant d'écritures",
    "say how many entries the earlier checkpoint has": "dites combien d'écritures a le point de contrôle antérieur",
    "entry {}: no line": "écriture {1} : pas de ligne",
    "entry {}: a line without an entry": "écriture {1} : une ligne sans écriture",
    "entry {}: the line's {} is another": "écriture {1} : le champ {2} de la ligne est un autre",
    "entry {}: other organisations may read the line": "écriture {1} : d'autres organisations peuvent lire la ligne",
}  # fmt: skip
