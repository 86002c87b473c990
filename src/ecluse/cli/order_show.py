"""``ecluse order show``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._order_files import AGREEMENT, read_order
from ecluse.cli._signatures import show_states, states, states_json
from ecluse.cli._text import Text, language, tr
from ecluse.control.papers import canonical_file, read_paper
from ecluse.domain.agreement import Agreement
from ecluse.domain.catalogue import CATALOGUE, Field, FieldClass
from ecluse.domain.order import Order
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.wire.artefacts import digest_of, to_json


@define(
    Text(
        "Show it in the laboratory's words, with what is sensitive and why. Fields by class, what else is carried and "
        "why, and what stays. With --agreement, also who has signed.",
        "Le montrer dans les mots du laboratoire, avec ce qui est sensible et pourquoi. Les champs par classe, ce qui "
        "suit et pourquoi, et ce qui reste. Avec --agreement, aussi qui a signé.",
    ),
    example="ecluse order show order.yaml --agreement agreement.json --lang en",
)
@argument("file", type=FILE, text=Text("The draft, or its signed form.", "Le brouillon, ou sa forme signée."))
@option("--agreement", type=FILE, text=AGREEMENT)
def command(file: Path, agreement: Path | None) -> None:
    """Print one order."""
    order = read_order(file, None).order
    signers = None
    if agreement and canonical_file(file).is_file():
        paper = read_paper(Order, file)
        signers = states(paper, read_paper(Agreement, agreement).value)
        order = paper.value
    _output.emit(_json(order) | ({"signers": states_json(signers)} if signers else {}))
    _head(order)
    _fields(order)
    _carried(order)
    _stays(order)
    if signers:
        show_states(signers)


def _label(thing: Any) -> str:
    return str(thing.fr if language() == "fr" else thing.en)


def _ordered(order: Order) -> list[Field]:
    ordered = order.scope.fields
    return [field for entity in CATALOGUE for field in entity.fields if field.name in ordered.get(entity.name, ())]


def _json(order: Order) -> dict[str, Any]:
    by_class: dict[str, list[str]] = {}
    for field in _ordered(order):
        by_class.setdefault(str(field.kind), []).append(str(field))
    return {"order": to_json(order), "digest": digest_of(order), "fields_by_class": by_class,
            "links": [str(field) for field, _ in _links(order)]}  # fmt: skip


def _head(order: Order) -> None:
    scope, dates = order.scope, order.scope.dates
    date_field = CATALOGUE.field(*dates.field.split("."))
    excluded = ", ".join(_label(c) for c in scope.exclude_categories) or tr("none", "aucune")
    persons = scope.exclude_persons.persons if scope.exclude_persons else 0
    unsorted = tr("leave too", "sortent aussi") if scope.include_unclassifiable else tr("stay", "restent")
    after, by = order.retention.erase_after_acceptance, order.retention.erase_by
    rows = [
        (tr("who orders", "qui ordonne"), f"{order.controller.name} ({order.controller.signatory})"),
        (tr("on agreement", "selon le contrat"), order.agreement.id),
        (tr("from", "de"), f"{order.source.system}, {order.source.site}"),
        (tr("to", "vers"), f"{order.destination.system}\n{order.destination.recipient}"),
        (tr("requests dated", "dossiers datés"),
         tr(f"{dates.from_} to {dates.until}, both days included ({date_field.en})",
            f"du {dates.from_} au {dates.until} compris ({date_field.fr})")),
        (tr("sites", "sites"), ", ".join(scope.sites)),
        (tr("categories left out", "catégories exclues"), excluded),
        (tr("results no list can sort", "résultats inclassables"), unsorted),
        (tr("persons left out", "personnes exclues"), _output.count(persons)),
        (tr("erased", "effacé"), tr(f"{after} after acceptance, at the latest on {by}",
                                    f"{after} après l'acceptation, au plus tard le {by}")),
        (tr("fingerprints (to trace a leak)", "empreintes (pour retracer une fuite)"), _trace(order)),
    ]  # fmt: skip
    title = tr(f"Order {order.order}, version {order.version}", f"Ordre {order.order}, version {order.version}")
    _output.table(title, ("", ""), rows)


def _trace(order: Order) -> str:
    if order.trace is None:
        return tr("none: a leak could not be traced", "aucune : une fuite ne pourrait être retracée")
    until, key = order.trace.keep_until, order.trace.recipient
    return tr(
        f"under the controller's key, until {until}\n{key}", f"sous la clé du responsable, jusqu'au {until}\n{key}"
    )


def _fields(order: Order) -> None:
    fields = _ordered(order)
    for kind in FieldClass:
        chosen = [field for field in fields if field.kind is kind]
        if chosen:
            why = kind.fr_why if language() == "fr" else kind.en_why
            label = _label(kind).capitalize()
            _output.say(tr(f"{label}: {why}", f"{label} : {why}"), style="bold")
            rows = [(_label(CATALOGUE.entity(f.entity)), _label(f), str(f)) for f in chosen]
            _output.table("", (tr("about", "sur"), tr("field", "champ"), tr("name", "nom")), rows)


def _links(order: Order) -> list[tuple[Field, str]]:
    return [
        (CATALOGUE.column(entity, link.field), link.entity)
        for entity, names in order.scope.columns().items()
        for link in CATALOGUE.entity(entity).links
        if link.field in names
    ]


def _carried(order: Order) -> None:
    links = _links(order)
    if not links:
        return
    title = tr(
        "Carried besides: references between what is ordered", "Suit aussi : les renvois entre ce qui est ordonné"
    )
    because = tr("source_id is ordered at both ends", "source_id est ordonné aux deux bouts")
    rows = [(str(field), _label(field), f"→ {_label(CATALOGUE.entity(parent))}", because) for field, parent in links]
    _output.table(title, (tr("name", "nom"), tr("reference", "renvoi"), tr("to", "vers"), tr("why", "pourquoi")), rows)
    _output.say(
        tr(
            "Of a value that the profile parses, the original text travels beside it.",
            "D'une valeur que le profil interprète, le texte d'origine voyage à côté.",
        )
    )
    _output.say()


def _stays(order: Order) -> None:
    rows = []
    for entity in CATALOGUE:
        ordered = order.scope.fields.get(entity.name, ())
        left = [field for field in entity.fields if field.name not in ordered and not field.name.endswith("_raw")]
        what = tr("everything", "tout") if not ordered else "; ".join(_label(f) for f in left if f.orderable)
        if left:
            rows.append((_label(entity), what))
    _output.table(
        tr("Not ordered: stays in the source", "Pas ordonné : reste dans la source"),
        (tr("about", "sur"), tr("what", "quoi")),
        rows,
    )
    _output.say(
        tr(
            "Passwords and other secrets are never migrated: they are reset at the destination.",
            "Mots de passe et autres secrets ne migrent jamais : ils sont refaits à la destination.",
        )
    )
    kept = [c for c in SensitiveCategory if c not in order.scope.exclude_categories]
    if kept and "observation" in order.scope.fields:
        names = ", ".join(_label(c) for c in kept)
        _output.say(
            tr(
                f"Sensitive categories that the order does NOT leave out: {names}.",
                f"Catégories sensibles que l'ordre n'exclut PAS : {names}.",
            ),
            style="bold",
        )
    _output.say()
