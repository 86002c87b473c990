"""Forms of whoever handles warnings."""

from typing import Any

from django import forms

from ecluse.domain.warnings import Outcome, Terms
from ecluse.portal.labels import OUTCOMES
from ecluse.portal.words import later
from ecluse.seal.letters import MAX_TEXT
from ecluse.store.models import Membership, Person


class KeyForm(forms.Form):
    """An age recipient."""

    recipient = forms.CharField(
        label=later("Public key", "Clé publique"),
        help_text=later("The line that begins with age1; the other half stays on your machine.",
                       "La ligne qui commence par age1 ; l'autre moitié reste sur votre machine."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def clean_recipient(self) -> str:
        """Without the blanks that copying brings."""
        return str(self.cleaned_data["recipient"]).strip()


class TermsForm(forms.Form):
    """An organisation's own clocks."""

    acknowledge_days = forms.IntegerField(
        label=later("Working days to acknowledge", "Jours ouvrés pour accuser réception"), min_value=1, max_value=7
    )
    answer_days = forms.IntegerField(label=later("Days to answer", "Jours pour répondre"), min_value=1, max_value=90)
    exposure_hours = forms.IntegerField(
        label=later("Hours to acknowledge where data are open", "Heures pour accuser réception quand des données sont "
                    "accessibles"),
        min_value=1, max_value=4,
    )  # fmt: skip

    def terms(self) -> Terms:
        """What was entered."""
        found = self.cleaned_data
        return Terms(found["acknowledge_days"], found["answer_days"], found["exposure_hours"])


class AnswerForm(forms.Form):
    """Words for the reporter: the answer, or a question."""

    text = forms.CharField(
        label=later("To the reporter", "À l'auteur du signalement"),
        help_text=later("Sealed as it is sent: they read it by their secret. Do not ask who they are.",
                       "Scellé à l'envoi : il le lit par son secret. Ne demandez pas qui il est."),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
    )  # fmt: skip
    question = forms.BooleanField(
        label=later("This is a question, not the answer: the clocks go on", "C'est une question, pas la réponse : les "
                    "délais courent"),
        required=False,
    )  # fmt: skip


class NameForm(forms.Form):
    """Whom its text is about, among one's own colleagues."""

    person = forms.ModelChoiceField(label=later("Person", "Personne"), queryset=Person.objects.none())

    def __init__(self, *args: Any, person: Person, **rest: Any) -> None:
        super().__init__(*args, **rest)
        mine = {grant.organisation for grant in person.grants()}
        theirs = Membership.objects.filter(organisation__slug__in=mine, until__isnull=True).values("person")
        people: Any = self.fields["person"]
        people.queryset = Person.objects.filter(pk__in=theirs, is_active=True).exclude(pk=person.pk)


class CloseForm(forms.Form):
    """Why it is closed."""

    outcome = forms.ChoiceField(
        label=later("Why", "Pourquoi"), choices=[(str(each), OUTCOMES[each]) for each in Outcome],
        widget=forms.RadioSelect,
    )  # fmt: skip
