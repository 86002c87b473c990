"""Security labels (``meta.security``) of resources whose content belongs to a sensitive category.

HL7 v3 ActCode has HIV, GDIS (genetics) and DRGIS (drugs); the others, and these too, carry the catalogue's own category
and the confidentiality R (restricted). General knowledge, not verified against the code system's current release.
What no list can tell is not labelled, and an order that left the LOINC code out leaves nothing to judge by.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.fhir._json import array, literal
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.categories import SensitiveCategory, matching

__all__ = ["labels"]

_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_CODES = {SensitiveCategory.HIV: "HIV", SensitiveCategory.GENETICS: "GDIS", SensitiveCategory.DRUGS: "DRGIS"}
_NOTHING = pa.scalar(None, pa.string())
_FALSE = pa.scalar(value=False)


def labels(entity: str, columns: Mapping[str, Any]) -> Any:
    """JSON arrays of the labels, null where a row has none; None where no row can have any."""
    found = [(category, _touched(entity, columns, category)) for category in SensitiveCategory]
    touched = [(category, rows) for category, rows in found if rows is not None and pc.any(rows).as_py()]
    marked = _marked(columns)
    if not touched and marked is None:
        return None
    some = marked
    for _, rows in touched:
        some = rows if some is None else pc.or_(some, rows)
    items = [pc.if_else(some, _coding(_CONFIDENTIALITY, "R"), _NOTHING)]
    for category, rows in touched:
        items.append(pc.if_else(rows, _coding("urn:ecluse:category", category), _NOTHING))
        if category in _CODES:
            items.append(pc.if_else(rows, _coding(_ACT, _CODES[category]), _NOTHING))
    return array(items)


def _touched(entity: str, columns: Mapping[str, Any], category: SensitiveCategory) -> Any:
    """Rows whose code is of the category, or that have a value in a field which is."""
    named = {field.name for field in CATALOGUE.entity(entity).fields if field.category is category}
    parts = [pc.is_valid(columns[name]) for name in columns if name in named]
    loinc = columns.get("loinc")
    if entity == "observation" and loinc is not None and pa.types.is_string(loinc.type):
        parts.append(pc.fill_null(pc.is_in(loinc, value_set=pa.array(sorted(matching(category)))), _FALSE))
    made = None
    for part in parts:
        made = part if made is None else pc.or_(made, part)
    return made


def _marked(columns: Mapping[str, Any]) -> Any:
    values = columns.get("confidential")
    if values is None or not pa.types.is_boolean(values.type):
        return None
    return pc.fill_null(values, _FALSE)


def _coding(system: str, code: str) -> str:
    return f'{{"system":{literal(system)},"code":{literal(code)}}}'
