"""What journal entries, states, moves and owners are called."""

from ecluse.cli._text import Text
from ecluse.control import event_words
from ecluse.domain.entry import Event
from ecluse.domain.lifecycle import Owner, State

EVENTS: dict[Event, Text] = {event: Text(words.en, words.fr) for event, words in event_words.EVENTS.items()}

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
