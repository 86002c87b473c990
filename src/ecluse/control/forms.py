"""What people write, made whole and checked: every problem at once, each at its own line.

An order may be written in friendly forms: an agreement by its number, a list of excluded persons by its file. They are
expanded here, before the schema is asked, and what was filled in is told.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecluse.domain.agreement import Agreement, SignerRole, check_in_force
from ecluse.domain.catalogue import CATALOGUE, KEY, check_orderable
from ecluse.domain.errors import EcluseError, Location, OrderError
from ecluse.domain.order import Order, PersonExclusion
from ecluse.domain.policies import MAY_BIND, check_order_allowed
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.seal.passkeys import relying_party
from ecluse.wire.artefacts import InvalidError, Problem, digest_of, to_json
from ecluse.wire.documents import Document

ReadPersons = Callable[[Path], PersonExclusion]
EMPTY = "nothing is filled in yet"
_UNKNOWN = "sha256:" + 64 * "0"
_AGENTS = frozenset({SignerRole.SOURCE_AGENT, SignerRole.DESTINATION_AGENT})
_PERSONS = "scope.exclude_persons"
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class FilledIn:
    """A field that the person left to Écluse, and what it became."""

    path: str
    value: str


def problems_of(document: Document, cls: type) -> tuple[Problem, ...]:
    """Everything that the schema finds wrong, with empty fields said to be empty; nothing for a good document."""
    try:
        document.to(cls)
    except InvalidError as error:
        return tuple(Problem(p.path, EMPTY) if _is_empty(document.value, p.path) else p for p in error.problems)
    return ()


def agreement_problems(document: Document, on: dt.date) -> tuple[Problem, ...]:
    """What an agreement lacks to be complete, and to be in force on a day or later."""
    problems = problems_of(document, Agreement)
    problems += tuple(_empty_lists(document.value, {each.path for each in problems}))
    problems += tuple(_bad_keys(document.value))
    if problems:
        return problems
    agreement = document.to(Agreement)
    for side, party in (("controller", agreement.controller), ("processor", agreement.processor)):
        if not any(signer.role in MAY_BIND[side] for signer in party.signers):
            roles = ", ".join(MAY_BIND[side])
            problems += (Problem(f"{side}.signers", f"nobody can bind the {side}: a signer of role {roles} is needed"),)
    if agreement.second_approver and not any(s.role is SignerRole.APPROVER for s in agreement.controller.signers):
        problems += (Problem("second_approver", "a second approver is asked for, and controller.signers lists none"),)
    try:
        check_in_force(agreement, max(on, agreement.in_force_from))
    except EcluseError as error:
        problems += (Problem("in_force_until" if "until" in error.message else "hosting.expires", error.message),)
    return problems


def _empty_lists(value: Any, known: set[str]) -> Iterator[Problem]:
    """Lists that need an item: the schema says so only once all else is there."""
    for path, message in (
        ("controller.signers", "at least one is needed"),
        ("processor.signers", "at least one is needed"),
        ("measures", "at least one is needed (annex III)"),
    ):
        if _at(value, path) == [] and path not in known:
            yield Problem(path, message)


def _bad_keys(value: Any) -> Iterator[Problem]:
    for side in ("controller", "processor"):
        signers = _at(value, f"{side}.signers")
        for place, signer in enumerate(signers if isinstance(signers, list) else ()):
            key = signer.get("key") if isinstance(signer, dict) else None
            if isinstance(key, str) and key:
                path = f"{side}.signers[{place}].key"
                try:
                    passkey = relying_party(key) is not None
                except EcluseError as error:
                    yield Problem(path, error.message)
                    continue
                if passkey and signer.get("role") in _AGENTS:
                    yield Problem(path, "an agent works by itself: a passkey needs a person at a browser")


def expand_order(
    document: Document, agreement: Agreement | None, read_persons: ReadPersons, folder: Path
) -> tuple[Document, tuple[FilledIn, ...]]:
    """The order with its friendly forms expanded; lines stay those of the file.

    Without ``agreement``, its digest is a row of zeros, which no signed order can have.

    Raises:
        OrderError: the order names another agreement than the one given.
        EcluseError: whatever ``read_persons`` raises.
    """
    if not isinstance(document.value, dict):
        return document, ()
    value, filled = dict(document.value), []
    for name, default in (("format", "ecluse.order/1"), ("version", 1)):
        if name not in value:
            value[name] = default
            filled.append(FilledIn(name, str(default)))
    named = value.get("agreement")
    if isinstance(named, str) and named:
        if agreement is not None and agreement.agreement != named:
            where = document.location("agreement")
            raise OrderError("the agreement given has another number than the order names", location=where)
        address = digest_of(agreement) if agreement else _UNKNOWN
        value["agreement"] = {"id": named, "digest": address}
        if agreement:
            filled.append(FilledIn("agreement.digest", address))
    listed = _at(value, _PERSONS)
    if isinstance(listed, str) and listed:
        exclusion = to_json(read_persons(folder / listed))
        value["scope"] = {**value["scope"], "exclude_persons": exclusion}
        filled += [FilledIn(f"{_PERSONS}.{name}", str(text)) for name, text in exclusion.items()]
    return Document(value, document.lines, document.file), tuple(filled)


def order_problems(document: Document) -> tuple[Problem, ...]:
    """Everything wrong with an (expanded) order, catalogue included; each field at its own path."""
    fields = tuple(_field_problems(document.value))
    schema = problems_of(document, Order)
    known = {problem.path for problem in fields}
    return tuple(problem for problem in schema if problem.path not in known) + fields


def allowed_problem(document: Document, order: Order, agreement: Agreement, on: dt.date) -> EcluseError | None:
    """Why the order may not stand on that agreement, placed at its line; None where it may."""
    try:
        check_order_allowed(order, agreement, digest_of(agreement), on)
    except OrderError as error:
        path = next((path for path in sorted(document.lines, key=len, reverse=True)
                     if path and error.message.startswith(path)), "")  # fmt: skip
        where = document.location(path)
        return OrderError(error.message, location=Location(file=where.file, line=where.line), hint=error.hint)
    except EcluseError as error:
        return error
    return None


def _field_problems(value: Any) -> Iterator[Problem]:
    fields = _at(value, "scope.fields")
    excluded = _at(value, "scope.exclude_categories") or ()
    for entity, names in fields.items() if isinstance(fields, dict) else ():
        path = f"scope.fields.{entity}"
        found = _problem(path, CATALOGUE.entity, entity)
        if found or not isinstance(names, list):
            yield from found
            continue
        for place, name in enumerate(names):
            if isinstance(name, str):
                where = f"{path}[{place}]"
                yield from _problem(where, _check_field, entity, name, excluded)
                if name in names[:place]:
                    yield Problem(where, "this field is ordered twice")
        if KEY not in names:
            yield Problem(path, f"{entity} is ordered without {KEY}, by which every row is accounted for (law 3)")


def _check_field(entity: str, name: str, excluded: Any) -> None:
    field = check_orderable(entity, name)
    category = field.category
    if isinstance(category, SensitiveCategory) and category in excluded:
        raise OrderError(f"{field} belongs to the category {category}, which the order excludes")


def _problem(path: str, check: Callable[..., object], *given: object) -> tuple[Problem, ...]:
    try:
        check(*given)
    except OrderError as error:
        hint = (error.hint or "").partition("? allowed:")
        # With a near miss named, the forty other fields are left to the catalogue's page.
        said = f"{hint[0]}?" if hint[1] else hint[0]
        return (Problem(path, f"{error.message} ({said})" if said else error.message),)
    return ()


def _at(value: Any, path: str) -> Any:
    for name, index in _STEP.findall(path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _is_empty(value: Any, path: str) -> bool:
    parent, _, last = path.rpartition(".")
    holder = _at(value, parent) if parent else value
    return isinstance(holder, dict) and last in holder and holder[last] in (None, "")
