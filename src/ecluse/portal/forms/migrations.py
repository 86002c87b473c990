"""Forms about migrations: an instruction's reason, a decision."""

from django import forms

from ecluse.domain.records import Decision
from ecluse.portal.words import Text, later


class ReasonForm(forms.Form):
    """Why a migration is stopped, goes on, or is given up: it stands in the signed instruction."""

    reason = forms.CharField(
        max_length=1000,
        label=later("Reason", "Motif"),
        help_text=later(
            "Everybody concerned reads it. No patient's name or number.",
            "Toutes les personnes concernées le lisent. Ni nom ni numéro de patient.",
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DecisionForm(forms.Form):
    """The controller's decision on the reconciliation."""

    decision = forms.ChoiceField(
        label=later("Decision", "Décision"),
        choices=[
            (
                Decision.ACCEPTED,
                Text("accepted: everything arrived as ordered", "acceptée : tout est arrivé comme ordonné"),
            ),
            (
                Decision.ACCEPTED_WITH_DIFFERENCES,
                Text("accepted with the differences listed", "acceptée avec les écarts listés"),
            ),
            (Decision.REFUSED, Text("refused", "refusée")),
        ],
        widget=forms.RadioSelect,
    )
    remarks = forms.CharField(
        required=False,
        max_length=2000,
        label=later("Remarks", "Remarques"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
