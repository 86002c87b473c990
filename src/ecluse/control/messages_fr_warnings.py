"""French for the messages of warnings; ``{}`` as in ``messages_fr_rules``."""

FRENCH_WARNINGS: dict[str, str] = {
    "a warning has at least a few words": "un signalement a au moins quelques mots",
    "a warning has at most {} characters; attach the rest":
        "un signalement a au plus {1} caractères ; joignez le reste",
    "a warning has at most {} attachments, {} MiB together":
        "un signalement a au plus {1} pièces jointes, {2} Mio en tout",
    "not a warning's letter": "ce n'est pas la lettre d'un signalement",
    "a reporter's mailbox does not open by the secret that it was locked with":
        "la boîte de l'auteur d'un signalement ne s'ouvre pas par le secret qui l'a fermée",
    "clocks can be shorter than 7 working days, 90 days and 4 hours, never longer":
        "les délais peuvent être plus courts que 7 jours ouvrés, 90 jours et 4 heures, jamais plus longs",
    "this warning is {}: it cannot be {} now":
        "ce signalement est dans l'état « {1} » : il ne peut pas passer à « {2} »",
    "acknowledge, answer, then close": "accusez réception, répondez, puis fermez-le",
    "this warning has not come to you": "ce signalement ne vous est pas parvenu",
    "silence brings it to the next station": "le silence le porte à l'échelon suivant",
    "there is no such warning": "il n'y a pas de tel signalement",
    "there is no such message": "il n'y a pas de tel message",
    "this receipt and this secret do not belong together": "ce reçu et ce secret ne vont pas ensemble",
    "nobody here could read this warning: nothing was kept":
        "personne ici ne pourrait lire ce signalement : rien n'a été gardé",
    "nobody here could read this message: nothing was kept":
        "personne ici ne pourrait lire ce message : rien n'a été gardé",
    "write to one of the addresses of this page instead": "écrivez plutôt à l'une des adresses de cette page",
    "nobody names themself": "on ne se nomme pas soi-même",
    "somebody else who handles it does": "un autre qui le traite le fait",
    "one names people of one's own organisation": "on nomme des personnes de sa propre organisation",
    "the reporter can name anybody": "l'auteur du signalement peut nommer n'importe qui",
    "this warning is closed": "ce signalement est clos",
    "make another, and name the receipt of this one": "faites-en un autre, et donnez le numéro de reçu de celui-ci",
    "this warning has as many messages as one may have": "ce signalement a autant de messages qu'il peut en avoir",
    "make another": "faites-en un autre",
    "your role handles no warnings": "votre rôle ne traite pas de signalements",
    "this key is somebody else's": "cette clé est à quelqu'un d'autre",
    "an attachment is not base64": "une pièce jointe n'est pas en base64",
    "there is no such attachment": "il n'y a pas de telle pièce jointe",
    "there is no such file": "il n'y a pas de tel fichier",
    "not UTF-8 text": "ce n'est pas du texte UTF-8",
}
"""By their English."""
