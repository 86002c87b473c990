"""Forms of drafts: whatever is missing may be missing until the text is frozen."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms

from ecluse.portal.words import Text, later
from ecluse.wire.artefacts import Problem


@dataclass(frozen=True, slots=True)
class Lack:
    """What a draft lacks: the field's own words, or its path where the form has no such field; and where it is."""

    what: str
    message: str
    anchor: str


class DraftForm(forms.Form):
    """A form that keeps what is there: its fields are needed in the end, not now."""

    use_required_attribute = False

    def full_clean(self) -> None:
        """Clean without asking for what is missing."""
        needed = [field for field in self.fields.values() if field.required]
        for field in needed:
            field.required = False
        super().full_clean()
        for field in needed:
            field.required = True

    def lacks(self, problems: Iterable[Problem]) -> tuple[Lack, ...]:
        """Problems as somebody who fills in the form reads them."""
        return tuple(self._lack(each) for each in problems)

    def _lack(self, problem: Problem) -> Lack:
        name = re.sub(r"\[(\d+)\]", r"__\1", problem.path).replace(".", "__")
        if name not in self.fields:
            return Lack(problem.path, problem.message, "")
        return Lack(str(self.fields[name].label), problem.message, self[name].id_for_label or f"id_{name}")

    def put(self, name: str, field: forms.Field, label: Text, help_text: Text | None = None) -> None:
        """Add a field with words in both languages."""
        field.label, field.help_text = label, help_text or ""  # type: ignore[assignment]  # any text that str() knows
        self.fields[name] = field


def paper_number(en: str, fr: str) -> forms.RegexField:
    """The number by which both parties name an agreement or an order."""
    return forms.RegexField(
        r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
        max_length=64,
        label=later(en, fr),
        help_text=later("Letters, digits, . _ -", "Lettres, chiffres, . _ -"),
    )


def one_line(limit: int = 300, **attrs: str) -> forms.CharField:
    """A name."""
    return forms.CharField(max_length=limit, widget=forms.TextInput(attrs=attrs))


def prose(limit: int = 8000) -> forms.CharField:
    """A text on one or more lines."""
    return forms.CharField(max_length=limit, widget=forms.Textarea(attrs={"rows": 4}))


def day() -> forms.DateField:
    """A date, by the browser's own picker."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, input_formats=["%Y-%m-%d"])


def several(choices: Iterable[tuple[str, Any]]) -> forms.MultipleChoiceField:
    """Boxes to tick."""
    return forms.MultipleChoiceField(choices=list(choices), required=False, widget=forms.CheckboxSelectMultiple)


def plain(value: Any) -> Any:
    """A cleaned value as an artefact's JSON has it: lines end as on Unix, days are ISO 8601, nothing is ``""``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    return value.isoformat() if hasattr(value, "isoformat") else value


def lines(value: str | None) -> list[str]:
    """One item a line, each once."""
    return list(dict.fromkeys(each.strip() for each in (value or "").splitlines() if each.strip()))


def at(value: Any, *steps: str | int) -> Any:
    """What stands somewhere in a draft; None where the draft has no such place."""
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def place(value: dict[str, Any], path: str, new: Any) -> None:
    """Put something at a path, ``__`` between its steps."""
    *way, last = path.split("__")
    for step in way:
        value = value.setdefault(step, {})
    value[last] = new
