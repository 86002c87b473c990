"""The wording around an agreement's clauses and annexes, French and English. Clauses: ``agreement_clauses``."""

from ecluse.control.report_words import Words
from ecluse.domain.agreement import Hosting, SignerRole, SubProcessing

SUB_PROCESSING = {
    SubProcessing.NONE: Words("No sub-processor is authorised.", "Aucun sous-traitant ultérieur n'est autorisé."),
    SubProcessing.SPECIFIC: Words(
        "Specific prior authorisation (option 1): the sub-processors of annex IV, and no other.",
        "Autorisation préalable spécifique (option 1) : ceux de l'annexe IV, et aucun autre.",
    ),
    SubProcessing.GENERAL: Words(
        "General written authorisation (option 2): the processor announces every change in advance, and the "
        "controller may object.",
        "Autorisation écrite générale (option 2) : le sous-traitant annonce d'avance tout changement, et le "
        "responsable peut s'y opposer.",
    ),
}
END_OF_SERVICE = {
    "delete": Words(
        "The processor deletes the data and certifies it: the controller's choice.",
        "Le sous-traitant efface les données et le certifie : choix du responsable.",
    ),
    "return": Words(
        "The processor returns the data, and deletes the copies: the controller's choice.",
        "Le sous-traitant restitue les données, et efface les copies : choix du responsable.",
    ),
}
SECOND_APPROVER = {
    True: Words(
        "Each order needs a second approver's signature besides its signatory's.",
        "Chaque ordre demande la signature d'un second approbateur outre celle de son signataire.",
    ),
    False: Words(
        "Each order needs its signatory's signature alone.",
        "Chaque ordre demande la seule signature de son signataire.",
    ),
}
WHERE = {
    Hosting.CONTROLLER_PREMISES: Words("On the controller's premises", "Dans les locaux du responsable du traitement"),
    Hosting.CERTIFIED_HOST: Words("At a certified host (HDS)", "Chez un hébergeur certifié (HDS)"),
}
ROLES = {
    SignerRole.DIRECTOR: Words("director", "directeur"),
    SignerRole.DPO: Words("data protection officer", "délégué à la protection des données"),
    SignerRole.APPROVER: Words("second approver", "second approbateur"),
    SignerRole.MANAGEMENT: Words("management", "direction"),
    SignerRole.ENGINEER: Words("engineer", "ingénieur"),
    SignerRole.SECURITY_OFFICER: Words("security officer", "responsable de la sécurité"),
    SignerRole.SOURCE_AGENT: Words("agent at the source (a machine)", "agent à la source (une machine)"),
    SignerRole.DESTINATION_AGENT: Words("agent at the destination (a machine)", "agent à la destination (une machine)"),
}

TITLE = Words("Data processing agreement {number}", "Contrat de sous-traitance de données {number}")
BETWEEN = Words("between", "entre")
AND = Words("and", "et")
IN_FORCE = Words("In force from {start} to {end}", "En vigueur du {start} au {end}")
DIGEST = Words("Digest of the signed artefact", "Empreinte de l'artefact signé")
SIGNED = Words(
    "Signed by both parties. What they signed is the artefact of the digest given under “Signatures”: this document "
    "lays it out for reading, and where the two differ, the artefact prevails.",
    "Signé des deux parties. Ce qu'elles ont signé est l'artefact dont l'empreinte est donnée sous « Signatures » : "
    "ce document le met en page pour la lecture, et s'ils diffèrent, l'artefact prévaut.",
)
DRAFT = Words(
    "DRAFT: not signed by {who}. No order stands on it.",
    "PROJET : non signé par {who}. Aucun ordre ne peut s'appuyer dessus.",
)
DRAFT_OF_NOBODY = Words(
    "DRAFT: signed by neither party. No order stands on it.",
    "PROJET : aucune des parties ne l'a signé. Aucun ordre ne peut s'appuyer dessus.",
)
BY_CONTROLLER, BY_PROCESSOR = (
    Words("the controller", "le responsable du traitement"),
    Words("the processor", "le sous-traitant"),
)
WHAT_IT_IS = Words(
    "Its structure follows the standard contractual clauses of Commission Implementing Decision (EU) 2021/915; its "
    "wording is Écluse's and not the decision's. What stands beside a rule is the parties' own. Not legal advice: "
    "have counsel read it before you sign.",
    "Son plan suit les clauses contractuelles types de la décision d'exécution (UE) 2021/915 de la Commission ; sa "
    "rédaction est celle d'Écluse et non celle de la décision. Ce qui est bordé d'un filet est des parties. Ceci "
    "n'est pas un conseil juridique : faites-le relire avant de signer.",
)
CLAUSE = Words("Clause {number}. {title}", "Clause {number}. {title}")
SUB_CLAUSE = Words("{number}. {title}", "{number}. {title}")
ANNEX_I = Words("Annex I: the parties", "Annexe I : les parties")
ANNEX_II = Words("Annex II: the processing", "Annexe II : le traitement")
ANNEX_III = Words("Annex III: technical and organisational measures",
                  "Annexe III : mesures techniques et organisationnelles")  # fmt: skip
ANNEX_IV = Words("Annex IV: sub-processors", "Annexe IV : sous-traitants ultérieurs")
NO_SUB_PROCESSOR = Words("None is listed.", "Aucun n'est listé.")
CONTROLLER, PROCESSOR = Words("Controller", "Responsable du traitement"), Words("Processor", "Sous-traitant")
NAME, ADDRESS, CONTACT, DPO, SIGNERS = (
    Words("Name", "Nom"),
    Words("Address", "Adresse"),
    Words("Contact", "Contact"),
    Words("Data protection officer", "Délégué à la protection des données"),
    Words("Who signs for the {party}, and for its machines", "Qui signe pour le {party}, et pour ses machines"),
)
PARTY_LOWER = {"controller": Words("controller", "responsable du traitement"),
               "processor": Words("processor", "sous-traitant")}  # fmt: skip
ID, ROLE, KEY, FINGERPRINT, STATE = (
    Words("Id", "Identifiant"),
    Words("Role", "Rôle"),
    Words("Public key", "Clé publique"),
    Words("Key fingerprint", "Empreinte de la clé"),
    Words("Signature", "Signature"),
)
SUBJECT, NATURE, PURPOSE, DURATION, PERSONS, DATA, SENSITIVE = (
    Words("Subject matter", "Objet"),
    Words("Nature", "Nature"),
    Words("Purpose", "Finalité"),
    Words("Duration", "Durée"),
    Words("Categories of persons", "Catégories de personnes"),
    Words("Categories of personal data", "Catégories de données"),
    Words("Sensitive data and safeguards", "Données sensibles et garanties"),
)
MEASURE, DESCRIPTION = Words("Measure", "Mesure"), Words("What is done", "Ce qui est fait")
HOSTING = Words("Hosting of health data", "Hébergement de données de santé")
HOSTING_SAYS = Words(
    "French law asks a certificate of whoever hosts health data for others (code de la santé publique, L.1111-8). "
    "Whether sealed parcels that rest for a short while are hosting is for counsel to say.",
    "Qui héberge des données de santé pour autrui doit être certifié (code de la santé publique, L.1111-8). Dire si "
    "des colis scellés qui reposent peu de temps sont un hébergement revient à un conseil.",
)
PLACE, CERTIFICATE, EXPIRES = (
    Words("Where parcels rest", "Où reposent les colis"),
    Words("HDS certificate", "Certificat HDS"),
    Words("Expires", "Échéance"),
)
PROCESSING = Words("Processing", "Traitement")
SIGNATURES = Words("Signatures", "Signatures")
SIGNATURES_SAY = Words(
    "Signatures are OpenSSH signatures (SSHSIG) over the artefact's canonical bytes, in the namespace {namespace}: "
    "ssh-keygen -Y verify checks them without Écluse. Compare fingerprints by telephone before you believe them.",
    "Les signatures sont des signatures OpenSSH (SSHSIG) des octets canoniques de l'artefact, dans l'espace de noms "
    "{namespace} : ssh-keygen -Y verify les vérifie sans Écluse. Comparez les empreintes par téléphone avant d'y "
    "croire.",
)
ARTEFACT = Words("The artefact", "L'artefact")
FORMAT, NUMBER = Words("Format", "Format"), Words("Number", "Numéro")
VERIFIED, UNSIGNED, NOT_ASKED = (
    Words("verified", "vérifiée"),
    Words("none yet", "pas encore"),
    Words("not asked", "non demandée"),
)
UNREADABLE = Words("this key cannot be read", "cette clé ne se lit pas")
BY_HAND = Words(
    "Signed by hand as well, where the parties wish it:", "Signé aussi à la main, si les parties le veulent :"
)
HAND = (Words("Name and office", "Nom et qualité"), Words("Place and date", "Lieu et date"),
        Words("Signature", "Signature"))  # fmt: skip
LETTERS = Words("Where each letter of Art. 28(3) is answered", "Où répond-on à chaque lettre de l'art. 28(3)")
LETTER, ANSWERED = Words("Asked by", "Demandé par"), Words("Answered in", "Réponse")
ANSWERS: tuple[tuple[str, Words], ...] = (
    ("28(3)", Words("Clauses 6, 7.2 and 7.3, annex II", "Clauses 6, 7.2 et 7.3, annexe II")),
    ("28(3)(a)", Words("Clauses 7.1 and 7.8", "Clauses 7.1 et 7.8")),
    ("28(3)(b)", Words("Clause 7.4", "Clause 7.4")),
    ("28(3)(c)", Words("Clause 7.4, annex III", "Clause 7.4, annexe III")),
    ("28(3)(d)", Words("Clause 7.7, annex IV", "Clause 7.7, annexe IV")),
    ("28(3)(e)", Words("Clause 8", "Clause 8")),
    ("28(3)(f)", Words("Clauses 8 and 9", "Clauses 8 et 9")),
    ("28(3)(g)", Words("Clause 10", "Clause 10")),
    ("28(3)(h)", Words("Clauses 7.1 and 7.6", "Clauses 7.1 et 7.6")),
)
FOOTER = Words("Agreement {number} · {digest}", "Contrat {number} · {digest}")
PAGE = Words("page {here} of {all}", "page {here} sur {all}")
