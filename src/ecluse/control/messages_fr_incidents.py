"""French for the messages of incidents; ``{}`` as in ``messages_fr_rules``."""

FRENCH_INCIDENTS: dict[str, str] = {
    "there is no such incident": "il n'y a pas de tel incident",
    "there is no such step of an incident": "il n'y a pas de telle étape d'un incident",
    "there is no such paper of an incident": "il n'y a pas de tel document d'un incident",
    "this incident is {}: {} does not follow": "cet incident est dans l'état « {1} » : l'étape « {2} » ne suit pas",
    "what may follow: {}": "ce qui peut suivre : {1}",
    "{} is not this side's to record": "l'étape « {1} » n'est pas à consigner par cette partie",
    "a decision needs its reasons": "une décision demande ses motifs",
    "this moment is still to come": "ce moment est encore à venir",
    "the controller has been told already": "le responsable a déjà été prévenu",
    "add what is new as a fact": "ajoutez ce qui est nouveau comme un fait",
    "the controller cannot be told before the processor itself was aware":
        "le responsable ne peut être prévenu avant que le sous-traitant n'en ait connaissance",
    "this cannot come before the controller was aware":
        "ceci ne peut précéder la connaissance par le responsable",
    "say how the controller became aware": "dites comment le responsable en a eu connaissance",
    "a later moment than was stated needs its reasons":
        "un moment plus tardif que celui indiqué demande ses motifs",
    "say how high the risk to persons is": "dites quel est le risque pour les personnes",
    "the authority is not notified only where a risk to persons is unlikely":
        "l'autorité n'est pas notifiée seulement si un risque pour les personnes est improbable",
    "say on which ground persons are not told": "dites pour quel motif légal les personnes ne sont pas informées",
    "the ground and the risk contradict each other": "le motif légal et le risque se contredisent",
    "{}: it was not decided": "« {1} » : ce n'a pas été décidé",
    "record the decision first": "consignez d'abord la décision",
    "after the 72 hours a notification gives the reasons for its delay":
        "passé les 72 heures, une notification donne les motifs de son retard",
    "whether persons are told was not decided": "il n'a pas été décidé d'informer ou non les personnes",
    "whether it is reported as a security incident was not decided":
        "il n'a pas été décidé de le déclarer ou non comme incident de sécurité",
    "persons are to be told, and were not": "les personnes doivent être informées, et ne l'ont pas été",
    "it is to be reported as a security incident, and was not":
        "il doit être déclaré comme incident de sécurité, et ne l'a pas été",
    "this incident is closed": "cet incident est clos",
    "the controller can reopen it": "le responsable peut le rouvrir",
    "the controller alone counts its patients": "le responsable seul compte ses patients",
    "a number of persons or records is a whole number, not below zero":
        "un nombre de personnes ou d'enregistrements est un entier, pas négatif",
    "a fact says something, in words": "un fait dit quelque chose, en mots",
    "what is corrected is a fact of the same kind that still stands":
        "ce qui est corrigé est un fait du même objet, encore valable",
    "each side corrects its own facts": "chaque partie corrige ses propres faits",
    "add what you know as a fact of your own": "ajoutez ce que vous savez comme un fait à vous",
    "a place has an address": "un lieu a une adresse",
    "the digest of a proof is SHA-256, 64 figures of 0-9 and a-f":
        "l'empreinte d'une preuve est en SHA-256, 64 chiffres de 0-9 et a-f",
    "this place is {}: {} does not follow": "ce lieu est dans l'état « {1} » : « {2} » ne suit pas",
    "a request names whom one asked": "une demande nomme à qui on l'a faite",
    "a text about a breach holds no patient's number":
        "un texte sur une violation ne contient le numéro d'aucun patient",
    "write what kind of data it was": "écrivez quel genre de données c'était",
    "your role on this incident does not allow it": "votre rôle dans cet incident ne le permet pas",
    "no agreement binds this organisation to yours": "aucun contrat ne lie cette organisation à la vôtre",
    "an incident has one processor at most": "un incident a au plus un sous-traitant",
    "say which laboratory is concerned": "dites quel laboratoire est concerné",
    "an incident has a title": "un incident a un titre",
    "a correction is made at each laboratory for itself": "une correction se fait chez chaque laboratoire à part",
    "this incident has no place of that number": "cet incident n'a pas de lieu de ce numéro",
    "this incident has as many lines as one may have": "cet incident a autant de lignes qu'il peut en avoir",
    "open another": "ouvrez-en un autre",
    "open another; what proves wrong can still be replaced":
        "ouvrez-en un autre ; ce qui se révèle faux peut encore être remplacé",
    "this warning tells of no exposed data": "ce signalement ne parle pas de données accessibles",
    "open an incident by hand": "ouvrez un incident à la main",
    "this warning was made an incident already": "ce signalement est déjà devenu un incident",
    "this warning names somebody who would see the incident":
        "ce signalement nomme quelqu'un qui verrait l'incident",
    "an incident's number is as INC-7K3Q-9X2M": "un numéro d'incident est comme INC-7K3Q-9X2M",
    "the export of order {} is another controller's": "l'export de l'ordre {1} est d'un autre responsable",
    "tell it to an incident of that controller's: ask its trace files alone":
        "dites-le à un incident de ce responsable : n'interrogez que ses fichiers de traçage",
    "what is told of order {} is not what that order says":
        "ce qui est dit de l'ordre {1} n'est pas ce que dit cet ordre",
    "this incident has no such conclusion": "cet incident n'a pas de telle conclusion",
    "conclusion {} was replaced before": "la conclusion {1} a déjà été remplacée",
    "what stands instead is conclusion {}": "celle qui vaut à sa place est la conclusion {1}",
    "as many as lines need, and {} at most": "autant qu'il en faut aux lignes, et {1} au plus",
    "before period_from": "avant period_from",
    "canaries are told by their parcels": "les canaris se disent par leurs colis",
    "fewer than an export knows": "moins qu'un export n'en connaît",
    "fewer than are known by a mark": "moins qu'une marque n'en fait connaître",
    "fewer than are told apart": "moins qu'il n'en est distingué",
    "in order, and each once": "dans l'ordre, et chacun une fois",
    "no more than were asked, and {} at most": "pas plus que les interrogés, et {1} au plus",
    "not what the exports say": "pas ce que disent les exports",
    "the same order twice": "le même ordre deux fois",
}
"""By their English."""
