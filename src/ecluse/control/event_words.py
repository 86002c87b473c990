"""What entries of a place's and of a relay's journal are called, French and English."""

from collections.abc import Mapping

from ecluse.control.report_words import Words
from ecluse.domain.access import Access
from ecluse.domain.entry import Event

EVENTS: Mapping[Event, Words] = {
    Event.OPENED: Words("workspace opened", "espace de travail ouvert"),
    Event.AGREEMENT_RECORDED: Words("agreement recorded", "contrat enregistré"),
    Event.ORDER_APPROVED: Words("order approved", "ordre approuvé"),
    Event.PLAN_SIGNED: Words("plan signed", "plan signé"),
    Event.EXTRACTION_STARTED: Words("extraction started", "extraction commencée"),
    Event.BATCH_EXTRACTING: Words("extracting a batch", "extraction d'un lot"),
    Event.BATCH_SEALED: Words("batch sealed", "lot scellé"),
    Event.SCOPE_VIOLATION: Words("OUT OF SCOPE, stopped at the gate", "HORS PÉRIMÈTRE, arrêté à la porte"),
    Event.PARCEL_ERASING: Words(
        "erasing a parcel of an interrupted attempt", "effacement d'un colis d'une tentative interrompue"
    ),
    Event.TRACE_KEEPING: Words("keeping the fingerprints ordered", "garde des empreintes ordonnées"),
    Event.EXTRACTION_SEALED: Words("everything sealed", "tout est scellé"),
    Event.PARCEL_DELIVERING: Words("delivering a parcel", "remise d'un colis"),
    Event.DELIVERED: Words("everything delivered", "tout est remis"),
    Event.PARCEL_RECEIVING: Words("fetching a parcel", "relève d'un colis"),
    Event.PARCEL_RECEIVED: Words("parcel received", "colis reçu"),
    Event.PARCEL_REFUSED: Words("PARCEL REFUSED", "COLIS REFUSÉ"),
    Event.BATCH_LOADING: Words("loading a batch", "chargement d'un lot"),
    Event.BATCH_LOADED: Words("batch loaded", "lot chargé"),
    Event.PUBLISHING: Words("publishing into the target's tables", "publication dans les tables de la destination"),
    Event.LOADED: Words("everything loaded", "tout est chargé"),
    Event.RECONCILED: Words("reconciled", "réconcilié"),
    Event.SAMPLE_COMPARED: Words(
        "sample of prior results compared; in whose name is stated, not proved",
        "échantillon d'antériorités comparé ; au nom de qui est dit, sans preuve",
    ),
    Event.ACCEPTED: Words("accepted", "accepté"),
    Event.REFUSED: Words("refused", "refusé"),
    Event.SUSPENDED: Words("suspended", "suspendu"),
    Event.RESUMED: Words("resumed", "repris"),
    Event.ABORTED: Words("aborted", "abandonné"),
    Event.ERASING: Words("erasing", "effacement"),
    Event.ERASED: Words("erased, certificate made", "effacé, certificat fait"),
    Event.TRACE_ERASING: Words("erasing the fingerprints", "effacement des empreintes"),
    Event.CHECKPOINT_COSIGNED: Words("shown to a witness", "montré à un témoin"),
}

RELAY: Mapping[Access, Words] = {
    Access.OPENED: Words("the relay was set up", "le relais a été installé"),
    Access.STARTED: Words("the relay started", "le relais a démarré"),
    Access.STOPPED: Words("the relay stopped", "le relais s'est arrêté"),
    Access.AGREEMENT_TRUSTED: Words("agreement trusted", "contrat reconnu"),
    Access.AGREEMENT_ENDED: Words("agreement ended", "contrat terminé"),
    Access.ACCOUNT_ADDED: Words("account added", "compte ajouté"),
    Access.ACCOUNT_CHANGED: Words("account changed", "compte modifié"),
    Access.ACCOUNT_REVOKED: Words("account revoked", "compte révoqué"),
    Access.KEY_CLAIMED: Words("a key offered for a second account", "une clé présentée pour un second compte"),
    Access.ENTERED: Words("came in", "est entré"),
    Access.LEFT: Words("left", "est sorti"),
    Access.ENTRY_FAILED: Words("was refused at the door", "refusé à la porte"),
    Access.NETWORK_REFUSED: Words("a network refused", "réseau refusé"),
    Access.PATH_REFUSED: Words("asked for what is not theirs", "a demandé ce qui n'est pas à lui"),
    Access.BOX_OPENED: Words("box opened", "boîte ouverte"),
    Access.BOX_COMPLETE: Words("box complete", "boîte complète"),
    Access.BOX_CLOSED: Words("box closed", "boîte fermée"),
    Access.PAPER_KEPT: Words("paper kept", "document gardé"),
    Access.PAPER_REFUSED: Words("paper refused", "document refusé"),
    Access.PARCEL_COMING: Words("a parcel is coming", "un colis arrive"),
    Access.PARCEL_STORED: Words("parcel stored", "colis déposé"),
    Access.PARCEL_REFUSED: Words("parcel refused", "colis refusé"),
    Access.PARCEL_DROPPED: Words("unfinished parcel dropped", "colis inachevé abandonné"),
    Access.QUOTA_EXCEEDED: Words("quota exceeded", "quota dépassé"),
    Access.PARCEL_READ: Words("parcel read", "colis lu"),
    Access.PARCEL_TAKEN: Words("parcel taken", "colis emporté"),
    Access.ERASING: Words("erasing", "effacement"),
    Access.ERASED: Words("erased", "effacé"),
    Access.OVERDUE: Words("could not be erased in time", "n'a pas pu être effacé à temps"),
    Access.CLOCK_JUMPED: Words("the clock leapt", "l'horloge a sauté"),
    Access.REPORTED: Words("told the room", "a rendu compte à la salle"),
    Access.ROOM_SILENT: Words("the room does not answer", "la salle ne répond pas"),
}
"""What relays' journals tell."""
