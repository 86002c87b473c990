"""What entries of a place's journal are called, French and English."""

from collections.abc import Mapping

from ecluse.control.report_words import Words
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
    Event.ACCEPTED: Words("accepted", "accepté"),
    Event.REFUSED: Words("refused", "refusé"),
    Event.SUSPENDED: Words("suspended", "suspendu"),
    Event.RESUMED: Words("resumed", "repris"),
    Event.ABORTED: Words("aborted", "abandonné"),
    Event.ERASING: Words("erasing", "effacement"),
    Event.ERASED: Words("erased, certificate made", "effacé, certificat fait"),
    Event.CHECKPOINT_COSIGNED: Words("shown to a witness", "montré à un témoin"),
}
