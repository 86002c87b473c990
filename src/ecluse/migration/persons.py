"""Persons whom an order leaves out (R19): a list of keyed hashes, and whom it means in a source.

The list can lie beside the order: without its key it names nobody. The key is the controller's, who also could have
made the list with stock tools::

    printf %s 100007 | openssl dgst -sha256 -hmac "$KEY"

Finding the persons hashes every patient of the source once, in memory, in plain Python: about a second a million, off
the hot path.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import Location, MalformedError, OrderError, ProfileError
from ecluse.domain.order import PersonBasis, PersonExclusion
from ecluse.domain.profile import SourceProfile
from ecluse.migration import predicates
from ecluse.migration.compile import Compiled, person_views
from ecluse.migration.ports import Source
from ecluse.migration.scoped import column, derived, named
from ecluse.migration.selects import DIALECTS, ProfileSelect, read_selects
from ecluse.wire import documents
from ecluse.wire.canonical import canonical, digest

FORMAT = "ecluse.persons/1"
ALGORITHM = "HMAC-SHA-256"
_HASH = re.compile(r"[0-9a-f]{64}")
_NIR, _NIR_AND_KEY = 13, 15
_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class PersonList:
    """Keyed hashes of persons. ``check`` is the hash of the format's name, so that a wrong key is noticed."""

    basis: PersonBasis
    hashes: tuple[str, ...]
    check: str

    def encode(self) -> bytes:
        """The file: canonical JSON."""
        fields = {"format": FORMAT, "algorithm": ALGORITHM, "basis": str(self.basis), "check": self.check}
        return canonical({**fields, "hashes": list(self.hashes)})

    def exclusion(self) -> PersonExclusion:
        """What the order says of this list."""
        return PersonExclusion(digest(self.encode()), self.basis, len(self.hashes))


def make_list(key: bytes, basis: PersonBasis, identities: Iterable[str]) -> PersonList:
    """The list of these persons, sorted, each once.

    Raises:
        OrderError: an identity with nothing in it; its place in the list is named, not its text.
    """
    hashes = set()
    for place, identity in enumerate(identities, 1):
        normal = normalised(identity, basis)
        if not normal:
            raise OrderError(f"person {place} of the list is empty")
        hashes.add(_hash(key, normal))
    return PersonList(basis, tuple(sorted(hashes)), _hash(key, FORMAT))


def normalised(identity: str, basis: PersonBasis) -> str:
    """An identity as it is hashed: no blanks, upper case; a NIR of 15 characters without its key, nor punctuation."""
    text = "".join(identity.split()).upper()
    if basis is PersonBasis.NIR:
        text = re.sub(r"[^0-9A-Z]", "", text)
        return text[:_NIR] if len(text) == _NIR_AND_KEY else text
    return text


def read_list(path: Path) -> PersonList:
    """A list from its file, YAML or JSON.

    Raises:
        MalformedError: naming file, line and field; never a hash.
    """
    document = documents.read(path)
    value = document.value

    def refuse(field: str, message: str) -> MalformedError:
        return MalformedError(message, location=document.location(field))

    if not isinstance(value, dict):
        raise refuse("", "a list of persons is a document of fields")
    for name in sorted({"format", "algorithm", "basis", "check", "hashes"} ^ set(value)):
        raise refuse(name, "unknown field" if name in value else "this field is missing")
    for name, allowed in (("format", [FORMAT]), ("algorithm", [ALGORITHM]), ("basis", list(PersonBasis))):
        if value[name] not in allowed:
            raise refuse(name, f"must be {' or '.join(allowed)}")
    hashes = value["hashes"]
    if not isinstance(hashes, list):
        raise refuse("hashes", "must be a list")
    for field, text in [("check", value["check"]), *((f"hashes[{i}]", h) for i, h in enumerate(hashes))]:
        if not isinstance(text, str) or _HASH.fullmatch(text) is None:
            raise refuse(field, "must be 64 hexadecimal digits")
    if hashes != sorted(set(hashes)):
        raise refuse("hashes", "must be sorted, each once")
    return PersonList(PersonBasis(value["basis"]), tuple(hashes), value["check"])


def check_list(ordered: PersonExclusion | None, persons: PersonList | None) -> None:
    """Refuse a list that is not the one which the order was signed with; raises ``OrderError``."""
    place = Location(field="scope.exclude_persons")
    if ordered is None and persons is not None:
        raise OrderError("the order excludes no person, and a list was given", location=place)
    if ordered is not None and persons is None:
        raise OrderError("the order excludes persons, and their list was not given", location=place)
    if ordered is not None and persons is not None and persons.exclusion() != ordered:
        raise OrderError("the list of persons is not the one that was ordered", location=place)


def resolve(source: Source, profile: SourceProfile, persons: PersonList, key: bytes) -> tuple[str, ...]:
    """Keys (``patient.source_id``) of the excluded persons in this source, sorted, for ``bind``; kept in memory only.

    By ``patient.source_id``, also those whom requests name and the patients' table lacks. By ``patient.nir``, every
    record that carries the number: children insured under a parent's are found with the parent.

    Raises:
        OrderError: the key is not the list's.
        ProfileError: the profile does not serve what the list is hashed over.
    """
    _check_key(persons, key)
    wanted = frozenset(persons.hashes)
    found: set[str] = set()
    for person, identity in _people(source, profile, persons.basis):
        normal = normalised(identity, persons.basis)
        if normal and _hash(key, normal) in wanted:
            found.add(person)
    return tuple(sorted(found))


def resolve_on_views(source: Source, compiled: Compiled, persons: PersonList, key: bytes) -> tuple[str, ...]:
    """As :func:`resolve`, for a source entered by the order's own role, which sees the order's views alone.

    Raises:
        OrderError: the key is not the list's, or the list is hashed over what the role cannot see.
    """
    where = Location(field="scope.exclude_persons")
    if persons.basis is not PersonBasis.SOURCE_ID:
        raise OrderError(
            f"the order's own role cannot see every {persons.basis}",
            location=where,
            hint=f"make the list over {PersonBasis.SOURCE_ID}, or plan without --views",
        )
    _check_key(persons, key)
    wanted, found = frozenset(persons.hashes), set()
    for view in person_views(compiled):
        person = named(predicates.as_text(column("e", "_patient"), compiled.dialect), "_person")
        table = exp.table_(view, db=compiled.views, quoted=True, alias="e")
        sql = predicates.to_sql(exp.select(person).distinct().from_(table), compiled.dialect)
        for batch in source.stream(sql, _BATCH_ROWS):
            for known in batch.column(0).to_pylist():
                normal = normalised(known or "", persons.basis)
                if normal and _hash(key, normal) in wanted:
                    found.add(known)
    return tuple(sorted(found))


def _check_key(persons: PersonList, key: bytes) -> None:
    if not hmac.compare_digest(_hash(key, FORMAT), persons.check):
        raise OrderError("the key is not that of the list of persons", location=Location(field="scope.exclude_persons"))


def _people(source: Source, profile: SourceProfile, basis: PersonBasis) -> Iterator[tuple[str, str]]:
    selects, dialect = read_selects(profile), DIALECTS[profile.engine]
    asked: list[tuple[ProfileSelect, str, str]] = []
    if basis is PersonBasis.NIR:
        if "patient" not in selects:
            raise ProfileError("serves no patient, whose nir the list of persons is hashed over")
        asked.append((selects["patient"], KEY, selects["patient"].require("nir", "the list is hashed over it")))
    else:
        asked.append((selects["request"], selects["request"].require("patient", "the order excludes persons"), ""))
        if "patient" in selects:
            asked.append((selects["patient"], KEY, ""))
    for select, person, identity in asked:
        sql = _pairs(select, person, identity or person, dialect)
        for batch in source.stream(sql, _BATCH_ROWS):
            for key, text in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                if key is not None and text is not None:
                    yield key, text


def _pairs(select: ProfileSelect, person: str, identity: str, dialect: str) -> str:
    values = [
        named(predicates.as_text(column("e", person), dialect), "_person"),
        named(predicates.as_text(column("e", identity), dialect), "_identity"),
    ]
    table = derived(select.narrowed({person, identity}), "e")
    return predicates.to_sql(exp.select(*values).distinct().from_(table), dialect)


def _hash(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()
