"""What journal entries, states, moves and owners are called."""

from ecluse.cli._text import Text
from ecluse.domain.entry import Event
from ecluse.domain.lifecycle import Owner, State

EVENTS: dict[Event, Text] = {
    Event.OPENED: Text("workspace opened", "espace de travail ouvert"),
    Event.AGREEMENT_RECORDED: Text("agreement recorded", "contrat enregistré"),
    Event.ORDER_APPROVED: Text("order approved", "ordre approuvé"),
    Event.PLAN_SIGNED: Text("plan signed", "plan signé"),
    Event.EXTRACTION_STARTED: Text("extraction started", "extraction commencée"),
    Event.BATCH_EXTRACTING: Text("extracting a batch", "extraction d'un lot"),
    Event.BATCH_SEALED: Text("batch sealed", "lot scellé"),
    Event.SCOPE_VIOLATION: Text("OUT OF SCOPE, stopped at the gate", "HORS PÉRIMÈTRE, arrêté à la porte"),
    Event.PARCEL_ERASING: Text(
        "erasing a parcel of an interrupted attempt", "effacement d'un colis d'une tentative interrompue"
    ),
    Event.EXTRACTION_SEALED: Text("everything sealed", "tout est scellé"),
    Event.PARCEL_DELIVERING: Text("delivering a parcel", "remise d'un colis"),
    Event.DELIVERED: Text("everything delivered", "tout est remis"),
    Event.PARCEL_RECEIVING: Text("fetching a parcel", "relève d'un colis"),
    Event.PARCEL_RECEIVED: Text("parcel received", "colis reçu"),
    Event.PARCEL_REFUSED: Text("PARCEL REFUSED", "COLIS REFUSÉ"),
    Event.BATCH_LOADING: Text("loading a batch", "chargement d'un lot"),
    Event.BATCH_LOADED: Text("batch loaded", "lot chargé"),
    Event.PUBLISHING: Text("publishing into the target's tables", "publication dans les tables de la destination"),
    Event.LOADED: Text("everything loaded", "tout est chargé"),
    Event.RECONCILED: Text("reconciled", "réconcilié"),
    Event.ACCEPTED: Text("accepted", "accepté"),
    Event.REFUSED: Text("refused", "refusé"),
    Event.SUSPENDED: Text("suspended", "suspendu"),
    Event.RESUMED: Text("resumed", "repris"),
    Event.ABORTED: Text("aborted", "abandonné"),
    Event.ERASING: Text("erasing", "effacement"),
    Event.ERASED: Text("erased, certificate made", "effacé, certificat fait"),
    Event.CHECKPOINT_COSIGNED: Text("shown to a witness", "montré à un témoin"),
}

STATES: dict[State, Text] = {
    State.ORDERED: Text("waiting for an order", "en attente d'un ordre"),
    State.APPROVED: Text("order approved", "ordre approuvé"),
    State.PLANNED: Text("planned", "planifiée"),
    State.EXTRACTING: Text("extracting", "en extraction"),
    State.SEALED: Text("sealed", "scellée"),
    State.DELIVERED: Text("delivered", "remise"),
    State.LOADED: Text("loaded", "chargée"),
    State.RECONCILED: Text("reconciled", "réconciliée"),
    State.ACCEPTED: Text("accepted", "acceptée"),
    State.REFUSED: Text("refused", "refusée"),
    State.ABORTED: Text("aborted", "abandonnée"),
    State.SUSPENDED: Text("suspended", "suspendue"),
    State.ERASED: Text("erased", "effacée"),
}

OWNERS: dict[Owner, Text] = {
    Owner.CONTROLLER: Text("the controller", "le responsable de traitement"),
    Owner.SOURCE_AGENT: Text("the agent at the source", "l'agent à la source"),
    Owner.DESTINATION_AGENT: Text("the agent at the destination", "l'agent à la destination"),
    Owner.BOTH_AGENTS: Text("both agents", "les deux agents"),
    Owner.NOBODY: Text("nobody", "personne"),
}

PLACES = {"source": Text("source", "source"), "destination": Text("destination", "destination")}
