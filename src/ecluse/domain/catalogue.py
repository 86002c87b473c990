"""The catalogue: everything a laboratory can order, in its own words.

>>> CATALOGUE.field("patient", "birth_date").fr
'date de naissance'
"""

from collections.abc import Mapping, Sequence

from ecluse.domain.catalogue_model import KEY, Catalogue, Entity, Field, FieldClass, FieldType, Link
from ecluse.domain.catalogue_people import PATIENT, PAYER, PRACTITIONER
from ecluse.domain.catalogue_work import COMMENT, OBSERVATION, REPORT, REQUEST, SITE, SPECIMEN
from ecluse.domain.errors import OrderError

__all__ = [
    "CATALOGUE",
    "KEY",
    "Catalogue",
    "Entity",
    "Field",
    "FieldClass",
    "FieldType",
    "Link",
    "check_orderable",
    "closure",
]

CATALOGUE = Catalogue(
    version="1.0",
    entities=(PATIENT, PRACTITIONER, SITE, REQUEST, SPECIMEN, OBSERVATION, REPORT, COMMENT, PAYER),
)


def check_orderable(entity: str, name: str) -> Field:
    """The field, if an order may name it.

    Raises ``OrderError`` for an unknown entity or field, a link, and a secret: credentials are reset at the
    destination, never migrated (R13, R14).
    """
    field = CATALOGUE.field(entity, name)
    if not field.orderable:
        raise OrderError(
            f"{field} is a secret and can never be ordered", hint="credentials are reset at the destination"
        )
    return field


def closure(order_fields: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    """What an order carries: its fields, and the links whose two ends are ordered, in catalogue order.

    ``order_fields`` is field names by entity. Nothing else is added: no key, no companion, no parent (law 1).
    Raises ``OrderError`` for an unknown entity or field, a link ordered by name, and a secret.
    """
    wanted: dict[str, frozenset[str]] = {}
    for entity, names in order_fields.items():
        for name in names:
            check_orderable(entity, name)
        CATALOGUE.entity(entity)
        wanted[entity] = frozenset(names)
    carried = {entity.name: _carried(entity, wanted) for entity in CATALOGUE if entity.name in wanted}
    return {
        name: tuple(column.name for column in CATALOGUE.entity(name).columns if column.name in names)
        for name, names in carried.items()
    }


def _carried(entity: Entity, wanted: Mapping[str, frozenset[str]]) -> frozenset[str]:
    names = wanted[entity.name]
    if KEY not in names:
        return names
    return names | {link.field for link in entity.links if KEY in wanted.get(link.entity, frozenset())}
