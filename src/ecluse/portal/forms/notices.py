"""A sub-processor announced, and an objection to one (GDPR Art. 28(2); clause 7.7, option 2)."""

from django import forms

from ecluse.domain.errors import UnseenError, UsageError
from ecluse.portal.words import later
from ecluse.store.models import AgreementVersion, SubProcessorNotice


class NoticeForm(forms.Form):
    """Who is to come in, for what, and how long the controller may object."""

    name = forms.CharField(max_length=300, label=later("Sub-processor", "Sous-traitant ultérieur"))
    address = forms.CharField(max_length=300, label=later("Address", "Adresse"))
    contact = forms.CharField(max_length=300, label=later("Contact", "Contact"))
    processing = forms.CharField(
        max_length=8000,
        label=later("What it is to do", "Ce qu'il doit faire"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    notice_days = forms.IntegerField(
        min_value=1,
        max_value=365,
        label=later("Days of notice", "Jours de préavis"),
        help_text=later("As the agreement's terms have it.", "Comme le disent les conditions du contrat."),
    )


class ObjectionForm(forms.Form):
    """To which notice, and why; the page of the agreement draws it beside each notice that is open."""

    notice = forms.IntegerField()
    why = forms.CharField(max_length=8000)

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
