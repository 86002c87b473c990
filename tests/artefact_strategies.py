"""Artefacts of every kind at random, as JSON values: shapes from the published schemas, then made to agree with themselves."""

import datetime as dt
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from artefact_samples import SAMPLES, TRACE, put, source_file
from ecluse.domain.catalogue import CATALOGUE, KEY

SCHEMAS = Path(__file__).parent.parent / "src" / "ecluse" / "wire" / "schemas"
TEXT = st.characters(exclude_categories=["Cs"])
Values = st.SearchStrategy[Any]


def artefacts(kind: str) -> Values:
    """Any artefact of a kind that must be taken."""
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_bytes())
    return _object(schema, schema.get("$defs", {})).map(_AGREE.get(kind, lambda value: value))


def _of(schema: dict[str, Any], defs: dict[str, Any]) -> Values:
    if "$ref" in schema:
        return _of(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return st.one_of([_of(choice, defs) for choice in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    makers: dict[str, Callable[[dict[str, Any], dict[str, Any]], Values]] = {
        "object": _object, "array": _array, "string": _string, "integer": _integer,
        "boolean": lambda *_: st.booleans(), "null": lambda *_: st.none(),
    }  # fmt: skip
    return makers[schema["type"]](schema, defs)


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> Values:
    if "properties" in schema:
        return st.fixed_dictionaries({name: _of(part, defs) for name, part in schema["properties"].items()})
    return st.dictionaries(st.text(TEXT, max_size=8), _of(schema["additionalProperties"], defs), max_size=3)


def _array(schema: dict[str, Any], defs: dict[str, Any]) -> Values:
    return st.lists(_of(schema["items"], defs), max_size=3, unique_by=lambda value: json.dumps(value, sort_keys=True))


def _integer(schema: dict[str, Any], _defs: dict[str, Any]) -> Values:
    return st.integers(schema.get("minimum", 1 - 2**53), schema.get("maximum", 2**53 - 1))


def _string(schema: dict[str, Any], _defs: dict[str, Any]) -> Values:
    if schema.get("format") == "date":
        return st.dates().map(dt.date.isoformat)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda at: f"{at.replace(microsecond=0).isoformat()}Z")
    least, most = schema.get("minLength", 0), min(schema.get("maxLength", 30), 30)
    if schema.get("pattern") not in {None, r"\S"}:
        return _matching(schema["pattern"], schema["maxLength"])
    return st.text(TEXT, min_size=least, max_size=max(most, least)).filter(
        lambda text: not schema.get("pattern") or bool(text.strip(_BLANKS))
    )


_NO_PATTERN = str.maketrans("*?[", "___")
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


@cache
def _matching(pattern: str, most: int) -> Values:
    return st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= most and "\n" not in text)


def _agreement(value: Any) -> Any:
    """Parties, signers and annexes of the sample: persons cannot be drawn at random."""
    for name in ("controller", "processor"):
        value[name]["signers"] = SAMPLES["agreement"][name]["signers"]
    for name in ("categories_of_persons", "categories_of_data"):
        value["processing"][name] = value["processing"][name] or ["patients"]
    value["measures"] = value["measures"] or SAMPLES["agreement"]["measures"]
    if value["clauses"]["d_sub_processing"] == "none":
        value["sub_processors"] = []
    elif not value["sub_processors"]:
        value["clauses"]["d_sub_processing"] = "general"
    value["in_force_from"], value["in_force_until"] = sorted([value["in_force_from"], value["in_force_until"]])
    return value


def _order(value: Any) -> Any:
    scope = value["scope"]
    dates = scope["dates"]
    dates["from"], dates["until"] = sorted([dates["from"], dates["until"]])
    scope["sites"] = scope["sites"] or ["RENNES"]
    wanted = {}
    for place, texts in enumerate([["", ""], *scope["fields"].values()]):
        entity = CATALOGUE.entities[(place * 5 + len(scope["sites"])) % len(CATALOGUE.entities)]
        fields = [f.name for f in entity.fields if f.orderable and f.name != KEY
                  and f.category not in scope["exclude_categories"]]  # fmt: skip
        wanted[entity.name] = [*fields[: 3 * len(texts)], KEY]
    scope["fields"] = wanted
    if value["trace"]:
        own = value["trace"]["recipient"] != value["destination"]["recipient"]
        value["trace"] = TRACE | {"keep_until": value["retention"]["erase_by"]} if own else None
    return value


def _plan(value: Any) -> Any:
    for intake in value["source"]["files"]:
        for part in ("mapped", "unmapped", "structure"):
            intake[part] %= 2**40
        for aside in intake["set_aside"]:
            aside["length"] %= 2**40
        sums = intake["mapped"] + intake["unmapped"] + intake["structure"]
        intake["size"] = sums + sum(aside["length"] for aside in intake["set_aside"])
    value = _own_log(value, "source") if value["log"] else value
    value["entities"] = _distinct(value["entities"], "entity")
    names = [planned["entity"] for planned in value["entities"]]
    value["batches"] = _distinct([b for b in value["batches"] if not b["id"].endswith(".quarantine")], "id")
    for field in ("batches", "tallies"):
        value[field] = value[field] if names else []
        for place, part in enumerate(value[field]):
            part["entity"], part["rows"] = names[place % len(names)], part["rows"] % 1000
    value["tallies"] = _distinct(value["tallies"], "entity", "year", "site")
    for planned in value["entities"]:
        planned["columns"] = _distinct(planned["columns"], "name")
        rows = sum(t["rows"] for t in value["tallies"] if t["entity"] == planned["entity"])
        batches = [b for b in value["batches"] if b["entity"] == planned["entity"]]
        for batch in batches:
            batch["rows"] = 0
        if batches:
            batches[-1]["rows"] = planned["rows"] = rows
        else:
            planned["rows"] = 0
            value["tallies"] = [t for t in value["tallies"] if t["entity"] != planned["entity"]]
    value["repeated"] = _distinct(value["repeated"], "key") if names else []
    for place, part in enumerate(value["repeated"]):
        part |= {"entity": names[place % len(names)], "rows": 0}
    return value


def _distinct(parts: list[Any], *names: str) -> list[Any]:
    return list({tuple(part[name] for name in names): part for part in parts}.values())


def _own_log(value: Any, place: str) -> Any:
    """The log of the agent's own place, whatever key."""
    return put(value, "log", f"ecluse/{place}/{value['agent']}+{value['log'].split('+', 1)[1]}")


def _receipt(value: Any) -> Any:
    value["groups"] = _distinct(value["groups"], "year", "site")
    for group in value["groups"]:
        group["rows"] %= 2**40
    value["rows"] = sum(group["rows"] for group in value["groups"])
    value["quarantined"] = (
        _distinct(value["quarantined"], "reason", "year", "site") if value["quarantine_parcel"] else []
    )
    value["quarantine_parcel"] = value["quarantine_parcel"] if value["quarantined"] else None
    days = sorted(day for day in (value["min_date"], value["max_date"]) if day)
    value["min_date"], value["max_date"] = days if len(days) == 2 else (None, None)
    return value


def _reconciliation(value: Any) -> Any:
    value = _own_log(value, "destination")
    return put(value, "flows", _distinct(value["flows"], "entity", "year", "site"))


def _erasure(value: Any) -> Any:
    value["place"] = "destination" if value["recipient_key"] != "not_here" else "source"
    stated = value["recipient_key"] == "stated_destroyed"
    value["statement"] = (value["statement"].strip(_BLANKS) or "in words") if stated else ""
    value = _own_log(value, value["place"])
    value["trace"] = value["trace"] if value["place"] == "source" else None
    decided = value["reason"] in {"accepted", "refused"}
    return put(value, "reason", "aborted" if decided and value["acceptance"] is None else value["reason"])


def _source_profile(value: Any) -> Any:
    sample = SAMPLES["source-profile"]
    value["entities"] = sample["entities"]
    for number in [value["number"], *(a["number"] for a in value["analyses"].values() if a["number"])]:
        number["group"] = "" if number["group"] == number["decimal"] else number["group"]
    value["engine"] = "csv" if value["files"] else "mysql"
    value["files"] = {
        name: source_file(file["path"].translate(_NO_PATTERN), encoding="utf-8", quote=file["quote"])
        for name, file in value["files"].items()
    }
    return value


def _destination_profile(value: Any) -> Any:
    value["engine"] = value["engine"] if value["engine"] in {"postgresql", "mysql"} else "sqlite"
    value["fhir"], value["hprim"], value["zone"] = None, None, None
    plain = {"values": {}, "constants": {}, "copies": {}, "parts": []}
    value["entities"] = {
        entity.name: part | {"columns": {KEY: "id", entity.fields[1].name: "other"}} | plain
        for entity, part in zip(CATALOGUE.entities, value["entities"].values(), strict=False)
    }
    return value


_AGREE: dict[str, Callable[[Any], Any]] = {
    "agreement": _agreement,
    "order": _order,
    "plan": _plan,
    "receipt": _receipt,
    "reconciliation": _reconciliation,
    "erasure": _erasure,
    "source-profile": _source_profile,
    "destination-profile": _destination_profile,
}
