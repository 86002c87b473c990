"""Forms of alerts: what a list shows, what one writes, how one is told, and an organisation's clocks."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from ecluse.domain.alerts import CLOCKS, LONGEST, SHORTEST, AlertState, Clocks, Severity
from ecluse.portal.labels import ALERT_STATES, SEVERITIES
from ecluse.portal.words import later, tr
from ecluse.store.reads.alerts import Asked

SLOTS = 3
"""How many ways besides mail one may choose."""
_TEXT = 2000
_SPAN = re.compile(r"(\d{1,6})\s*(min|h|d|j)", re.IGNORECASE)
_UNITS = (("d", dt.timedelta(days=1)), ("h", dt.timedelta(hours=1)), ("min", dt.timedelta(minutes=1)))


class FilterForm(forms.Form):
    """Which alerts a list shows; each may stay empty."""

    state = forms.ChoiceField(required=False, label=later("State", "État"))
    severity = forms.ChoiceField(required=False, label=later("Severity", "Gravité"))
    rule = forms.ChoiceField(required=False, label=later("Rule", "Règle"))

    def __init__(self, data: QueryDict, *, rules: Sequence[tuple[str, str]]) -> None:
        """``rules``: those that have raised something, as (name, title)."""
        super().__init__(data)
        running = ("running", tr("open and in hand", "ouvertes et en main"))
        offered: dict[str, list[tuple[str, str]]] = {
            "state": [running, *((str(each), str(ALERT_STATES[each].words)) for each in AlertState)],
            "severity": [(str(each), str(SEVERITIES[each].words)) for each in Severity],
            "rule": list(rules),
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
            field.choices = [("", tr("all", "toutes")), *choices]

    def asked(self) -> Asked:
        """What to show; whatever is not valid is not asked."""
        self.is_valid()
        state, severity, rule = (str(self.cleaned_data.get(name) or "") for name in ("state", "severity", "rule"))
        if state == "running":
            return Asked(severity=severity, rule=rule, open_only=True)
        return Asked(state, severity, rule)


class ReasonForm(forms.Form):
    """Why an alert is over."""

    reason = forms.CharField(
        label=later("What was found, and what was done", "Ce qui a été trouvé, et ce qui a été fait"),
        help_text=later("Everybody whom the alert concerns reads it. No patient's data.",
                        "Tous ceux que l'alerte concerne le lisent. Aucune donnée de patient."),
        max_length=_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip


class NoteForm(forms.Form):
    """What was seen or done meanwhile."""

    text = forms.CharField(
        label=later("Note", "Note"),
        help_text=later("It stops no clock. No patient's data.",
                        "Elle n'arrête aucun délai. Aucune donnée de patient."),
        max_length=_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip


class WaysForm(forms.Form):
    """One's own channels in their order, mail always the last; and one's quiet hours."""

    quiet_from = forms.TimeField(
        required=False, label=later("Quiet from", "Silence de"), widget=forms.TimeInput(attrs={"type": "time"})
    )
    quiet_until = forms.TimeField(
        required=False, label=later("until", "à"), widget=forms.TimeInput(attrs={"type": "time"})
    )

    def __init__(self, data: QueryDict | None, *, channels: Sequence[str], initial: Mapping[str, Any]) -> None:
        """``channels``: by name, those of the room that reach one person's own address."""
        super().__init__(data, initial=dict(initial))
        self.slots = SLOTS if channels else 0
        choices = [("", tr("none", "aucun")), *((name, name) for name in channels)]
        for number in range(1, self.slots + 1):
            first = number == 1
            self.fields[f"channel_{number}"] = forms.ChoiceField(
                required=False, choices=choices,
                label=tr("First by", "D'abord par") if first else tr(f"Then by ({number})", f"Puis par ({number})"),
            )  # fmt: skip
            self.fields[f"to_{number}"] = forms.CharField(
                required=False, max_length=200, label=tr(f"at the address ({number})", f"à l'adresse ({number})")
            )

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """Each channel with its address."""
        return [(self[f"channel_{n}"], self[f"to_{n}"]) for n in range(1, self.slots + 1)]

    def clean(self) -> dict[str, Any]:
        """A channel goes with an address, a beginning with an end."""
        given = self.cleaned_data
        for number in range(1, self.slots + 1):
            if bool(given.get(f"channel_{number}")) != bool(given.get(f"to_{number}")):
                self.add_error(f"to_{number}", tr("A channel and an address go together.",
                                                  "Un canal va avec une adresse."))  # fmt: skip
        if bool(given.get("quiet_from")) != bool(given.get("quiet_until")) and not (
            {"quiet_from", "quiet_until"} & self.errors.keys()
        ):
            self.add_error("quiet_until", tr("Quiet hours have a beginning and an end.",
                                             "Des heures de silence ont un début et une fin."))  # fmt: skip
        return given

    def channels(self) -> list[dict[str, str]]:
        """Those chosen, in their order."""
        given = ((self.cleaned_data[f"channel_{n}"], self.cleaned_data[f"to_{n}"]) for n in range(1, self.slots + 1))
        return [{"channel": name, "to": to} for name, to in given if name]

    def quiet(self) -> tuple[dt.time, dt.time] | None:
        """The quiet hours; None for none."""
        start, end = self.cleaned_data.get("quiet_from"), self.cleaned_data.get("quiet_until")
        return (start, end) if start is not None and end is not None else None


class SpanField(forms.CharField):
    """A stretch of time as one writes it: 15 min, 4 h, 5 d."""

    def clean(self, value: Any) -> Any:
        """The stretch; raises ValidationError."""
        found = _SPAN.fullmatch(str(super().clean(value)).strip())
        if not found:
            raise forms.ValidationError(tr("Write 15 min, 4 h or 5 d.", "Écrivez 15 min, 4 h ou 5 j."))
        unit = {"min": "minutes", "h": "hours", "d": "days", "j": "days"}[found[2].lower()]
        return dt.timedelta(**{unit: int(found[1])})


def written(span: dt.timedelta) -> str:
    """A stretch of time as the field takes it."""
    for unit, each in _UNITS:
        if span >= each and not span % each:
            return f"{span // each} {tr('d', 'j') if unit == 'd' else unit}"
    return f"{max(1, span // dt.timedelta(minutes=1))} min"


class ClocksForm(forms.Form):
    """An organisation's clocks: two for each severity."""

    def __init__(self, data: QueryDict | None, *, now: Mapping[Severity, Clocks]) -> None:
        """``now``: those that run."""
        super().__init__(data)
        for severity, ours in CLOCKS.items():
            for kind, en, fr in (("acknowledge", "Acknowledge within", "Prendre en main sous"),
                                 ("resolve", "Resolve within", "Résoudre sous")):  # fmt: skip
                most = written(LONGEST * getattr(ours, kind))
                usual = written(getattr(ours, kind))
                self.fields[f"{severity}_{kind}"] = SpanField(
                    label=tr(en, fr), max_length=12, initial=written(getattr(now[severity], kind)),
                    help_text=tr(f"Usually {usual}; {most} at most.", f"D'ordinaire {usual} ; {most} au plus."),
                )  # fmt: skip

    @property
    def rows(self) -> list[tuple[Severity, Any, Any]]:
        """Each severity with its two fields."""
        return [(each, self[f"{each}_acknowledge"], self[f"{each}_resolve"]) for each in Severity]

    def clean(self) -> dict[str, Any]:
        """Within the bounds of ``domain.alerts.check_clocks``, which the act asks again."""
        given = self.cleaned_data
        for severity, ours in CLOCKS.items():
            for kind in ("acknowledge", "resolve"):
                span, most = given.get(f"{severity}_{kind}"), LONGEST * getattr(ours, kind)
                if span is not None and not SHORTEST <= span <= most:
                    self.add_error(f"{severity}_{kind}", tr(f"From 1 min to {written(most)}.",
                                                            f"De 1 min à {written(most)}."))  # fmt: skip
            first, then = given.get(f"{severity}_acknowledge"), given.get(f"{severity}_resolve")
            if first is not None and then is not None and then < first:
                self.add_error(f"{severity}_resolve", tr("Not sooner than it is to be acknowledged.",
                                                         "Pas plus tôt que la prise en main."))  # fmt: skip
        return given

    def clocks(self) -> dict[Severity, Clocks]:
        """What was entered."""
        given = self.cleaned_data
        return {each: Clocks(given[f"{each}_acknowledge"], given[f"{each}_resolve"]) for each in Severity}
