"""French of what is said of alerts, and of the watch."""

FRENCH_ALERTS: dict[str, str] = {
    "a channel has a name and an address": "un canal a un nom et une adresse",
    "a note says something": "une note dit quelque chose",
    "an alert is resolved with a reason": "une alerte se résout avec un motif",
    "another watch has taken over": "une autre veille a pris le relais",
    "if it happens again, a new one is raised": "si cela se reproduit, une nouvelle alerte est levée",
    "nothing is done until it can be": "rien ne se fait tant qu'il ne peut pas l'être",
    "say what was found and what was done": "dites ce qui a été trouvé et ce qui a été fait",
    "sign in and open the list of alerts": "connectez-vous et ouvrez la liste des alertes",
    "somebody else acknowledges and resolves it": "quelqu'un d'autre en prend acte et la résout",
    "the controller's people resolve it; note what you did": (
        "les personnes du responsable de traitement la résolvent ; notez ce que vous avez fait"
    ),
    "the mail server cannot be reached: {}": "le serveur de courriel ne répond pas : {1}",
    "the room's journal cannot be written: {}": "le journal de la salle ne peut pas être écrit : {1}",
    "there is no such alert": "il n'y a pas de telle alerte",
    "there is no such link": "il n'y a pas de tel lien",
    "this alert has come to the controller": "cette alerte est arrivée jusqu'au responsable de traitement",
    "this alert is about your own doing": "cette alerte porte sur ce que vous avez fait vous-même",
    "this alert is resolved": "cette alerte est résolue",
    "this link has expired": "ce lien a expiré",
    "this link is of an earlier round": "ce lien date d'un tour précédent de cette alerte",
    "this link is somebody else's": "ce lien est à quelqu'un d'autre",
    "this link was used": "ce lien a servi",
    "this room has no way to send mail": "cette salle n'a aucun moyen d'envoyer un courriel",
    "this watch has not begun": "cette veille n'a pas commencé",
    "whoever was told has left": "la personne prévenue est partie",
    "{}.{}: from {} to {}": "{1}.{2} : de {3} à {4}",
    "{}: an alert cannot be resolved sooner than it is acknowledged": (
        "{1} : une alerte ne peut pas être résolue avant d'être prise en compte"
    ),
}
