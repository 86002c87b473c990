"""French of what agents, tokens and the API say; see :mod:`ecluse.control.messages`."""

FRENCH_AGENTS = {
    "a room's address has no query, fragment or name": "l'adresse d'une salle n'a ni requête, ni fragment, ni nom",
    "a room's address is https, or http on this machine":
        "l'adresse d'une salle est en https, ou en http sur cette machine",
    "a signature is not ASCII": "une signature n'est pas en ASCII",
    "a token has a name, at least one scope, and lives 1 to {} days":
        "un jeton a un nom, au moins une portée, et vit de 1 à {1} jours",
    "agreement {} ({}) is not one that this agent's owner has confirmed":
        "le contrat {1} ({2}) n'est pas de ceux que le propriétaire de cet agent a confirmés",
    "an agent signs by itself: its key is no passkey or security key":
        "un agent signe de lui-même : sa clé n'est ni une clé d'accès ni une clé de sécurité",
    "an agent {} is here already": "un agent {1} est déjà ici",
    "an agent {} is invited already, for {}; its place: {}":
        "un agent {1} est déjà invité, pour {2} ; son lieu : {3}",
    "an agent's owner is somebody of its organisation": "le propriétaire d'un agent est de son organisation",
    "an entry about another order": "une écriture sur un autre ordre",
    "an entry by another actor than this agent": "une écriture d'un autre acteur que cet agent",
    "an estimate by another agent": "une estimation d'un autre agent",
    "another agent has this key (law 6)": "un autre agent a cette clé (loi 6)",
    "at most {} entries a report": "au plus {1} écritures par compte rendu",
    "counts are not those of plan and receipts": "les comptes ne sont pas ceux du plan et des reçus",
    "ecluse agent run --agreement FILE, with the agreement that you hold":
        "ecluse agent run --agreement FICHIER, avec le contrat que vous détenez",
    "entries from {}, where {} are known: some are missing":
        "des écritures depuis la {1}, quand {2} sont connues : il en manque",
    "entry {} is not the one that was reported before: rewritten":
        "l'écriture {1} n'est pas celle qui fut annoncée avant : réécrite",
    "it does not name every receipt once": "elle ne nomme pas chaque reçu une fois",
    "it names another journal than the {} place's": "il nomme un autre journal que celui du lieu {1}",
    "it was revoked, or has run out": "il fut révoqué, ou a expiré",
    "its owner makes another code for the same place; otherwise revoke it, and choose another name":
        "son propriétaire fait un autre code pour le même lieu ; sinon révoquez-le, et choisissez un autre nom",
    "its owner makes another in the control room": "son propriétaire en fait un autre dans la salle de contrôle",
    "make one with that scope": "faites-en un avec cette portée",
    "no agent here": "aucun agent ici",
    "no estimate is asked of this agent": "aucune estimation n'est demandée à cet agent",
    "no plan is known here yet, by which this could be judged":
        "aucun plan n'est encore connu ici, par lequel en juger",
    "not a signer's id": "pas l'identifiant d'un signataire",
    "not an address": "pas une adresse",
    "not an agent's file": "pas le fichier d'un agent",
    "not an answer of a control room": "pas une réponse de salle de contrôle",
    "not an answer of a control room: kind": "pas une réponse de salle de contrôle : le champ kind",
    "not an answer of a control room: number": "pas une réponse de salle de contrôle : le champ number",
    "not an answer of a control room: states": "pas une réponse de salle de contrôle : le champ states",
    "not an answer of a control room: {}": "pas une réponse de salle de contrôle : {1}",
    "not by {}": "pas de {1}",
    "not the key of a journal of {} at the {}": "pas la clé d'un journal de {1} au lieu {2}",
    "not the profile that the plan names": "pas le profil que le plan nomme",
    "others may read this agent's token": "d'autres peuvent lire le jeton de cet agent",
    "reconciliation: the decision is about another reconciliation":
        "reconciliation : la décision porte sur une autre réconciliation",
    "rows are not accounted for": "des lignes sont sans compte",
    "the certificate is about another order": "le certificat porte sur un autre ordre",
    "the certificate is of no place": "le certificat n'est d'aucun lieu",
    "the control room cannot be reached: {}": "la salle de contrôle est injoignable : {1}",
    "the control room does not know this token": "la salle de contrôle ne connaît pas ce jeton",
    "the control room refuses: {}": "la salle de contrôle refuse : {1t}",
    "the control room's answer is too long": "la réponse de la salle de contrôle est trop longue",
    "the entries are not those that the checkpoint signs: rewritten, or cut":
        "les écritures ne sont pas celles que le point de contrôle signe : réécrites, ou coupées",
    "the text was changed since: count again": "le texte a changé depuis : recomptez",
    "there is no such agent": "il n'y a pas cet agent",
    "there is no such line": "il n'y a pas cette ligne",
    "there is no such order for this agent": "il n'y a pas cet ordre pour cet agent",
    "there is no such paper": "il n'y a pas ce papier",
    "there is no such place": "il n'y a pas ce lieu",
    "there is no such token": "il n'y a pas ce jeton",
    "this batch has another receipt": "ce lot a un autre reçu",
    "this code is spent or expired": "ce code est dépensé ou expiré",
    "this is a draft still: it has no artefact": "c'est encore un brouillon : il n'a pas d'artefact",
    "this migration has another plan": "cette migration a un autre plan",
    "this migration has another reconciliation": "cette migration a une autre réconciliation",
    "this place works on another order than the control room's":
        "ce lieu travaille sur un autre ordre que celui de la salle de contrôle",
    "this place's journal has another key, pinned at its first report":
        "le journal de ce lieu a une autre clé, retenue à son premier compte rendu",
    "this token was not made for {}": "ce jeton n'est pas fait pour {1}",
    "{} is a person's name here": "{1} est ici le nom d'une personne",
    "{} takes a passkey; no token has it": "{1} demande une clé d'accès ; aucun jeton ne l'a",
}  # fmt: skip
