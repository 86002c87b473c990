"""Two versions of an order or of an agreement, side by side in the laboratory's words: what an amendment changes.

Lists are compared by what stands in them, not by place: a site added at the top is one change. Each change of an order
says whether more may leave than before, less, or neither.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ecluse.control import compare_words as w
from ecluse.control.agreement_clauses import CHOICES, SECTIONS
from ecluse.control.agreement_words import ROLES, WHERE
from ecluse.control.document import line
from ecluse.control.register import contact
from ecluse.control.report_words import Lang, Reader, Words
from ecluse.domain.agreement import Agreement, Party
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.errors import UsageError
from ecluse.domain.order import Order


class Effect(StrEnum):
    """What a change of an order does to what may leave, or to how long it may last; some only a new plan can tell."""

    WIDENS = "widens"
    NARROWS = "narrows"
    NEITHER = "neither"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``before`` is empty where something was added, ``after`` where it was taken away."""

    path: str
    label: str
    before: str
    after: str
    effect: Effect = Effect.NEITHER


@dataclass(frozen=True, slots=True)
class _Facet:
    """One thing that a document says: its label, how it is shown, and what is compared.

    ``more``: whether a value lets more leave than another; a facet that is absent lets nothing leave, unless
    ``keeps``: then it is its presence that keeps something in. ``untold``: that it changed does not say which way.
    """

    label: str
    shown: str
    value: Any
    more: Callable[[Any, Any], bool] | None = None
    keeps: bool | None = None
    untold: bool = False


def order_in_words(order: Order, lang: Lang) -> tuple[tuple[str, str], ...]:
    """The whole order as a person reads it: what each thing is called, and what it says."""
    return tuple((facet.label, facet.shown) for _path, facet in _of_order(order, Reader(lang)))


def order_changes(before: Order, after: Order, lang: Lang) -> tuple[Change, ...]:
    """What the second order changes in the first, in the order in which an order is read.

    Raises:
        UsageError: they are not two versions of one order.
    """
    if before.order != after.order:
        raise UsageError("these are two orders, not two versions of one", hint=f"{before.order}, {after.order}")
    reader = Reader(lang)
    found = _changes(dict(_of_order(before, reader)), dict(_of_order(after, reader)))
    return found if found or before == after else (_rearranged(reader),)


def agreement_changes(before: Agreement, after: Agreement, lang: Lang) -> tuple[Change, ...]:
    """What the second agreement changes in the first; their numbers may differ."""
    reader = Reader(lang)
    found = _changes(dict(_of_agreement(before, reader)), dict(_of_agreement(after, reader)))
    return found if found or before == after else (_rearranged(reader),)


def _rearranged(reader: Reader) -> Change:
    """The same things in another order: nothing changes for people, and yet the digest does."""
    return Change("", reader.say(w.REARRANGED), "", "")


def _changes(before: Mapping[str, _Facet], after: Mapping[str, _Facet]) -> tuple[Change, ...]:
    order = [*before, *(path for path in after if path not in before)]
    found = []
    for path in order:
        old, new = before.get(path), after.get(path)
        if old is None or new is None or old.value != new.value:
            label = (new or old or before[path]).label
            shown = (old.shown if old else "", new.shown if new else "")
            found.append(Change(path, label, *shown, _effect(old, new)))
    return tuple(found)


def _effect(old: _Facet | None, new: _Facet | None) -> Effect:
    one = new or old
    if one is not None and one.keeps is not None and (old is None or new is None):
        gone = new is None
        return Effect.WIDENS if gone is one.keeps else Effect.NARROWS
    if old is None or new is None or new.more is None:
        return Effect.UNTOLD if one is not None and one.untold else Effect.NEITHER
    if new.more(new.value, old.value):
        return Effect.WIDENS
    return Effect.NARROWS if new.more(old.value, new.value) else Effect.NEITHER


def _earlier(one: Any, other: Any) -> bool:
    return bool(one < other)


def _later(one: Any, other: Any) -> bool:
    return bool(one > other)


def _of_order(order: Order, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    say, day, scope, dates = reader.say, reader.day, order.scope, order.scope.dates
    for path, words, value in (
        ("version", w.VERSION, order.version), ("agreement.id", w.AGREEMENT, order.agreement.id),
        ("agreement.digest", w.AGREEMENT_DIGEST, order.agreement.digest),
        ("controller.name", w.CONTROLLER, order.controller.name),
        ("controller.finess", w.FINESS, order.controller.finess),
        ("controller.signatory", w.SIGNATORY, order.controller.signatory),
        ("source.system", w.SOURCE, order.source.system), ("source.site", w.SOURCE_SITE, order.source.site),
        ("source.profile", w.PROFILE, order.source.profile),
        ("destination.system", w.DESTINATION, order.destination.system),
        ("destination.recipient", w.RECIPIENT, order.destination.recipient), ("purpose", w.PURPOSE, order.purpose),
    ):  # fmt: skip
        yield path, _Facet(say(words), line(str(value)), value, untold=path.startswith("source"))
    yield (
        "scope.dates.field",
        _Facet(say(w.DATE_FIELD), reader.field(*dates.field.split(".")), dates.field, untold=True),
    )
    yield "scope.dates.from", _Facet(say(w.FROM), day(dates.from_), dates.from_, more=_earlier)
    yield "scope.dates.until", _Facet(say(w.UNTIL), day(dates.until), dates.until, more=_later)
    for site in scope.sites:
        yield f"scope.sites[{site}]", _Facet(say(w.SITE), line(site), site, keeps=False)
    yield from _fields(order, reader)
    for category in scope.exclude_categories:
        shown = say(Words(category.en, category.fr))
        yield f"scope.exclude_categories[{category}]", _Facet(say(w.CATEGORY_OUT), shown, category, keeps=True)
    unsorted = scope.include_unclassifiable
    leave = say(w.LEAVE if unsorted else w.STAY)
    yield "scope.include_unclassifiable", _Facet(say(w.UNCLASSIFIABLE), leave, unsorted, more=_later)
    if scope.exclude_persons:
        list_ = scope.exclude_persons
        shown = say(w.PERSONS, count=list_.persons, basis=str(list_.basis), digest=list_.digest)
        yield "scope.exclude_persons", _Facet(say(w.PERSONS_OUT), shown, list_, keeps=True, untold=True)
    yield from _retention(order, reader)


def _fields(order: Order, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    for entity, columns in order.scope.columns().items():
        ordered = order.scope.fields[entity]
        for name in columns:
            shown = reader.say(w.OF_ENTITY, entity=reader.entity(entity), field=reader.field(entity, name))
            if name in ordered:
                kind = CATALOGUE.field(entity, name).kind
                label = reader.say(w.FIELD, kind=reader.say(Words(kind.en, kind.fr)))
                yield f"scope.fields.{entity}.{name}", _Facet(label, shown, name, keeps=False)
            else:
                yield f"links.{entity}.{name}", _Facet(reader.say(w.LINK), shown, name, keeps=False)


def _retention(order: Order, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    it, say = order.retention, reader.say
    delay = it.erase_after_acceptance
    amount, words = int(delay[:-1]), w.DAYS if delay.endswith("d") else w.HOURS
    shown = say(words, n=amount)
    # 24h and 0024h and 1d are three texts and two spellings of one delay: the texts are compared, the delays weighed.
    value = (it.delay(), delay)
    yield "retention.erase_after_acceptance", _Facet(say(w.ERASE_AFTER), shown, value, more=lambda a, b: a[0] > b[0])
    yield "retention.erase_by", _Facet(say(w.ERASE_BY), reader.day(it.erase_by), it.erase_by, more=_later)
    yield (
        "retention.source_disposition",
        _Facet(say(w.DISPOSITION), say(w.DISPOSITIONS[it.source_disposition]), it.source_disposition),
    )
    if order.trace:
        until, key = order.trace.keep_until, order.trace.recipient
        shown = say(w.TRACED, until=reader.day(until), key=key)
        # Fingerprints are personal data too: with them, more lasts than without.
        yield "trace", _Facet(say(w.TRACE), shown, (until, key), more=lambda a, b: a[0] > b[0], keeps=False)


def _of_agreement(agreement: Agreement, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    say = reader.say
    yield "agreement", _Facet(say(w.NUMBER), agreement.agreement, agreement.agreement)
    for name, words in (("in_force_from", w.IN_FORCE_FROM), ("in_force_until", w.IN_FORCE_UNTIL)):
        yield name, _Facet(say(words), reader.day(getattr(agreement, name)), getattr(agreement, name))
    for side, words in (("controller", w.CONTROLLER), ("processor", w.PROCESSOR)):
        yield from _party(side, say(words), getattr(agreement, side), reader)
    yield "processing.nature", _Facet(say(w.NATURE), line(agreement.processing.nature), agreement.processing.nature)
    for name, words in (("categories_of_persons", w.OF_PERSONS), ("categories_of_data", w.OF_DATA)):
        for value in getattr(agreement.processing, name):
            yield f"processing.{name}[{value}]", _Facet(say(words), line(value), value)
    yield from _clauses(agreement, reader)
    yield from _annexes(agreement, reader)


def _party(side: str, who: str, party: Party, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    def label(words: Words) -> str:
        return reader.say(w.WHOSE, who=who, what=reader.say(words))

    for name, words in (("name", w.NAME), ("address", w.ADDRESS)):
        yield f"{side}.{name}", _Facet(label(words), line(getattr(party, name)), getattr(party, name))
    for name, words in (("contact", w.CONTACT), ("dpo", w.DPO)):
        yield f"{side}.{name}", _Facet(label(words), contact(getattr(party, name)), getattr(party, name))
    for signer in party.signers:
        shown = f"{signer.id}: {line(signer.name)}, {reader.say(ROLES[signer.role])}, {line(signer.key)}"
        yield f"{side}.signers[{signer.id}]", _Facet(label(w.SIGNER), shown, signer)


def _clauses(agreement: Agreement, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    for _title, clauses in SECTIONS:
        for clause in clauses:
            for ask in clause.asks:
                value, choices = ask.value(agreement), CHOICES.get(ask.path)
                shown = reader.say(choices[value]) if choices else line(value)
                label = reader.say(w.IN_CLAUSE, number=clause.number, what=reader.say(ask.label))
                yield ask.path, _Facet(label, shown, value)


def _annexes(agreement: Agreement, reader: Reader) -> Iterator[tuple[str, _Facet]]:
    say, hosting = reader.say, agreement.hosting
    for path, measure in _keyed("measures", [(m.heading, m) for m in agreement.measures]):
        yield (
            path,
            _Facet(say(w.MEASURE, heading=line(measure.heading)), line(measure.description), measure.description),
        )
    for path, sub in _keyed("sub_processors", [(s.name, s) for s in agreement.sub_processors]):
        shown = f"{line(sub.address)}; {contact(sub.contact)}; {line(sub.processing)}"
        yield path, _Facet(say(w.SUB_PROCESSOR, name=line(sub.name)), shown, sub)
    yield "hosting.where", _Facet(say(w.HOSTING), say(WHERE[hosting.where]), hosting.where)
    yield "hosting.certificate", _Facet(say(w.CERTIFICATE), line(hosting.certificate), hosting.certificate)
    yield "hosting.expires", _Facet(say(w.EXPIRES), reader.day(hosting.expires), hosting.expires)


def _keyed(path: str, named: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Items by their names; one that comes again is numbered, so that none hides another."""
    seen: dict[str, int] = {}
    for name, item in named:
        seen[name] = seen.get(name, 0) + 1
        yield f"{path}[{name}]" + (f"#{seen[name]}" if seen[name] > 1 else ""), item
