"""Forms of agents and tokens."""

from typing import Any

from django import forms

from ecluse.domain.permissions import MAY, Action
from ecluse.portal.words import Text, later
from ecluse.store.acts.tokens import MAX_DAYS, SIGNING
from ecluse.store.models import Person

_DAYS = 30


class AgentForm(forms.Form):
    """A new agent."""

    handle = forms.RegexField(
        r"\A[a-z0-9][a-z0-9._-]{0,63}\Z",
        label=later("Name", "Nom"),
        help_text=later("Lower-case letters, digits and - . _; agreements and journals name the agent so.",
                       "Des minuscules, des chiffres et - . _ ; les contrats et les journaux nomment ainsi l'agent."),
    )  # fmt: skip
    place = forms.ChoiceField(
        label=later("Where it works", "Où il travaille"),
        choices=[("source", later("at the source: the old system", "à la source : l'ancien système")),
                 ("destination", later("at the destination: the new system", "à la destination : le nouveau système")),
                 ("relay", later("between them: a relay", "entre les deux : un relais"))],
        widget=forms.RadioSelect,
    )  # fmt: skip


class TokenForm(forms.Form):
    """A new token: for what, until when."""

    name = forms.CharField(
        label=later("What it is for", "À quoi il sert"),
        max_length=100,
        help_text=later("In your words.", "En vos mots."),
    )
    scopes = forms.MultipleChoiceField(
        label=later("What it may do", "Ce qu'il peut faire"),
        help_text=later("Never to sign or approve: that takes a passkey.",
                       "Jamais signer ni approuver : il y faut une clé d'accès."),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    days = forms.IntegerField(
        label=later("Days it works", "Jours de validité"), min_value=1, max_value=MAX_DAYS, initial=_DAYS
    )

    def __init__(self, person: Person, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        held = {(grant.side, grant.role) for grant in person.grants()}
        scopes: Any = self.fields["scopes"]
        scopes.choices = [
            (str(action), scope_words(action)) for action in Action if action not in SIGNING and MAY[action] & held
        ]


SCOPES: dict[Action, Text] = {
    Action.SEE_PEOPLE: Text("see people", "voir les personnes"),
    Action.INVITE: Text("invite people", "inviter des personnes"),
    Action.BRING_IN: Text("bring organisations in", "faire entrer des organisations"),
    Action.REMOVE: Text("let people leave", "faire partir des personnes"),
    Action.RECOVER: Text("recover accounts", "rétablir des comptes"),
    Action.REVIEW_ACCESS: Text("review access", "passer les accès en revue"),
    Action.RECORD_TRAINING: Text("record training", "noter des formations"),
    Action.SEE_AGREEMENT: Text("see agreements", "voir les contrats"),
    Action.DRAFT_AGREEMENT: Text("draft agreements", "rédiger des contrats"),
    Action.SIGN_AGREEMENT: Text("sign agreements", "signer des contrats"),
    Action.END_AGREEMENT: Text("end agreements", "mettre fin à des contrats"),
    Action.ANNOUNCE_SUB_PROCESSOR: Text("announce sub-processors", "annoncer des sous-traitants ultérieurs"),
    Action.OBJECT_TO_SUB_PROCESSOR: Text("object to sub-processors", "s'opposer à des sous-traitants ultérieurs"),
    Action.SEE_REGISTER: Text("see the register", "voir le registre"),
    Action.SEE_ORDER: Text("see orders", "voir les ordres"),
    Action.DRAFT_ORDER: Text("draft orders", "rédiger des ordres"),
    Action.APPROVE_ORDER: Text("approve orders", "approuver des ordres"),
    Action.SEE_MIGRATION: Text("see migrations", "voir les migrations"),
    Action.SUSPEND: Text("suspend migrations", "suspendre des migrations"),
    Action.RESUME: Text("resume migrations", "reprendre des migrations"),
    Action.DECIDE: Text("decide on migrations", "décider des migrations"),
    Action.ABORT: Text("give migrations up", "abandonner des migrations"),
    Action.SEE_JOURNAL: Text("see the journal", "voir le journal"),
    Action.COSIGN_JOURNAL: Text("cosign the journal", "cosigner le journal"),
    Action.TAKE_EVIDENCE: Text("take evidence", "prendre les preuves"),
    Action.SEE_AGENTS: Text("see agents", "voir les agents"),
    Action.ENROL_AGENT: Text("invite agents", "inviter des agents"),
    Action.REVOKE_AGENT: Text("revoke agents", "révoquer des agents"),
    Action.SEE_WARNINGS: Text("see that warnings exist", "voir que des signalements existent"),
    Action.HANDLE_WARNING: Text("handle warnings", "traiter des signalements"),
    Action.SET_WARNING_TERMS: Text("set the clocks of warnings", "fixer les délais des signalements"),
    Action.SEE_ALERTS: Text("see alerts", "voir les alertes"),
    Action.ACKNOWLEDGE_ALERT: Text("acknowledge alerts", "prendre en compte les alertes"),
    Action.RESOLVE_ALERT: Text("resolve alerts", "résoudre les alertes"),
    Action.SET_ALERT_CLOCKS: Text("set the clocks of alerts", "régler les délais des alertes"),
    Action.SEE_INCIDENTS: Text("see incidents", "voir les incidents"),
    Action.SEE_INCIDENT_RECORD: Text("see the record and the drafts of an incident",
                                     "voir le dossier et les projets d'un incident"),
    Action.OPEN_INCIDENT: Text("open incidents", "ouvrir des incidents"),
    Action.ADD_TO_INCIDENT: Text("add facts to incidents", "ajouter des faits aux incidents"),
    Action.TELL_CONTROLLER: Text("tell the laboratory of a breach", "prévenir le laboratoire d'une violation"),
    Action.COUNT_AFFECTED: Text("give the numbers of an incident", "donner les nombres d'un incident"),
    Action.DECIDE_INCIDENT: Text("decide on incidents", "décider des incidents"),
    Action.TELL_TRACE: Text("tell an incident what tracing a sample concluded",
                            "dire à un incident ce que le traçage d'un échantillon conclut"),
    Action.SEE_TRACING: Text("see which exports can be traced", "voir quels exports peuvent être tracés"),
}
"""Every action in words, as a token's scope."""


def scope_words(action: Action) -> Text:
    """An action in words."""
    return SCOPES.get(action) or Text(str(action), str(action))
