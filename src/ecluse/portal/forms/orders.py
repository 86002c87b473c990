"""An order's draft, in the laboratory's words: what may leave, by class, and what stays (R2, R13)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms

from ecluse.domain.agreement import Signer
from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.order import SCOPE_DATE_FIELDS, PersonBasis, SourceDisposition
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.portal.forms.drafts import DraftForm, at, day, lines, one_line, paper_number, place, plain, several
from ecluse.portal.words import Text, later
from ecluse.store.models import AgreementVersion

_PLAIN = (
    "controller__signatory",
    "controller__finess",
    "source__system",
    "source__site",
    "source__profile",
    "destination__system",
    "destination__recipient",
    "scope__dates__field",
    "scope__dates__from",
    "scope__dates__until",
    "retention__erase_by",
)
_PERSONS = "scope__exclude_persons"
_TRACE = ("trace__recipient", "trace__keep_until")


class NewOrder(forms.Form):
    """Under which agreement, and under which number."""

    def __init__(self, agreements: Iterable[AgreementVersion], *given: Any) -> None:
        super().__init__(*given)
        found = [
            (str(each.pk), f"{each.number} · {each.controller.name} – {each.processor.name}") for each in agreements
        ]
        self.fields["agreement"] = forms.ChoiceField(choices=found, label=later("Agreement", "Contrat"))
        self.fields["number"] = paper_number("Number of the order", "Numéro de l'ordre")


class OrderForm(DraftForm):
    """The whole draft. Boxes for fields, classes and categories come from the catalogue; secrets have none."""

    def __init__(self, draft: Mapping[str, Any], directors: Sequence[Signer], *given: Any) -> None:
        super().__init__(*given)
        self._put_who(directors)
        self._put_scope()
        self._put_stay()
        if not self.is_bound:
            self.initial = dict(_initial(draft))

    def _put_who(self, directors: Sequence[Signer]) -> None:
        signatories = [("", "—"), *((each.id, each.name) for each in directors)]
        self.put("controller__signatory", forms.ChoiceField(choices=signatories), Text("Who orders", "Qui ordonne"))
        nine = Text("9 characters", "9 caractères")
        self.put("controller__finess", one_line(9), Text("FINESS number", "Numéro FINESS"), nine)
        for name, label in (
            ("source__system", Text("From: system", "De : système")),
            ("source__site", Text("From: site", "De : site")),
            ("source__profile", Text("From: profile of the source", "De : profil de la source")),
            ("destination__system", Text("To: system", "Vers : système")),
        ):
            self.put(name, one_line(), label)
        self.put(
            "destination__recipient",
            one_line(),
            Text("To: the key that opens the parcels", "Vers : la clé qui ouvre les colis"),
            Text(
                "age1…, as the destination's agent shows it: no other key opens them.",
                "age1…, telle que l'agent de destination la montre : aucune autre ne les ouvre.",
            ),
        )

    def _put_scope(self) -> None:
        dates = [(name, _words_of(name)) for name in SCOPE_DATE_FIELDS]
        self.put(
            "scope__dates__field",
            forms.ChoiceField(choices=dates),
            Text("The date by which requests are chosen", "La date selon laquelle les dossiers sont choisis"),
        )
        self.put("scope__dates__from", day(), Text("From (day included)", "Du (jour compris)"))
        self.put("scope__dates__until", day(), Text("Until (day included)", "Jusqu'au (jour compris)"))
        sites = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=20_000)
        self.put(
            "scope__sites",
            sites,
            Text("Sites", "Sites"),
            Text("One a line, as the source names them.", "Un par ligne, comme la source les nomme."),
        )
        boxes = [(str(f), Text(f.en, f.fr)) for e in CATALOGUE for f in e.fields if f.orderable]
        self.put("fields", several(boxes), Text("Fields", "Champs"))
        categories = [(str(each), Text(each.en, each.fr)) for each in SensitiveCategory]
        self.put("scope__exclude_categories", several(categories), Text("Categories left out", "Catégories exclues"))
        self.put(
            "scope__include_unclassifiable",
            forms.BooleanField(required=False),
            Text(
                "Results that no code list can sort leave too",
                "Les résultats qu'aucune liste de codes ne classe sortent aussi",
            ),
        )

    def _put_stay(self) -> None:
        basis = [("", "—"), *((str(each), _words_of(each)) for each in PersonBasis)]
        listed = Text(
            "As `ecluse order exclude-persons` prints it: the list itself stays with you.",
            "Comme l'affiche `ecluse order exclude-persons` : la liste elle-même reste chez vous.",
        )
        digest, number = one_line(71), forms.IntegerField(min_value=0, required=False)
        digest.required = False
        self.put(
            f"{_PERSONS}__digest",
            digest,
            Text("Persons left out: digest of the list", "Personnes exclues : empreinte de la liste"),
            listed,
        )
        self.put(
            f"{_PERSONS}__basis",
            forms.ChoiceField(choices=basis, required=False),
            Text("Persons left out: known by", "Personnes exclues : connues par"),
        )
        self.put(f"{_PERSONS}__persons", number, Text("Persons left out: how many", "Personnes exclues : combien"))
        self.put(
            "retention__amount",
            forms.IntegerField(min_value=0, max_value=9999),
            Text("Erased after acceptance, within", "Effacé après l'acceptation, sous"),
        )
        units = [("d", Text("days", "jours")), ("h", Text("hours", "heures"))]
        self.put("retention__unit", forms.ChoiceField(choices=units), Text("Unit", "Unité"))
        self.put("retention__erase_by", day(), Text("Erased at the latest on", "Effacé au plus tard le"))
        self._put_trace()

    def _put_trace(self) -> None:
        key, until = one_line(), day()
        key.required = until.required = False
        self.put(
            _TRACE[0],
            key,
            Text("Fingerprints: your own key", "Empreintes : votre propre clé"),
            Text(
                "age1…, as `ecluse key new recipient` prints it: by it alone a leak can be traced to this export. Left "
                "empty, no fingerprints are made, and nothing can be traced later.",
                "age1…, telle que l'affiche `ecluse key new recipient` : elle seule permet de remonter d'une fuite à "
                "cet export. Si elle manque, aucune empreinte n'est faite, et rien ne se retrace ensuite.",
            ),
        )
        self.put(_TRACE[1], until, Text("Fingerprints: kept until", "Empreintes : gardées jusqu'au"))

    def chosen(self, name: str) -> list[str]:
        """The boxes that are ticked now: as posted, else as the draft has them."""
        held = self.cleaned_data.get(name) if self.is_bound else self.initial.get(name)
        return [str(each) for each in held or ()]

    def says(self, name: str) -> Any:
        """The value of a field now."""
        return self.cleaned_data.get(name) if self.is_bound else self.initial.get(name)

    def ordered(self) -> dict[str, list[str]]:
        """The fields that are ticked now, by entity."""
        return ordered(self.chosen("fields"))

    def text(self) -> dict[str, Any]:
        """The draft as the order's JSON."""
        given, made = self.cleaned_data, dict[str, Any]()
        for name in _PLAIN:
            place(made, name, plain(given.get(name)))
        scope = made["scope"]
        scope["sites"] = lines(given.get("scope__sites"))
        scope["fields"] = ordered(given.get("fields", ()))
        scope["exclude_categories"] = list(given.get("scope__exclude_categories", ()))
        scope["include_unclassifiable"] = bool(given.get("scope__include_unclassifiable"))
        persons = {name: given.get(f"{_PERSONS}__{name}") for name in ("digest", "basis", "persons")}
        named = any(value not in {None, ""} for value in persons.values())
        scope["exclude_persons"] = {**persons, "persons": persons["persons"] or 0} if named else None
        trace = {name.partition("__")[2]: plain(given.get(name)) for name in _TRACE}
        made["trace"] = trace if any(trace.values()) else None
        amount = given.get("retention__amount")
        delay = "" if amount is None else f"{amount}{given.get('retention__unit') or 'd'}"
        made["retention"] |= {"erase_after_acceptance": delay, "source_disposition": str(SourceDisposition.CONTROLLER)}
        return made


def ordered(ticked: Iterable[str]) -> dict[str, list[str]]:
    """Ticked fields (``entity.field``) by entity, in the catalogue's order.

    The key goes with the first field of an entity: no row leaves unaccounted for (law 3). The screen says so.
    """
    wanted = frozenset(ticked)
    made = {}
    for entity in CATALOGUE:
        names = [field.name for field in entity.fields if str(field) in wanted]
        if names:
            made[entity.name] = names if KEY in names else [KEY, *names]
    return made


def _initial(draft: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in (*_PLAIN, *_TRACE):
        yield name, at(draft, *name.split("__"))
    scope = at(draft, "scope") or {}
    yield "scope__sites", "\n".join(scope.get("sites") or ())
    yield "fields", [f"{entity}.{name}" for entity, names in (scope.get("fields") or {}).items() for name in names]
    # A draft that says nothing yet leaves every sensitive category out.
    yield "scope__exclude_categories", scope.get("exclude_categories", [str(each) for each in SensitiveCategory])
    yield "scope__include_unclassifiable", scope.get("include_unclassifiable", False)
    for name in ("digest", "basis", "persons"):
        yield f"{_PERSONS}__{name}", at(scope, "exclude_persons", name)
    delay = at(draft, "retention", "erase_after_acceptance") or ""
    yield "retention__amount", delay[:-1] or None
    yield "retention__unit", delay[-1:] or "d"


def _words_of(name: str) -> Text:
    field = CATALOGUE.field(*name.split("."))
    return Text(field.en, field.fr)
