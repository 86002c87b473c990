"""An agreement's draft: Art. 28(3) letter by letter, annexes I to IV (Decision (EU) 2021/915)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from ecluse.control.agreement_words import END_OF_SERVICE, ROLES, SUB_PROCESSING, WHERE
from ecluse.control.measures import PROPOSALS
from ecluse.control.report_words import Lang, Words
from ecluse.domain.agreement import Signer
from ecluse.portal.forms.agreement_sections import CONTACT, PROSE, SECTIONS, SUB, Section, numbered
from ecluse.portal.forms.drafts import (
    DraftForm,
    Lack,
    at,
    day,
    lines,
    one_line,
    paper_number,
    place,
    plain,
    prose,
    several,
)
from ecluse.portal.words import Text, language, later, tr
from ecluse.seal.signing import fingerprint
from ecluse.store.models import Organisation
from ecluse.wire.artefacts import Problem

SIDES = ("controller", "processor")
_MOST = 40


class NewAgreement(forms.Form):
    """Between whom, and under which number."""

    def __init__(self, controllers: Iterable[Organisation], processors: Iterable[Organisation], *given: Any) -> None:
        super().__init__(*given)
        self.fields["number"] = paper_number("Number of the agreement", "Numéro du contrat")
        for name, label, found in (
            ("controller", later("Laboratory (controller)", "Laboratoire (responsable de traitement)"), controllers),
            ("processor", later("Vendor (processor)", "Éditeur (sous-traitant)"), processors),
        ):
            choices = [(each.slug, each.name) for each in found]
            self.fields[name] = forms.ChoiceField(choices=choices, label=label)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form as it is shown: its fields, and what is wrong or missing there still."""

    section: Section
    fields: tuple[BoundField, ...]
    lacks: tuple[Lack, ...]


class AgreementForm(DraftForm):
    """The whole draft."""

    def __init__(self, draft: Mapping[str, Any], signers: Mapping[str, Sequence[Signer]], *given: Any) -> None:
        super().__init__(*given)
        self._draft, self._signers = draft, signers
        self._measures = max(len(self._own_measures()) + 1, _count(given, "measures__", "heading"))
        self._subs = max(len(at(draft, "sub_processors") or ()) + 1, _count(given, "sub_processors__", "name"))
        self._put_fields()
        if not self.is_bound:
            self.initial = dict(self._initial())

    def _put_fields(self) -> None:
        self.put("in_force_from", day(), Text("In force from", "En vigueur du"))
        self.put("in_force_until", day(), Text("In force until (day included)", "En vigueur jusqu'au (jour compris)"))
        for side in SIDES:
            self._put_party(side)
        for path, label, help_text in PROSE:
            self.put(path, prose(), label, help_text)
        self._put_choice("clauses__d_sub_processing", Text("Authorisation", "Autorisation"), SUB_PROCESSING)
        self._put_choice("clauses__g_end_of_service", Text("At the end", "À la fin"), END_OF_SERVICE)
        self._put_measures()
        for number in range(self._subs):
            for name, label in SUB:
                made = prose() if name == "processing" else one_line()
                made.required = False
                self.put(f"sub_processors__{number}__{name}", made, numbered(number + 1, label))
        self._put_choice("hosting__where", Text("Where parcels rest", "Où reposent les colis"), WHERE)
        none = Text("Without a certified host: “none”.", "Sans hébergeur certifié : « aucun ».")
        self.put("hosting__certificate", one_line(), Text("HDS certificate", "Certificat HDS"), none)
        self.put("hosting__expires", day(), Text("The certificate expires on", "Le certificat expire le"))
        second = forms.BooleanField(required=False)
        self.put(
            "second_approver",
            second,
            Text(
                "Each order needs a second approver's signature besides",
                "Chaque ordre demande aussi la signature d'un second approbateur",
            ),
        )

    def _put_choice(self, name: str, label: Text, choices: Mapping[Any, Words]) -> None:
        told = [("", "—"), *((str(key), Text(words.en, words.fr)) for key, words in choices.items())]
        self.put(name, forms.ChoiceField(choices=told), label)

    def _put_party(self, side: str) -> None:
        self.put(f"{side}__address", one_line(), Text("Address", "Adresse"))
        for who, labels in CONTACT.items():
            for name, label in labels:
                self.put(f"{side}__{who}__{name}", one_line(), label)
        found = [(choice_of(each), signer_words(each)) for each in self._signers[side]]
        self.put(
            f"{side}__signers",
            several(found),
            Text("Who may sign", "Qui peut signer"),
            Text(
                "People of this organisation with a passkey that signs, and its enrolled agents. Each once.",
                "Personnes de l'organisation ayant une clé d'accès qui signe, et ses agents. Chacun une fois.",
            ),
        )

    def _put_measures(self) -> None:
        languages = [("fr", "français"), ("en", "English")]
        self.put(
            "language",
            forms.ChoiceField(choices=languages),
            Text("Language of the proposed measures", "Langue des mesures proposées"),
        )
        told = [(str(n), Text(each.heading.en, each.heading.fr)) for n, each in enumerate(PROPOSALS)]
        self.put(
            "measures",
            several(told),
            Text("What Écluse enforces", "Ce qu'Écluse impose"),
            Text("Each is held by a test.", "Chacune est tenue par un test."),
        )
        for number in range(self._measures):
            heading, description = one_line(), prose()
            heading.required = description.required = False
            shown = str(number + 1)
            self.put(f"measures__{number}__heading", heading, Text(f"Own measure {shown}", f"Mesure propre {shown}"))
            self.put(f"measures__{number}__description", description, Text("What is done", "Ce qui est fait"))

    def clean(self) -> dict[str, Any]:
        """Refuse a person who would sign twice."""
        cleaned = super().clean() or self.cleaned_data
        for side in SIDES:
            ids = [choice.split("|")[0] for choice in cleaned.get(f"{side}__signers", ())]
            if len(ids) != len(set(ids)):
                message = tr("One person, one role, one key.", "Une personne, un rôle, une clé.")
                self.add_error(f"{side}__signers", ValidationError(message))
        return cleaned

    def text(self) -> dict[str, Any]:
        """The draft as the agreement's JSON; what is empty is empty there too."""
        given, made = self.cleaned_data, dict[str, Any]()
        for name in self.fields:
            if name.split("__")[0] not in {"measures", "sub_processors", "language"} and not name.endswith("signers"):
                place(made, name, plain(given.get(name)))
        for side in SIDES:
            by_choice = {choice_of(each): each for each in self._signers[side]}
            chosen = [by_choice[choice] for choice in given.get(f"{side}__signers", ())]
            made[side]["signers"] = [_signer(each) for each in chosen]
        for name in ("categories_of_persons", "categories_of_data"):
            made["processing"][name] = lines(made["processing"][name])
        made["measures"] = list(self._chosen_measures())
        made["sub_processors"] = list(self._chosen_subs())
        made["second_approver"] = bool(given.get("second_approver"))
        return made

    def _chosen_measures(self) -> Iterator[dict[str, str]]:
        lang: Lang = "en" if self.cleaned_data.get("language") == "en" else "fr"
        for number in self.cleaned_data.get("measures", ()):
            made = PROPOSALS[int(number)].measure(lang)
            yield {"heading": made.heading, "description": made.description}
        for number in range(self._measures):
            own = {n: plain(self.cleaned_data.get(f"measures__{number}__{n}")) for n in ("heading", "description")}
            if any(own.values()):
                yield own

    def _chosen_subs(self) -> Iterator[dict[str, Any]]:
        for number in range(self._subs):
            made: dict[str, Any] = {}
            for name, _ in SUB:
                place(made, name, plain(self.cleaned_data.get(f"sub_processors__{number}__{name}")))
            if any(made[name] for name in ("name", "address", "processing")) or any(made["contact"].values()):
                yield made

    def _own_measures(self) -> list[Mapping[str, str]]:
        known = set(_proposed())
        return [each for each in at(self._draft, "measures") or () if each.get("description") not in known]

    def _initial(self) -> Iterator[tuple[str, Any]]:
        draft, proposed = self._draft, _proposed()
        for name in self.fields:
            if name not in {"measures", "language"} and not name.startswith(("measures__", "sub_processors__")):
                value = at(draft, *name.split("__"))
                yield name, "\n".join(value) if isinstance(value, list) and "categories" in name else value
        for side in SIDES:
            held = {(s.get("id"), s.get("role"), s.get("key")) for s in at(draft, side, "signers") or ()}
            yield f"{side}__signers", [choice_of(s) for s in self._signers[side] if (s.id, s.role, s.key) in held]
        found = [proposed[m["description"]] for m in at(draft, "measures") or () if m.get("description") in proposed]
        yield "measures", [str(number) for number, _ in found]
        yield "language", found[0][1] if found else language()
        for number, own in enumerate(self._own_measures()):
            for name in ("heading", "description"):
                yield f"measures__{number}__{name}", own.get(name)
        for number, sub in enumerate(at(draft, "sub_processors") or ()):
            for name, _ in SUB:
                yield f"sub_processors__{number}__{name}", at(sub, *name.split("__"))

    def parts(self, problems: Sequence[Problem]) -> list[Part]:
        """The sections with their fields and their problems, in reading order."""
        return [
            Part(
                section,
                tuple(self[name] for name in self.fields if section.holds(name)),
                self.lacks(p for p in problems if section.lacks(p.path.replace(".", "__").replace("[", "__"))),
            )
            for section in SECTIONS
        ]


def blank(controller: Organisation, processor: Organisation) -> dict[str, Any]:
    """A draft in which everything is there and nothing is said, but the parties' addresses."""
    form = AgreementForm({}, dict.fromkeys(SIDES, ()), {})
    form.full_clean()
    text = form.text()
    for side, party in zip(SIDES, (controller, processor), strict=True):
        text[side]["address"] = party.address
    return text


def choice_of(signer: Signer) -> str:
    """How the form names a signer: who, as what, with which key."""
    return f"{signer.id}|{signer.role}|{fingerprint(signer.key)}"


def signer_words(signer: Signer) -> Text:
    """How a person reads that."""
    role, print_ = ROLES[signer.role], fingerprint(signer.key)
    return Text(f"{signer.name}, {role.en} ({print_})", f"{signer.name}, {role.fr} ({print_})")


def _signer(signer: Signer) -> dict[str, str]:
    return {"id": signer.id, "name": signer.name, "role": str(signer.role), "key": signer.key}


def _proposed() -> dict[str, tuple[int, Lang]]:
    """Proposed measures by their descriptions, in both languages."""
    languages: tuple[Lang, ...] = ("fr", "en")
    return {each.measure(lang).description: (n, lang) for n, each in enumerate(PROPOSALS) for lang in languages}


def _count(given: Sequence[Any], prefix: str, last: str) -> int:
    """How many blocks a posted form has; nobody posts more than forty."""
    posted = given[0] if given and given[0] is not None else {}
    numbers = [
        int(name.removeprefix(prefix).removesuffix(f"__{last}"))
        for name in posted
        if re.fullmatch(rf"{prefix}[0-9]{{1,2}}__{last}", name)
    ]
    return min(max(numbers, default=-1) + 1, _MOST)
