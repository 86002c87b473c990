"""The forms of people without an account: a warning, and its follow-up."""

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from ecluse.domain.errors import MalformedError
from ecluse.domain.warnings import Function
from ecluse.portal.refusals import said
from ecluse.portal.words import later
from ecluse.seal.letters import MAX_BYTES, MAX_FILES, MAX_TEXT, Attachment, check_letter
from ecluse.store.acts.warnings import Given

_MIB = MAX_BYTES // 2**20


class _Several(forms.FileInput):
    """A field that takes several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, _data: Any, files: MultiValueDict[str, Any], name: str) -> Any:
        """All of them."""
        return files.getlist(name)


class _Files(forms.Field):
    """Attachments, as they came: nobody looks into them here."""

    widget = _Several

    def to_python(self, value: Any) -> tuple[Attachment, ...]:
        """Read them; they are in memory."""
        return tuple(Attachment(each.name or "", each.read()) for each in value or ())


class _Letter(forms.Form):
    """Words and files, as large as a letter may be."""

    text = forms.CharField(
        label=later("Your message", "Votre message"),
        widget=forms.Textarea(attrs={"rows": 12, "autocomplete": "off", "spellcheck": "false"}),
        max_length=MAX_TEXT,
    )
    attachments = _Files(
        label=later("Attachments", "Pièces jointes"),
        required=False,
        help_text=later(
            f"At most {MAX_FILES} files, {_MIB} MiB together. They are sealed as they come: take your name out of them "
            "(document properties, photographs) if you want to stay unknown.",
            f"Au plus {MAX_FILES} fichiers, {_MIB} Mio en tout. Ils sont scellés tels quels : enlevez-en votre nom "
            "(propriétés du document, photographies) si vous voulez rester inconnu.",
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Not too large."""
        found = super().clean() or self.cleaned_data
        if "text" in found:
            try:
                check_letter(found["text"], found.get("attachments", ()))
            except MalformedError as error:
                self.add_error("attachments" if found.get("attachments") else "text", said(error).message)
        return found


class WarningForm(_Letter):
    """A warning. No field asks who one is."""

    exposed = forms.BooleanField(
        label=later("Patients' data are open to strangers now, or have leaked",
                    "Des données de patients sont accessibles à des tiers en ce moment, ou ont fui"),
        required=False,
        help_text=later("The clocks then run in hours.", "Les délais courent alors en heures."),
    )  # fmt: skip
    sample = forms.BooleanField(
        label=later("I attach leaked lines", "Je joins des lignes qui ont fui"),
        required=False,
        help_text=later("They say whose they are and where they came from: a few are enough.",
                       "Elles disent à qui elles sont et d'où elles viennent : quelques-unes suffisent."),
    )  # fmt: skip
    organisation = forms.CharField(
        label=later("Which laboratory or firm is it about?", "De quel laboratoire ou entreprise s'agit-il ?"),
        max_length=200,
        required=False,
        help_text=later(
            "Its name or its FINESS number. A laboratory that you name can come to read this; no other can.",
            "Son nom ou son numéro FINESS. Un laboratoire que vous nommez peut en venir à lire ceci ; aucun autre.",
        ),
    )  # fmt: skip
    shared = forms.BooleanField(
        label=later("The laboratory may read this at once", "Le laboratoire peut lire ceci tout de suite"),
        required=False,
        help_text=later(
            "Otherwise it sees that a warning exists, since when, and whether it was answered; it can read it if the "
            "others stay silent.",
            "Sinon, il voit qu'un signalement existe, depuis quand, et s'il a reçu une réponse ; il peut le lire si "
            "les autres se taisent.",
        ),
    )
    functions = forms.MultipleChoiceField(
        label=later("Is it about one of these?", "Est-ce au sujet de l'un d'eux ?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (str(Function.SECURITY_OFFICER),
             later("the firm's security officer", "le responsable de la sécurité de l'entreprise")),
            (str(Function.PROCESSOR_MANAGEMENT), later("the firm's management", "la direction de l'entreprise")),
            (str(Function.CONTROLLER_MANAGEMENT), later("the laboratory's management", "la direction du laboratoire")),
        ],
        help_text=later("They will find nothing of it here, and can neither read nor close it.",
                       "Ils n'en trouveront rien ici, et ne peuvent ni le lire ni le clore."),
    )  # fmt: skip
    named = forms.CharField(
        label=later("Or about other people?", "Ou au sujet d'autres personnes ?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=later("One name or address a line. The same holds for them.",
                       "Un nom ou une adresse par ligne. Il en va de même pour eux."),
    )  # fmt: skip

    field_order = ("text", "exposed", "sample", "attachments", "organisation", "shared", "functions", "named")

    def given(self, language: str) -> Given:
        """What was handed in."""
        found = self.cleaned_data
        return Given(
            found["text"], tuple(found["named"].splitlines()), tuple(map(Function, found["functions"])),
            found["organisation"], exposed=found["exposed"], sample=found["sample"], shared=found["shared"],
            language=language, attachments=found["attachments"],
        )  # fmt: skip


class FollowForm(forms.Form):
    """Receipt and secret."""

    receipt = forms.CharField(
        label=later("Receipt number", "Numéro de reçu"), max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    secret = forms.CharField(
        label=later("Secret", "Secret"), max_length=80,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


class MessageForm(_Letter):
    """One more message of a reporter; receipt and secret come along, for the room remembers nobody."""
