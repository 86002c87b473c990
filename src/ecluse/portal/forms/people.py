"""Forms of people and access."""

from typing import Any

from django import forms

from ecluse.domain.addresses import shared_name
from ecluse.domain.permissions import Role
from ecluse.portal.labels import ROLE_MEANS, ROLES
from ecluse.portal.words import later, tr
from ecluse.store.models import Membership, Organisation, Person
from ecluse.store.reads.people import Member

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def role_choices() -> list[tuple[str, str]]:
    """Every role, with what it means."""
    return [(str(role), f"{ROLES[role]} – {ROLE_MEANS[role]}") for role in Role]


def _of_one_person(address: str) -> str:
    shared = shared_name(address)
    if shared:
        raise forms.ValidationError(
            tr(f"{shared}@… is a mailbox that several people read. One address, one person: else nobody could "
               "tell who did what.",
               f"{shared}@… est une boîte que plusieurs personnes lisent. Une adresse, une personne : sinon nul ne "
               "saurait qui a fait quoi.")
        )  # fmt: skip
    return address


class JoinForm(forms.Form):
    """Whoever follows an invitation: the name, and the address it was sent to, which the page does not tell."""

    name = forms.CharField(label=later("Your name", "Votre nom"), max_length=200)
    email = forms.EmailField(
        label=later("The address at which you were invited", "L'adresse à laquelle on vous a invité"),
        help_text=later("To see that the link reached the right person.",
                       "Pour voir que le lien est arrivé à la bonne personne."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip


class InviteForm(forms.Form):
    """One person, one address, one role."""

    name = forms.CharField(label=later("Name", "Nom"), max_length=200)
    email = forms.EmailField(
        label=later("E-mail address", "Adresse électronique"),
        help_text=later("The person's own: no mailbox that several read.",
                       "Celle de la personne : pas de boîte que plusieurs lisent."),
    )  # fmt: skip
    role = forms.ChoiceField(label=later("Role", "Rôle"), choices=role_choices, widget=forms.RadioSelect)

    def clean_email(self) -> str:
        """Not one that several people read."""
        return _of_one_person(str(self.cleaned_data["email"]))


class BringInForm(forms.Form):
    """An organisation of the other side, and who is to administer it."""

    name = forms.CharField(
        label=later("Name of the organisation", "Nom de l'organisation"),
        help_text=later("As it stands in contracts.", "Tel qu'il figure dans les contrats."),
        max_length=200,
    )
    address = forms.CharField(label=later("Its address", "Son adresse"), max_length=400, required=False)
    administrator = forms.CharField(
        label=later("Its first administrator: name", "Son premier administrateur : nom"),
        help_text=later("They invite everybody else of that organisation: you do not.",
                       "Cette personne invite toutes les autres de son organisation : pas vous."),
        max_length=200,
    )  # fmt: skip
    email = forms.EmailField(
        label=later("Their own address", "Son adresse électronique, à elle seule"),
    )

    def clean_email(self) -> str:
        """Not one that several people read."""
        return _of_one_person(str(self.cleaned_data["email"]))


class GrantForm(forms.Form):
    """A further role."""

    role = forms.ChoiceField(label=later("A further role", "Un rôle de plus"), choices=())

    def __init__(self, *args: Any, member: Member, **rest: Any) -> None:
        super().__init__(*args, **rest)
        held = {membership.role for membership in member.roles}
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (str(role), str(ROLES[role])) for role in Role if str(role) not in held
        ]


class LeaveForm(forms.Form):
    """Who takes over the agents of whoever leaves."""

    heir = forms.ModelChoiceField(
        label=later("Who takes over their agents", "Qui reprend ses agents"), queryset=Person.objects.none(),
        to_field_name="handle",
    )  # fmt: skip

    def __init__(self, *args: Any, organisation: Organisation, leaver: Person, needed: bool, **rest: Any) -> None:
        super().__init__(*args, **rest)
        if not needed:
            del self.fields["heir"]
            return
        held = Membership.objects.filter(organisation=organisation, until__isnull=True).values("person")
        others = Person.objects.filter(pk__in=held, is_active=True).exclude(pk=leaver.pk)
        self.fields["heir"].queryset = others  # type: ignore[attr-defined]


class TrainingForm(forms.Form):
    """A training that was done."""

    subject = forms.CharField(label=later("Training", "Formation"), max_length=200)
    done_on = forms.DateField(label=later("Done on", "Suivie le"), widget=_DAY)
    expires_on = forms.DateField(label=later("Counts until", "Vaut jusqu'au"), widget=_DAY)


class ReviewForm(forms.Form):
    """A decision for each role that is held."""

    def __init__(self, *args: Any, roles: list[Membership], **rest: Any) -> None:
        super().__init__(*args, **rest)
        for membership in roles:
            self.fields[f"role-{membership.pk}"] = forms.ChoiceField(
                label=f"{membership.person} – {ROLES[Role(membership.role)]}",
                choices=[("keep", later("keep", "garder")), ("withdraw", later("withdraw", "retirer"))],
                widget=forms.RadioSelect,
            )

    def decisions(self) -> dict[int, bool]:
        """Whether each stays, by membership."""
        return {int(name.removeprefix("role-")): value == "keep" for name, value in self.cleaned_data.items()}
