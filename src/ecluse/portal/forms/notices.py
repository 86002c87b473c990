"""A sub-processor announced, and an objection to one (GDPR Art. 28(2); clause 7.7, option 2)."""

from typing import Any

from django import forms

from ecluse.domain.errors import UnseenError, UsageError
from ecluse.portal.words import Text
from ecluse.store.models import AgreementVersion, SubProcessorNotice


def _labelled(field: Any, label: Text, help_text: Text | None = None) -> Any:
    field.label, field.help_text = label, help_text or ""
    return field


class NoticeForm(forms.Form):
    """Who is to come in, for what, and how long the controller may object."""

    name = _labelled(forms.CharField(max_length=300), Text("Sub-processor", "Sous-traitant ultérieur"))
    address = _labelled(forms.CharField(max_length=300), Text("Address", "Adresse"))
    contact = _labelled(forms.CharField(max_length=300), Text("Contact", "Contact"))
    processing = _labelled(
        forms.CharField(max_length=8000, widget=forms.Textarea(attrs={"rows": 4})),
        Text("What it is to do", "Ce qu'il doit faire"),
    )
    notice_days = _labelled(
        forms.IntegerField(min_value=1, max_value=365),
        Text("Days of notice", "Jours de préavis"),
        Text("As the agreement's terms have it.", "Comme le disent les conditions du contrat."),
    )


class ObjectionForm(forms.Form):
    """Why not."""

    notice = forms.IntegerField(widget=forms.HiddenInput)
    why = _labelled(
        forms.CharField(max_length=8000, widget=forms.Textarea(attrs={"rows": 3})), Text("Why not", "Pourquoi non")
    )

    def notice_of(self, version: AgreementVersion) -> SubProcessorNotice:
        """The notice that is objected to: one of this agreement's, or none.

        Raises:
            UnseenError: there is no such notice under this agreement.
        """
        self.full_clean()
        key = self.cleaned_data.get("notice")
        found = SubProcessorNotice.objects.filter(pk=key, agreement__number=version.number).first() if key else None
        if found is None:
            raise UnseenError("there is no such notice")
        return found

    def reason(self) -> str:
        """The reason.

        Raises:
            UsageError: none was given.
        """
        given = str(self.cleaned_data.get("why", ""))
        if not given:
            raise UsageError("an objection says why")
        return given
