"""Forms of incidents: opening one, adding what is known, telling, deciding, noting where data lie (R17)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from django import forms
from django.utils import timezone

from ecluse.control import incident_words as w
from ecluse.control.report_words import Words
from ecluse.domain.incident_exposures import EXPOSURE_TRANSITIONS, Exposure, ExposureKind, ExposureState
from ecluse.domain.incidents import COUNTED, Basis, Fact, FactKind, Ground, Risk, Step
from ecluse.domain.permissions import Side
from ecluse.portal.words import Text, later, tr
from ecluse.store.acts.incidents import GivenExposure, GivenExposureMove, GivenFact, GivenStep, Opened
from ecluse.store.models import Organisation

_TEXT = 4000
_NO_PATIENT = later(
    "No patient's name, number or result: what kind of data, never whose.",
    "Ni nom, ni numéro, ni résultat de patient : quel genre de données, jamais de qui.",
)
_MOMENT = "%Y-%m-%dT%H:%M"


def choices_of(table: Mapping[Any, Words], only: Sequence[StrEnum] | None = None) -> list[tuple[str, Text]]:
    """A table of words as a field's choices."""
    return [(str(each), Text(words.en, words.fr)) for each, words in table.items() if only is None or each in only]


class MomentField(forms.DateTimeField):
    """A moment of this room's zone, to the minute; now, unless another is given.

    Of the hour that comes twice when summer ends the first is meant: no clock runs shorter than it may.
    """

    def __init__(self, **rest: Any) -> None:
        """As a field of forms; the browser's own control."""
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
        super().__init__(widget=widget, **rest)

    def to_python(self, value: Any) -> dt.datetime | None:
        """The moment. Raises ValidationError."""
        if value in self.empty_values:
            return None
        try:
            read = dt.datetime.fromisoformat(str(value).strip())
            return read.replace(tzinfo=read.tzinfo or timezone.get_current_timezone(), fold=0).astimezone(dt.UTC)
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(tr("Write a day and a time.", "Écrivez un jour et une heure.")) from error

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """With now as what is offered where nothing else is."""
        if self.initial is None:
            form.initial.setdefault(field_name, timezone.localtime().replace(second=0, microsecond=0))
        return super().get_bound_field(form, field_name)


def _text(label: Any, *, rows: int = 4, required: bool = True, most: int = _TEXT, **rest: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **rest
    )


class OpenForm(forms.Form):
    """An incident as it is opened, by a laboratory or by its vendor."""

    title = forms.CharField(label=later("Title", "Titre"), help_text=_NO_PATIENT, max_length=120)
    found = MomentField(
        label=later("Your organisation was aware since", "Votre organisation en a connaissance depuis"),
        help_text=later("The clocks run from then.", "Les délais courent dès lors."),
    )
    text = _text(later("What happened, as far as one knows", "Ce qui s'est passé, autant qu'on le sache"),
                 help_text=_NO_PATIENT)  # fmt: skip

    def __init__(self, *args: Any, place: Organisation, bound: Sequence[Organisation], **rest: Any) -> None:
        """``bound``: the other side of this organisation's agreements."""
        super().__init__(*args, **rest)
        self.place, self.bound = place, {each.slug: each for each in bound}
        named: list[tuple[str, str]] = [(each.slug, each.name) for each in bound]
        if place.side == Side.PROCESSOR:
            self.fields["others"] = forms.MultipleChoiceField(
                label=later("Laboratories concerned", "Laboratoires concernés"), choices=named,
                widget=forms.CheckboxSelectMultiple,
                help_text=later("Each gets a record of its own, and sees no other's.",
                                "Chacun a son propre dossier, et n'en voit aucun autre."),
            )  # fmt: skip
        else:
            self.fields["others"] = forms.ChoiceField(
                label=later("Vendor concerned", "Éditeur concerné"), required=False,
                choices=[("", Text("none", "aucun")), *named],
            )  # fmt: skip
            self.fields["basis"] = forms.ChoiceField(
                label=later("How you became aware", "Comment vous en avez eu connaissance"),
                choices=choices_of(w.BASES),
            )  # fmt: skip

    def opened(self) -> tuple[list[Organisation], Opened]:
        """With whom, and what."""
        given = self.cleaned_data
        others = given["others"] if isinstance(given["others"], list) else [given["others"]]
        basis = Basis(given["basis"]) if "basis" in given else Basis.OWN
        return [self.bound[slug] for slug in others if slug], Opened(
            given["title"], given["text"], given["found"], basis
        )


class _Everywhere(forms.Form):
    """A form that a vendor can fill in for all its laboratories at once."""

    at_once = False
    """Whether that is what is offered first: a notice is for all, a fact may be about one laboratory alone."""

    def __init__(self, *args: Any, others: int = 0, **rest: Any) -> None:
        """``others``: how many other laboratories have the same matter."""
        super().__init__(*args, **rest)
        if others:
            label = (
                tr(f"At the {others} other laboratories of this matter too",
                   f"Aussi chez les {others} autres laboratoires de cette affaire")
                if others > 1
                else tr("At the other laboratory of this matter too", "Aussi chez l'autre laboratoire de cette affaire")
            )  # fmt: skip
            self.fields["everywhere"] = forms.BooleanField(label=label, required=False, initial=self.at_once)

    def everywhere(self) -> bool:
        """Whether it is for all."""
        return bool(self.cleaned_data.get("everywhere"))


class FactForm(_Everywhere):
    """What is known, in words."""

    kind = forms.ChoiceField(
        label=later("About", "Objet"), choices=choices_of(w.FACTS, [each for each in FactKind if each not in COUNTED])
    )
    text = _text(later("What is known", "Ce que l'on sait"), help_text=_NO_PATIENT)
    known_since = MomentField(label=later("Known since", "Connu depuis"))
    corrects = forms.ChoiceField(label=later("Corrects", "Corrige"), required=False)

    def __init__(self, *args: Any, facts: Sequence[Fact] = (), **rest: Any) -> None:
        """``facts``: those that may be corrected."""
        super().__init__(*args, **rest)
        field: Any = self.fields["corrects"]
        field.choices = [("", Text("nothing: it is new", "rien : c'est nouveau"))] + [
            (str(fact.number), Text(f"no. {fact.number}, {w.FACTS[fact.kind].en}",
                                    f"nº {fact.number}, {w.FACTS[fact.kind].fr}")) for fact in facts
        ]  # fmt: skip

    def given(self) -> GivenFact:
        """What was entered. A correction is of its fact's kind."""
        found = self.cleaned_data
        corrects = int(found["corrects"]) if found["corrects"] else None
        return GivenFact(FactKind(found["kind"]), found["text"], found["known_since"], corrects=corrects)


class CountForm(forms.Form):
    """How many are affected: a number that the laboratory counted on its own side."""

    kind = forms.ChoiceField(label=later("Counted", "Compté"), choices=choices_of(w.FACTS, sorted(COUNTED)))
    count = forms.IntegerField(label=later("Number", "Nombre"), min_value=0, max_value=10**12)
    exact = forms.BooleanField(label=later("Counted, not estimated", "Compté, et non estimé"), required=False)
    text = forms.CharField(
        label=later("Of which kind, if not all", "De quel genre, si ce n'est pas tout"), required=False, max_length=200,
        help_text=later("For example: of whom the NIR is among the data.", "Par exemple : dont le NIR figure."),
    )  # fmt: skip
    known_since = MomentField(label=later("Known since", "Connu depuis"))
    corrects = forms.ChoiceField(label=later("Corrects", "Corrige"), required=False)

    def __init__(self, *args: Any, facts: Sequence[Fact] = (), **rest: Any) -> None:
        """``facts``: numbers that may be corrected."""
        super().__init__(*args, **rest)
        field: Any = self.fields["corrects"]
        field.choices = [("", Text("nothing: it is new", "rien : c'est nouveau"))] + [
            (str(fact.number), f"nº {fact.number}: {fact.count}") for fact in facts
        ]

    def given(self) -> GivenFact:
        """What was entered."""
        found = self.cleaned_data
        corrects = int(found["corrects"]) if found["corrects"] else None
        return GivenFact(
            FactKind(found["kind"]), found["text"], found["known_since"], found["count"], found["exact"], corrects
        )


class NoticeForm(_Everywhere):
    """That the laboratory is told."""

    at_once = True
    at = MomentField(label=later("Told", "Prévenu"))
    reasons = _text(later("How, and to whom", "Comment, et qui"), rows=2, required=False, help_text=_NO_PATIENT)

    def given(self) -> GivenStep:
        """What was entered."""
        return GivenStep(Step.NOTICE, self.cleaned_data["at"], self.cleaned_data["reasons"])


class StepForm(forms.Form):
    """One step of the controller's: only what that step asks."""

    at = MomentField(label=later("When", "Quand"))

    def __init__(self, *args: Any, step: Step, **rest: Any) -> None:
        """``step``: which one."""
        super().__init__(*args, **rest)
        self.step = step
        if step is Step.AWARE:
            self._choice("basis", later("How", "Comment"), choices_of(w.BASES))
        if step in _JUDGES:
            self._choice("risk", later("Your judgement", "Votre jugement"), choices_of(w.RISKS, _JUDGES[step]))
        if step is Step.NOT_TELL:
            self._choice("ground", later("Ground", "Motif légal"), choices_of(w.GROUNDS))
        if step in _FILES:
            self.fields["reference"] = forms.CharField(
                label=later("Reference given by the authority", "Référence donnée par l'autorité"), max_length=200,
                required=False,
            )  # fmt: skip
        optional = step in _FILES or step is Step.AWARE
        help_text = _LATE if step is Step.FILED else _NO_PATIENT
        self.fields["reasons"] = _text(later("Reasons", "Motifs"), rows=3, required=not optional, help_text=help_text)

    def _choice(self, name: str, label: Any, choices: list[tuple[str, Text]]) -> None:
        self.fields[name] = forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect)

    def given(self) -> GivenStep:
        """What was entered."""
        found = self.cleaned_data
        return GivenStep(
            self.step, found["at"], found["reasons"], found.get("reference", ""),
            Risk(found["risk"]) if "risk" in found else None, Basis(found["basis"]) if "basis" in found else None,
            Ground(found["ground"]) if "ground" in found else None,
        )  # fmt: skip


_JUDGES: Mapping[Step, Sequence[Risk]] = {
    Step.NOTIFY: tuple(Risk),
    Step.NOT_NOTIFY: (Risk.UNLIKELY,),
    Step.TELL: tuple(Risk),
    Step.NOT_TELL: tuple(Risk),
}
_FILES = frozenset({Step.FILED, Step.SUPPLEMENTED, Step.COMPLETED, Step.TOLD, Step.REPORTED})
_LATE = later("After the 72 hours: why it comes late.", "Passé les 72 heures : pourquoi elle vient tard.")


class ExposureForm(_Everywhere):
    """A place where leaked data lie."""

    kind = forms.ChoiceField(label=later("Kind", "Nature"), choices=choices_of(w.EXPOSURES))
    address = forms.CharField(
        label=later("Address", "Adresse"), max_length=2000,
        help_text=later("As a court order would name it. Nothing is fetched from there.",
                        "Comme une ordonnance la nommerait. Rien n'y est lu."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    holder = forms.CharField(label=later("Who runs it", "Qui l'exploite"), required=False, max_length=200)
    seen = MomentField(label=later("Seen", "Vu"))
    capture = forms.CharField(
        label=later("Proof's digest (SHA-256)", "Empreinte de la preuve (SHA-256)"), required=False, max_length=71,
        help_text=later("Of what a bailiff or you keep elsewhere.", "De ce qu'un huissier ou vous gardez ailleurs."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def given(self) -> GivenExposure:
        """What was entered."""
        found = self.cleaned_data
        return GivenExposure(
            ExposureKind(found["kind"]), found["address"], found["seen"], found["holder"], found["capture"]
        )


class ExposureMoveForm(forms.Form):
    """What was asked of a place, answered, or seen there."""

    to = forms.ChoiceField(label=later("Now", "Maintenant"))
    at = MomentField(label=later("When", "Quand"))
    whom = forms.CharField(
        label=later("Asked of whom, by which way", "À qui, par quelle voie"), required=False, max_length=400
    )
    reference = forms.CharField(
        label=later("Reference (theirs, a court's)", "Référence (la leur, d'un tribunal)"), required=False,
        max_length=200,
    )  # fmt: skip

    def __init__(self, *args: Any, exposure: Exposure, **rest: Any) -> None:
        """``exposure``: the place, which says what may follow."""
        super().__init__(*args, **rest)
        field: Any = self.fields["to"]
        field.choices = choices_of(w.TAKEDOWNS, sorted(EXPOSURE_TRANSITIONS[exposure.state]))

    def given(self) -> GivenExposureMove:
        """What was entered."""
        found = self.cleaned_data
        return GivenExposureMove(ExposureState(found["to"]), found["at"], found["whom"], found["reference"])
