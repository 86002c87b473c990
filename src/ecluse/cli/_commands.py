"""Every command, in the order of the work, and what the list says of it."""

from ecluse.cli._app import SETTINGS, Entry, Group
from ecluse.cli._text import Text

_AGREEMENT = Group(
    "agreement",
    context_settings=SETTINGS,
    text=Text(
        "The processing agreement: GDPR Art. 28(3) as data. No order stands without one that both parties have signed.",
        "Le contrat de sous-traitance : l'art. 28(3) du RGPD en données. Aucun ordre ne tient sans un contrat que les "
        "deux parties ont signé.",
    ),
    entries={
        "new": Entry("agreement_new", Text("Write a commented draft", "Écrire un brouillon commenté")),
        "check": Entry("agreement_check", Text("List what is missing, letter by letter",
                                               "Lister ce qui manque, lettre par lettre")),
        "sign": Entry("agreement_sign", Text("Sign it", "Le signer")),
        "show": Entry("agreement_show", Text("Show it, and who has signed", "Le montrer, et qui a signé")),
        "export": Entry("agreement_export", Text("Write it as a document to read, print and file",
                                                 "L'écrire comme un document à lire, imprimer et classer")),
        "diff": Entry("agreement_diff", Text("Show what a new agreement changes in an earlier one",
                                             "Montrer ce qu'un nouveau contrat change à un autre")),
    },
)  # fmt: skip

_ORDER = Group(
    "order",
    context_settings=SETTINGS,
    text=Text(
        "The order: what may leave, in the laboratory's words. Whatever it does not name stays.",
        "L'ordre : ce qui peut sortir, dans les mots du laboratoire. Ce qu'il ne nomme pas reste.",
    ),
    entries={
        "new": Entry("order_new", Text("Write a commented draft", "Écrire un brouillon commenté")),
        "check": Entry("order_check", Text("Check it against the catalogue and the agreement",
                                           "Le vérifier avec le catalogue et le contrat")),
        "sign": Entry("order_sign", Text("Sign or approve it", "Le signer ou l'approuver")),
        "show": Entry("order_show", Text("Show it in the laboratory's words, with what is sensitive and why",
                                         "Le montrer dans les mots du laboratoire, avec ce qui est sensible et "
                                         "pourquoi")),
        "diff": Entry("order_diff", Text("Show what an amendment changes, in the laboratory's words",
                                         "Montrer ce qu'un avenant change, dans les mots du laboratoire")),
        "exclude-persons": Entry("order_exclude_persons", Text("Make the keyed list of persons who stay out",
                                                               "Faire la liste à clé des personnes exclues")),
    },
)  # fmt: skip

_REGISTER = Group(
    "register",
    context_settings=SETTINGS,
    text=Text("The processor's register of processing activities (GDPR Art. 30(2)).",
              "Le registre des activités de traitement du sous-traitant (art. 30(2) du RGPD)."),
    entries={
        "export": Entry("register_export", Text("Write the processor's register of processing activities",
                                                "Écrire le registre des activités de traitement du sous-traitant")),
    },
)  # fmt: skip

_KEY = Group(
    "key",
    context_settings=SETTINGS,
    text=Text("Keys: to sign, to receive, to exclude persons.",
              "Les clés : pour signer, recevoir, exclure des personnes."),
    entries={
        "new": Entry("key_new", Text("Make a key", "Faire une clé")),
        "show": Entry("key_show", Text("Show a key's public half and fingerprint",
                                       "Montrer la partie publique et l'empreinte d'une clé")),
    },
)  # fmt: skip

_SOURCE = Group(
    "source",
    context_settings=SETTINGS,
    text=Text("Legacy systems.", "Les anciens systèmes."),
    entries={
        "scan": Entry("source_scan", Text("Look at a legacy database, and draft its profile",
                                          "Regarder une ancienne base, et ébaucher son profil")),
        "identities": Entry("source_identities", Text("Report doubtful identities; merge none",
                                                      "Rapporter les identités douteuses, sans en fusionner aucune")),
    },
)  # fmt: skip

_PROFILE = Group(
    "profile",
    context_settings=SETTINGS,
    text=Text("Profiles: how a legacy system is read, once and for all orders.",
              "Les profils : comment un ancien système se lit, une fois pour tous les ordres."),
    entries={
        "check": Entry("profile_check", Text("Prove a profile against its source",
                                             "Prouver un profil sur sa source")),
    },
)  # fmt: skip

_CODES = Group(
    "codes",
    context_settings=SETTINGS,
    text=Text(
        "Local analysis codes → LOINC, unit texts → UCUM: proposed offline, decided by the biologist.",
        "Codes d'analyse locaux → LOINC, unités → UCUM : proposés hors ligne, décidés par le biologiste.",
    ),
    entries={
        "suggest": Entry("codes_suggest", Text("Propose LOINC and UCUM for what nobody has mapped",
                                               "Proposer LOINC et UCUM pour ce que personne n'a traduit")),
        "confirm": Entry("codes_confirm", Text("Decide on the proposals, one by one",
                                               "Décider des propositions, une à une")),
        "export": Entry("codes_export", Text("Write the decisions into a profile",
                                             "Écrire les décisions dans un profil")),
        "check": Entry("codes_check", Text("List what is unmapped or doubtful, by number of results",
                                           "Lister ce qui manque ou fait douter, par nombre de résultats")),
    },
)  # fmt: skip

_JOURNAL = Group(
    "journal",
    context_settings=SETTINGS,
    text=Text("The tamper-evident journal of a place.", "Le journal inviolable d'un lieu."),
    entries={
        "show": Entry("journal_show", Text("Show what has happened", "Montrer ce qui s'est passé")),
        "verify": Entry("journal_verify", Text("Rebuild it from its files and compare",
                                               "Le reconstruire depuis ses fichiers et comparer")),
        "checkpoint": Entry("journal_checkpoint", Text("Print its signed state, for a witness to keep",
                                                       "Donner son état signé, à garder par un témoin")),
        "cosign": Entry("journal_cosign", Text("Witness that it only ever grew",
                                               "Témoigner qu'il n'a fait que croître")),
    },
)  # fmt: skip

_EVIDENCE = Group(
    "evidence",
    context_settings=SETTINGS,
    text=Text("The evidence: one bundle, verified offline by whoever doubts.",
              "Les preuves : un dossier, vérifié hors ligne par qui doute."),
    entries={
        "export": Entry("evidence_export", Text("Put all that proves a migration into one file",
                                                "Mettre dans un seul fichier tout ce qui prouve une migration")),
        "verify": Entry("evidence_verify", Text("Verify a bundle offline", "Vérifier un dossier hors ligne")),
    },
)  # fmt: skip

_AGENT = Group(
    "agent",
    context_settings=SETTINGS,
    text=Text("The agent of a control room, at one of a migration's two ends.",
              "L'agent d'une salle de contrôle, à l'un des deux bouts d'une migration."),
    entries={
        "enrol": Entry("agent_enrol", Text("Bind this machine's agent to a room, by a one-time code",
                                           "Lier l'agent de cette machine à une salle, par un code à usage unique")),
        "run": Entry("agent_run", Text("Carry out what is signed there, and report",
                                       "Exécuter ce qui y est signé, et rendre compte")),
    },
)  # fmt: skip

_ROOM = Group(
    "room",
    context_settings=SETTINGS,
    text=Text("The control room's own records.", "Les enregistrements de la salle de contrôle."),
    entries={
        "verify": Entry("room_verify", Text("Rebuild its journal and compare", "Reconstruire son journal et comparer")),
    },
)

_RELAY_ACCOUNT = Group(
    "account",
    context_settings=SETTINGS,
    text=Text("Who may enter a relay: one person or one agent each.",
              "Qui peut entrer dans un relais : une personne ou un agent par compte."),
    entries={
        "add": Entry("relay_account_add", Text("Add one, or a key to one", "En ajouter un, ou une clé à un compte")),
        "revoke": Entry("relay_account_revoke", Text("Close one for good", "En fermer un pour de bon")),
        "list": Entry("relay_account_list", Text("List them", "Les lister")),
    },
)  # fmt: skip

_RELAY = Group(
    "relay",
    context_settings=SETTINGS,
    text=Text("The relay: SFTP and HTTPS in front of sealed parcels, which it cannot read.",
              "Le relais : SFTP et HTTPS devant des colis scellés, qu'il ne peut pas lire."),
    entries={
        "init": Entry("relay_init", Text("Make its folder", "Créer son dossier")),
        "trust": Entry("relay_trust", Text("Confirm a signed agreement", "Confirmer un contrat signé")),
        "untrust": Entry("relay_untrust", Text("No longer trust one", "Ne plus s'y fier")),
        "account": _RELAY_ACCOUNT,
        "enrol": Entry("relay_enrol", Text("Bind it to a control room, once",
                                           "Le lier à une salle de contrôle, une fois")),
        "serve": Entry("relay_serve", Text("Open its doors", "Ouvrir ses portes")),
        "status": Entry("relay_status", Text("Say how it stands", "Dire où il en est")),
        "verify": Entry("relay_verify", Text("Check its journal and what lies there",
                                             "Vérifier son journal et ce qui s'y trouve")),
    },
)  # fmt: skip

_NOTIFY = Group(
    "notify",
    context_settings=SETTINGS,
    text=Text("How a room or a relay tells people.", "Comment une salle ou un relais prévient les gens."),
    entries={
        "test": Entry("notify_test", Text("Send a test notice by each channel",
                                          "Envoyer un avis d'essai par chaque canal")),
    },
)  # fmt: skip

_RULES = Group(
    "rules",
    context_settings=SETTINGS,
    text=Text("The rules of the watch: Sigma files over what every place did.",
              "Les règles de la veille : des fichiers Sigma sur ce que chaque lieu a fait."),
    entries={
        "check": Entry("rules_check", Text("Read a folder of rules as the watch would",
                                           "Lire un dossier de règles comme la veille le ferait")),
        "test": Entry("rules_test", Text("Say which rule would have fired when, on recorded events",
                                         "Dire quelle règle se serait levée quand, sur des événements enregistrés")),
    },
)  # fmt: skip

_WARN = Group(
    "warn",
    context_settings=SETTINGS,
    text=Text("Warn a control room of a danger to patients' data, without an account and without a name.",
              "Signaler à une salle de contrôle un danger pour des données de patients, sans compte et sans nom."),
    entries={
        "send": Entry("warn_send", Text("Hand a warning in; gives a receipt and a secret",
                                        "Faire un signalement ; donne un reçu et un secret")),
        "follow": Entry("warn_follow", Text("See what became of it, and write again",
                                            "Voir ce qu'il en advient, et écrire encore")),
        "read": Entry("warn_read", Text("Open one that was sealed to you, on your own machine",
                                        "En ouvrir un qui vous est scellé, sur votre propre machine")),
    },
)  # fmt: skip

_HELP = Group(
    "help",
    context_settings=SETTINGS,
    text=Text("More help.", "Plus d'aide."),
    entries={"exit-codes": Entry("help_exit_codes", Text("What each exit code means",
                                                         "Ce que dit chaque code de sortie"))},
)  # fmt: skip

APP = Group(
    "ecluse",
    context_settings=SETTINGS,
    text=Text(
        "Écluse carries out a laboratory's migration of patient data exactly as ordered: sealed, reconciled, erased, "
        "provable.",
        "Écluse exécute la migration des données patients d'un laboratoire exactement comme ordonné : scellée, "
        "réconciliée, effacée, prouvable.",
    ),
    example="""
ecluse key new signing director.key
ecluse agreement new agreement.yaml
ecluse order new order.yaml
ecluse plan -w migration --agreement agreement.json --order order.json --source URL --profile PROFILE
ecluse run -w migration
""",
    entries={
        "agreement": _AGREEMENT,
        "order": _ORDER,
        "key": _KEY,
        "source": _SOURCE,
        "profile": _PROFILE,
        "codes": _CODES,
        "plan": Entry("plan", Text("Count an order through its source, and show what will run",
                                   "Compter un ordre dans sa source, et montrer ce qui va tourner")),
        "run": Entry("run", Text("Carry a planned migration out, step after step",
                                 "Exécuter une migration planifiée, étape après étape")),
        "extract": Entry("extract", Text("Step: extract, gate, seal", "Étape : extraire, vérifier, sceller")),
        "deliver": Entry("deliver", Text("Step: send the parcels", "Étape : envoyer les colis")),
        "receive": Entry("receive", Text("Step: fetch and verify them", "Étape : les prendre et les vérifier")),
        "load": Entry("load", Text("Step: load them", "Étape : les charger")),
        "reconcile": Entry("reconcile", Text("Step: read everything back and give account",
                                             "Étape : tout relire et rendre compte")),
        "compare": Entry("compare", Text("Show a sample of prior results side by side, in this terminal alone",
                                         "Montrer un échantillon d'antériorités côte à côte, dans ce seul terminal")),
        "accept": Entry("accept", Text("Step: decide on the reconciliation", "Étape : décider sur la réconciliation")),
        "erase": Entry("erase", Text("Step: erase what was made for the way, and certify it",
                                     "Étape : effacer ce qui a été fait pour la route, et le certifier")),
        "status": Entry("status", Text("Say where a migration stands, and whose turn it is",
                                       "Dire où en est une migration, et à qui est le tour")),
        "resume": Entry("resume", Text("Go on after a suspension or a crash",
                                       "Continuer après une suspension ou une panne")),
        "suspend": Entry("suspend", Text("Stop a migration, at either place", "Arrêter une migration, dans un lieu")),
        "abort": Entry("abort", Text("Give a migration up for good, and erase it",
                                     "Abandonner une migration pour de bon, et l'effacer")),
        "journal": _JOURNAL,
        "evidence": _EVIDENCE,
        "register": _REGISTER,
        "serve": Entry("serve", Text("Open the control room in the browser",
                                     "Ouvrir la salle de contrôle dans le navigateur")),
        "watch": Entry("watch", Text("Watch over a control room: rules, clocks, silence",
                                     "Veiller sur une salle de contrôle : règles, délais, silences")),
        "room": _ROOM,
        "agent": _AGENT,
        "relay": _RELAY,
        "trace": Entry("trace", Text("Say from which export a leaked sample comes",
                                     "Dire de quel export vient un échantillon fuité")),
        "affected": Entry("affected", Text("Say who is affected by a leak: in numbers, and in a sealed list",
                                           "Dire qui est concerné par une fuite : en nombres, et en liste scellée")),
        "timeline": Entry("timeline", Text("Show what happened, from every record that is left, and its gaps",
                                           "Montrer ce qui s'est passé, d'après tous les journaux, et les lacunes")),
        "inspect": Entry("inspect", Text("Look at a server, a folder or a database of your own, and say what is wrong",
                                         "Regarder un serveur, un dossier ou une base à vous, et dire ce qui ne va "
                                         "pas")),
        "notify": _NOTIFY,
        "rules": _RULES,
        "warn": _WARN,
        "help": _HELP,
    },
)  # fmt: skip
