"""The rows of an order once more, each with the person whom it is about: at the controller's own source (R17).

The selection is the extraction's own: the order compiled with the profile, and the same gate over what comes. Two
things are added to the order before it is compiled. It excludes persons even where it excludes nobody, since queries
tell whose a row is exactly then. And of a patient it names, beside what was ordered, what a letter needs: that stays in
memory, or goes sealed to the controller, and is counted nowhere as data that left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from sqlglot import exp

from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType
from ecluse.domain.errors import Location, OrderError, ProfileError
from ecluse.domain.order import Order, PersonBasis, PersonExclusion, Scope
from ecluse.domain.plan import Batch, PlannedEntity
from ecluse.domain.profile import SourceProfile
from ecluse.migration import predicates
from ecluse.migration.compile import Compiled, compile_order
from ecluse.migration.fields import EntityFields, planned_fields
from ecluse.migration.gate import Gate
from ecluse.migration.normalise import Normaliser, storage_of
from ecluse.migration.ports import Source
from ecluse.migration.scoped import check_dialect, column, derived
from ecluse.migration.selects import read_selects

PATIENT, REQUEST = "patient", "request"
LETTER = (
    "title", "family_name", "birth_name", "given_names", "used_given_name", "birth_date", "address", "postcode",
    "city", "country", "phone", "mobile", "email",
)  # fmt: skip
"""What a letter and its envelope need of a patient, ordered or not, as far as the source has it."""
FACTS = ("deceased", "death_date", "military", "confidential")
"""What the source knows of a patient that matters before somebody writes to them."""

ROWS = 65_536
"""Rows of a batch, about; of rows that hold whole documents far fewer."""
_DOCUMENTS = 256
_NOBODY = PersonExclusion("sha256:" + "0" * 64, PersonBasis.SOURCE_ID, 0)
_LOOSE = frozenset({"mysql", "tsql", "firebird"})
"""Engines whose keys may be equal though they are not written alike: in case, and in blanks at the end."""

Places = npt.NDArray[np.int64]
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Reading:
    """An order to be read again in a source. Nothing is written anywhere.

    Args:
        source: the controller's own, or a copy, best in one snapshot.
        order: the signed order.
        profile: how the source is read.
        excluded: keys of the persons whom the order excludes; none where it excludes nobody.
        advance: told how many rows were read.
    """

    source: Source
    order: Order
    profile: SourceProfile
    excluded: frozenset[str] = frozenset()
    advance: Advance = lambda _rows: None

    def __post_init__(self) -> None:
        """Check that the order can be read with its persons; raises OrderError, ProfileError."""
        selects = read_selects(self.profile)
        if REQUEST not in selects or "patient" not in selects[REQUEST].names:
            raise ProfileError(
                "its requests name no patient, so that nobody can be counted",
                location=Location(field="entities.request.select"),
            )
        check_dialect(self.compiled.scoped, self.source.dialect)

    @cached_property
    def ordered(self) -> Mapping[str, EntityFields]:
        """The columns that left, by entity, as in the order's plan."""
        return planned_fields(self.order.scope, self.profile)

    @cached_property
    def letter(self) -> tuple[str, ...]:
        """Of what a letter needs, that which this source serves."""
        return self._served(LETTER)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """Of what matters before writing, that which this source serves."""
        return self._served(FACTS)

    @cached_property
    def compiled(self) -> Compiled:
        """The queries."""
        scope = self.order.scope
        fields = dict(scope.fields)
        fields.setdefault(REQUEST, (KEY,))
        if PATIENT in self.profile.entities:
            fields[PATIENT] = tuple(dict.fromkeys((*fields.get(PATIENT, (KEY,)), *self.letter, *self.facts)))
        told = replace(scope, fields=fields, exclude_persons=scope.exclude_persons or _NOBODY)
        return compile_order(replace(self.order, scope=told), self.profile)

    def entities(self) -> tuple[str, ...]:
        """Whose rows left, in catalogue order."""
        return tuple(self.ordered)

    def left(self, entity: str) -> tuple[str, ...]:
        """The names of an entity's columns that left."""
        return tuple(column.name for column in self.ordered[entity].columns)

    def rows(self, entity: str) -> Iterator[pa.Table]:
        """Rows of an entity in batches, as the source has them, with ``_date``, ``_site``, ``_patient`` and ``_code``.

        Raises:
            ScopeViolationError: the source gave what the order does not allow.
            RetryableError: the source went away.
        """
        query = self.compiled.queries[entity]
        gate = Gate(self.compiled.scoped.order, self.profile, self.planned(entity), self.excluded)
        has_documents = any(CATALOGUE.column(entity, name).type is FieldType.BINARY for name in query.sources)
        for batch in self.source.stream(self._bound(entity), _DOCUMENTS if has_documents else ROWS):
            raw = pa.Table.from_batches([batch])
            gate.check_raw(raw, Batch(entity, entity, None, None, raw.num_rows))
            yield raw
            self.advance(raw.num_rows)

    def persons(self) -> "Persons":
        """Everybody whom a request of the order names, each once."""
        table = derived(sqlglot.parse_one(self._bound(REQUEST), read=self.source.dialect, into=exp.Select), "k")
        sql = predicates.to_sql(exp.select(column("k", "_patient")).distinct().from_(table), self.source.dialect)
        found = [batch.column(0) for batch in self.source.stream(sql, ROWS)]
        return Persons(pa.chunked_array(found, found[0].type if found else pa.string()), self.source.dialect)

    def planned(self, entity: str, names: Sequence[str] | None = None) -> PlannedEntity:
        """The entity with all its columns, or with its key and those of that name."""
        columns = self.compiled.queries[entity].columns
        kept = columns if names is None else tuple(c for c in columns if c.name in {KEY, *names})
        return PlannedEntity(entity, "SELECT", kept, 0)

    def normaliser(self, entity: str, names: Sequence[str]) -> Normaliser:
        """What makes typed values of the entity's key and these columns."""
        storage = storage_of(self.profile, self.order.scope)
        return Normaliser(self.profile, self.planned(entity, names), storage)

    def _bound(self, entity: str) -> str:
        sql, dialect = self.compiled.queries[entity].sql, self.source.dialect
        return predicates.bind(sql, dialect, excluded=sorted(self.excluded))

    def _served(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if self._serves(name))

    def _serves(self, name: str) -> bool:
        """Whether the profile makes this field of a patient; what it makes badly matters to no order here."""
        scope = self.order.scope
        alone = Scope(scope.dates, scope.sites, {PATIENT: (KEY, name)}, ())
        try:
            planned_fields(alone, self.profile)
        except (OrderError, ProfileError):
            return False
        return True


class Persons:
    """Everybody, by the key of their record: a place each, from 0."""

    def __init__(self, keys: pa.ChunkedArray, dialect: str) -> None:
        """``keys`` may repeat, and hold nulls."""
        self._loose = dialect in _LOOSE
        self.keys: pa.Array = pc.unique(self._normal(keys)).drop_null()

    def __len__(self) -> int:
        """How many there are."""
        return len(self.keys)

    def places(self, keys: pa.Array | pa.ChunkedArray) -> Places:
        """The place of each key's person; -1 for null, and for one whom no request of the order names."""
        found = pc.index_in(self._normal(keys), value_set=self.keys)
        made = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
        whose: Places = made.astype(np.int64)
        return whose

    def _normal(self, keys: pa.Array | pa.ChunkedArray) -> pa.Array:
        whole = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
        whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
        texts = whole.cast(pa.string())
        return pc.utf8_lower(pc.utf8_rtrim_whitespace(texts)) if self._loose else texts


def given(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Rows in which a column says anything: neither null nor blanks."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    held = pc.is_valid(values)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        held = pc.and_(held, pc.fill_null(pc.greater(pc.binary_length(values), 0), fill_value=False))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        # As bytes: a legacy text need not be UTF-8, and whether it is blank can be told all the same.
        blank = pc.match_substring_regex(values.cast(pa.binary() if pa.types.is_string(kind) else pa.large_binary()),
                                         rb"^[ \t\r\n\x00]*$")  # fmt: skip
        held = pc.and_(held, pc.invert(pc.fill_null(blank, fill_value=True)))
    made: npt.NDArray[np.bool_] = held.to_numpy()
    return made


def joined(column: pa.ChunkedArray) -> pa.Array:
    """A column's values as one array, of however many pieces it is made: none too."""
    made = column.combine_chunks()
    return pa.concat_arrays(made.chunks) if isinstance(made, pa.ChunkedArray) else made
