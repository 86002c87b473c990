"""The processor's register of processing activities (GDPR Art. 30(2)), from agreements, orders and places' journals.

Art. 30(2) asks: (a) processor, each controller, their representatives and data protection officers; (b) the categories
of processing for each controller; (c) transfers; (d) a general description of the security measures. Representatives
(Art. 27) are those of parties outside the Union: the agreement has no field for them, and the register says so.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.control import register_words as w
from ecluse.control.document import line
from ecluse.control.reading import View, look, places_under
from ecluse.control.report_words import Lang, Reader, Words
from ecluse.domain.agreement import Agreement, Contact, Hosting, Party
from ecluse.domain.catalogue import CATALOGUE, FieldClass
from ecluse.domain.errors import UsageError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.wire.artefacts import digest_of


@dataclass(frozen=True, slots=True)
class Migration:
    """One order under an agreement, and where it stands at each place that was read (``source``, ``destination``)."""

    order: Order
    states: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """What a processor does for one controller under one agreement."""

    agreement: Agreement
    migrations: tuple[Migration, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """One processor's register as it stands on a day."""

    processor: Party
    as_of: dt.date
    activities: tuple[Activity, ...]


def register(activities: Iterable[Activity], as_of: dt.date, processor: str | None = None) -> Register:
    """One processor's register: the same agreement given twice is one entry, the same order one migration.

    Args:
        activities: what the portal or :func:`activities_of` found; agreements that both parties have signed.
        as_of: the day that the register names.
        processor: its name, needed where the agreements name several.

    Raises:
        UsageError: no agreement, or none of that processor, or several processors and none chosen.
    """
    found = _merged(activities)
    names = sorted({each.agreement.processor.name for each in found})
    if not names:
        raise UsageError("no agreement was found for the register")
    if processor is None and len(names) > 1:
        raise UsageError("the agreements name several processors, and a register is one processor's",
                         hint=f"choose one with --processor: {', '.join(names)}")  # fmt: skip
    chosen = processor or names[0]
    kept = [each for each in found if each.agreement.processor.name == chosen]
    if not kept:
        raise UsageError("no agreement names this processor", hint=f"named are: {', '.join(names)}")
    kept.sort(key=lambda each: (each.agreement.controller.name, each.agreement.in_force_from, each.agreement.agreement))
    latest = max(kept, key=lambda each: (each.agreement.in_force_from, each.agreement.agreement))
    return Register(latest.agreement.processor, as_of, tuple(kept))


def activities_of(roots: Iterable[Path]) -> tuple[Activity, ...]:
    """What the workspaces in these folders carry out or carried out; a place without an agreement yet is passed over.

    Raises:
        UsageError: a folder is no workspace.
        TamperError: a journal or an artefact is not what was signed.
    """
    return tuple(
        activity for root in roots for place in places_under(root) if (activity := _activity(look(place))) is not None
    )


def _activity(view: View) -> Activity | None:
    progress = view.progress()
    agreement, order = progress.pins.get("agreement"), progress.pins.get("order")
    if agreement is None:
        return None
    migrations = (Migration(view.get(Order, order), {str(view.place): progress.state}),) if order else ()
    return Activity(view.get(Agreement, agreement), migrations)


def _merged(activities: Iterable[Activity]) -> list[Activity]:
    agreements: dict[str, Agreement] = {}
    orders: dict[str, dict[str, Migration]] = {}
    for activity in activities:
        address = digest_of(activity.agreement)
        agreements[address] = activity.agreement
        known = orders.setdefault(address, {})
        for migration in activity.migrations:
            key = digest_of(migration.order)
            before = known[key].states if key in known else {}
            known[key] = Migration(migration.order, {**before, **migration.states})
    return [
        Activity(agreement, tuple(sorted(orders[address].values(), key=lambda m: (m.order.order, m.order.version))))
        for address, agreement in agreements.items()
    ]


def register_rows(made: Register, lang: Lang) -> list[tuple[str, ...]]:
    """The register as a table: a heading, then a row for each order, or one for an agreement without orders."""
    reader = Reader(lang)
    rows = [tuple(reader.say(words) for words in w.COLUMNS)]
    for activity in made.activities:
        shared = _shared(made, activity, reader)
        rows += [(*shared, *_ordered(migration, reader)) for migration in activity.migrations or (None,)]
    return rows


def register_csv(made: Register, lang: Lang, *, excel: bool = False) -> bytes:
    """The same as CSV (RFC 4180, UTF-8). A cell that a spreadsheet would take for a formula begins with an apostrophe.

    ``excel``: with the byte order mark by which Excel knows UTF-8 and, in French, the semicolons that it expects.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if excel and lang == "fr" else ",", lineterminator="\r\n")
    for row in register_rows(made, lang):
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig" if excel else "utf-8")


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Signs that begin a formula in some spreadsheet, full-width ones too (OWASP, CSV injection)."""


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" \u00a0\u202f").startswith(_FORMULA) else cell


def _shared(made: Register, activity: Activity, reader: Reader) -> tuple[str, ...]:
    agreement, processing = activity.agreement, activity.agreement.processing
    measures = "; ".join(f"{line(m.heading)}: {line(m.description)}" for m in agreement.measures)
    return (
        line(made.processor.name), line(made.processor.address), contact(made.processor.contact),
        contact(made.processor.dpo),
        line(agreement.controller.name), line(agreement.controller.address), contact(agreement.controller.contact),
        contact(agreement.controller.dpo),
        agreement.agreement, digest_of(agreement),
        agreement.in_force_from.isoformat(), agreement.in_force_until.isoformat(),
        line(processing.subject_matter), line(processing.nature), line(processing.purpose),
        "; ".join(map(line, processing.categories_of_persons)), "; ".join(map(line, processing.categories_of_data)),
        line(agreement.clauses.a_transfers), measures,
        "; ".join(f"{line(s.name)}: {line(s.processing)}" for s in agreement.sub_processors),
        hosting(agreement, reader),
    )  # fmt: skip


def _ordered(migration: Migration | None, reader: Reader) -> tuple[str, ...]:
    if migration is None:
        return ("",) * 6
    order, dates = migration.order, migration.order.scope.dates
    return (
        number(order), standing(migration, reader), f"{dates.from_.isoformat()} – {dates.until.isoformat()}",
        "; ".join(map(line, order.scope.sites)), "; ".join(classes(order, reader)),
        order.retention.erase_by.isoformat(),
    )  # fmt: skip


def contact(given: Contact) -> str:
    """A contact on one line."""
    return ", ".join(map(line, (given.name, given.role, given.details)))


def hosting(agreement: Agreement, reader: Reader) -> str:
    """Where parcels rest, and under which certificate."""
    if agreement.hosting.where is Hosting.CONTROLLER_PREMISES:
        return reader.say(w.PREMISES)
    certificate, expires = line(agreement.hosting.certificate), reader.day(agreement.hosting.expires)
    return reader.say(w.HOST, certificate=certificate, expires=expires)


def number(order: Order) -> str:
    """An order's number and version."""
    return f"{order.order} v{order.version}"


def standing(migration: Migration, reader: Reader) -> str:
    """The state of each place, in the order of the way."""
    return "; ".join(
        f"{reader.say(w.PLACES[place])}: {reader.say(w.STATES[migration.states[place]])}"
        for place in w.PLACES
        if place in migration.states
    )


def classes(order: Order, reader: Reader) -> tuple[str, ...]:
    """The classes of data that an order names, in the catalogue's words."""
    fields = (CATALOGUE.field(entity, name) for entity, names in order.scope.fields.items() for name in names)
    kinds = {each.kind for each in fields}
    return tuple(reader.say(Words(kind.en, kind.fr)) for kind in FieldClass if kind in kinds)
