"""Searching the journal, and bringing back a cosigned checkpoint."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict

from ecluse.domain.room import RoomEvent
from ecluse.portal.events import EVENTS
from ecluse.portal.words import later, tr
from ecluse.store.reads.journal import Asked

_MAX_CHECKPOINT = 65_536


def _events() -> list[tuple[str, str]]:
    words = sorted((str(EVENTS.get(each, each)), str(each)) for each in RoomEvent)
    return [("", tr("anything", "tout")), *((value, text) for text, value in words)]


class SearchForm(forms.Form):
    """Who, what, about what, when; each may stay empty."""

    actor = forms.CharField(required=False, max_length=64, label=later("Who", "Qui"))
    event = forms.ChoiceField(required=False, choices=_events, label=later("What", "Quoi"))
    subject = forms.CharField(
        required=False,
        max_length=200,
        label=later("About (its beginning)", "À propos de (son début)"),
    )
    organisation = forms.ChoiceField(required=False, label=later("Organisation", "Organisation"))
    since = forms.DateField(
        required=False,
        label=later("From", "Du"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = forms.DateField(
        required=False,
        label=later("Until", "Au"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, data: QueryDict, *, organisations: Sequence[tuple[str, str]]) -> None:
        """``organisations``: those whose journal one may read, as (slug, name)."""
        super().__init__(data)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", tr("all of them", "toutes")), *organisations]

    def asked(self) -> Asked:
        """What to search; whatever is not valid is not asked."""
        if not self.is_valid():
            return Asked()
        return Asked(**{name: value for name, value in self.cleaned_data.items() if value})


class CosignForm(forms.Form):
    """A checkpoint as a witness gave it back."""

    checkpoint = forms.CharField(
        max_length=_MAX_CHECKPOINT,
        strip=False,
        label=later("Cosigned checkpoint", "Point de contrôle cosigné"),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    witness = forms.CharField(
        max_length=300,
        label=later("The witness's public key (vkey)", "La clé publique du témoin (vkey)"),
    )
