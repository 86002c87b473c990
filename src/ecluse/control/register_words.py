"""The words of the register of processing activities (GDPR Art. 30(2)), French and English."""

from ecluse.control.report_words import Words
from ecluse.domain.lifecycle import State

COLUMNS: tuple[Words, ...] = (
    Words("Processor", "Sous-traitant"),
    Words("Processor's address", "Adresse du sous-traitant"),
    Words("Processor's contact", "Contact du sous-traitant"),
    Words("Processor's data protection officer", "Délégué à la protection des données du sous-traitant"),
    Words("Controller", "Responsable du traitement"),
    Words("Controller's address", "Adresse du responsable"),
    Words("Controller's contact", "Contact du responsable"),
    Words("Controller's data protection officer", "Délégué à la protection des données du responsable"),
    Words("Agreement", "Contrat"),
    Words("Agreement's digest", "Empreinte du contrat"),
    Words("In force from", "En vigueur du"),
    Words("In force until", "En vigueur jusqu'au"),
    Words("Subject matter", "Objet"),
    Words("Categories of processing", "Catégories de traitement"),
    Words("Purpose", "Finalité"),
    Words("Categories of persons", "Catégories de personnes"),
    Words("Categories of data", "Catégories de données"),
    Words("Transfers to third countries", "Transferts vers des pays tiers"),
    Words("Security measures", "Mesures de sécurité"),
    Words("Sub-processors", "Sous-traitants ultérieurs"),
    Words("Hosting", "Hébergement"),
    Words("Order", "Ordre"),
    Words("Where it stands", "Où il en est"),
    Words("Requests dated", "Dossiers datés"),
    Words("Sites", "Sites"),
    Words("Classes of data ordered", "Classes de données ordonnées"),
    Words("Erased by", "Effacé au plus tard le"),
)
STATES: dict[State, Words] = {
    State.ORDERED: Words("ordered", "ordonnée"),
    State.APPROVED: Words("order approved", "ordre approuvé"),
    State.PLANNED: Words("planned", "planifiée"),
    State.EXTRACTING: Words("extracting", "en extraction"),
    State.SEALED: Words("sealed", "scellée"),
    State.DELIVERED: Words("delivered", "remise"),
    State.LOADED: Words("loaded", "chargée"),
    State.RECONCILED: Words("reconciled", "réconciliée"),
    State.ACCEPTED: Words("accepted", "acceptée"),
    State.REFUSED: Words("refused", "refusée"),
    State.ABORTED: Words("given up", "abandonnée"),
    State.SUSPENDED: Words("suspended", "suspendue"),
    State.ERASED: Words("erased", "effacée"),
}
PLACES = {"source": Words("source", "source"), "destination": Words("destination", "destination")}
PREMISES = Words("on the controller's premises", "dans les locaux du responsable")
HOST = Words(
    "at a certified host (HDS): {certificate}, until {expires}",
    "chez un hébergeur certifié (HDS) : {certificate}, jusqu'au {expires}",
)

TITLE = Words("Register of processing activities", "Registre des activités de traitement")
OF = Words("of the processor {name}", "du sous-traitant {name}")
AS_OF = Words("As it stands on {day}", "Tel qu'il est au {day}")
WHAT_IT_IS = Words(
    "Kept by the processor under Article 30(2) of Regulation (EU) 2016/679 (GDPR), and shown to the supervisory "
    "authority on request. It is drawn from signed agreements, signed orders and the migrations' journals. "
    "Processing that Écluse does not carry out is not in it; nor are representatives (Art. 27), which the "
    "agreements do not name.",
    "Tenu par le sous-traitant selon l'article 30, paragraphe 2, du règlement (UE) 2016/679 (RGPD), et montré à "
    "l'autorité de contrôle sur demande. Il est tiré de contrats signés, d'ordres signés et des journaux des "
    "migrations. Les traitements qu'Écluse n'exécute pas n'y sont pas ; ni les représentants (art. 27), que les "
    "contrats ne nomment pas.",
)
PROCESSOR = Words("The processor", "Le sous-traitant")
UNDER = Words("{controller}: agreement {number}", "{controller} : contrat {number}")
NAME, ADDRESS, CONTACT, DPO = (
    Words("Name", "Nom"),
    Words("Address", "Adresse"),
    Words("Contact", "Contact"),
    Words("Data protection officer", "Délégué à la protection des données"),
)
DIGEST, DURATION = Words("Digest", "Empreinte"), Words("In force", "En vigueur")
FROM_TO = Words("from {start} to {end}", "du {start} au {end}")
NATURE, SUBJECT, PURPOSE, PERSONS, DATA, TRANSFERS, SUBS, HOSTED = (
    Words("Categories of processing", "Catégories de traitement"),
    Words("Subject matter", "Objet"),
    Words("Purpose", "Finalité"),
    Words("Categories of persons", "Catégories de personnes"),
    Words("Categories of data", "Catégories de données"),
    Words("Transfers to third countries", "Transferts vers des pays tiers"),
    Words("Sub-processors", "Sous-traitants ultérieurs"),
    Words("Hosting", "Hébergement"),
)
NONE = Words("none", "aucun")
MEASURES = Words("Security measures (Art. 32(1))", "Mesures de sécurité (art. 32, § 1)")
MEASURE, DESCRIPTION = Words("Measure", "Mesure"), Words("General description", "Description générale")
ORDERS = Words("Migrations ordered", "Migrations ordonnées")
NO_ORDER = Words(
    "No migration has been ordered under this agreement.", "Aucune migration n'a été ordonnée sous ce contrat."
)
ORDER, STANDS, SCOPE, ERASE_BY = (
    Words("Order", "Ordre"),
    Words("Where it stands", "Où elle en est"),
    Words("Scope", "Portée"),
    Words("Erased by", "Effacée au plus tard"),
)
FOOTER = Words("Register of {name} · {day}", "Registre de {name} · {day}")
