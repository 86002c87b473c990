"""What the FHIR destination asks of a server: conditional creates, searches by UUID, and a few ``Basic`` resources.

Écluse's own records on the server (ledger, staged rows, state of an order) are ``Basic`` resources: every R4 server has
them, and no clinical query finds them.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._fhir_http import FhirHttp
from ecluse.adapters.fhir._ids import UUID_SYSTEM
from ecluse.adapters.fhir._paths import Field, Path, Where
from ecluse.adapters.fhir._templates import TEMPLATES
from ecluse.adapters.fhir.reader import texts_of
from ecluse.adapters.fhir.writer import Naming
from ecluse.adapters.sources._strict_json import json_text, parsed
from ecluse.domain.errors import DestinationError

__all__ = ["GROUP", "ORDER_SYSTEM", "Addresses", "Basic", "FhirServer", "Found"]

GROUP = 100
"""Resources asked for in one search."""
_LARGE = 10
"""The same of those that may hold whole documents."""
ORDER_SYSTEM = "urn:ecluse:order"
_KIND_SYSTEM = "urn:ecluse:fhir:basic"
_EXTENSION = "urn:ecluse:fhir:basic-"
_DATA = "data"
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """Resources that a search found: their texts, the UUIDs that name them here and their addresses, row by row."""

    resources: Any
    uuids: Any
    addresses: Any


@dataclass(frozen=True, slots=True)
class Basic:
    """One record of ours. ``name`` says which of its kind and order it is; ``data`` are bytes of any size."""

    kind: str
    name: str
    values: Mapping[str, str]
    data: bytes | None = None
    id: str = ""
    version: str = ""

    def resource(self, order: str, uuid: str) -> dict[str, Any]:
        """As FHIR has it."""
        told = {"name": self.name, **self.values}
        extension: list[dict[str, Any]] = [
            {"url": _EXTENSION + name, "valueString": value} for name, value in told.items()
        ]
        if self.data is not None:
            content = base64.b64encode(self.data).decode()
            attachment = {"contentType": "application/vnd.apache.arrow.stream", "data": content}
            extension.append({"url": _EXTENSION + _DATA, "valueAttachment": attachment})
        return {
            "resourceType": "Basic",
            "meta": {"tag": [{"system": ORDER_SYSTEM, "code": order}]},
            "identifier": [{"system": UUID_SYSTEM, "value": f"urn:uuid:{uuid}"}],
            "code": {"coding": [{"system": _KIND_SYSTEM, "code": self.kind}]},
            "extension": extension,
        }

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> "Basic":
        """Raises DestinationError for one that is not of ours."""
        try:
            values = {each["url"].removeprefix(_EXTENSION): each for each in resource["extension"]}
            attachment = values.pop(_DATA, None)
            texts = {name: str(each["valueString"]) for name, each in values.items()}
            data = base64.b64decode(attachment["valueAttachment"]["data"]) if attachment else None
            kind = str(resource["code"]["coding"][0]["code"])
            version = str(resource.get("meta", {}).get("versionId", ""))
            return cls(kind, texts.pop("name"), texts, data, str(resource["id"]), version)
        except (KeyError, IndexError, TypeError, ValueError):
            pass
        raise DestinationError("a record of Écluse's own on the FHIR server is not as it was left")


class FhirServer:
    """One connection to one server."""

    def __init__(self, http: FhirHttp, naming: Naming) -> None:
        self.http = http
        self.naming = naming

    def check(self, bundle: str) -> None:
        """Raises DestinationError for a server of another version, or that takes no such bundles."""
        stated = self.http.ask("GET", "metadata").parsed()
        version = str(stated.get("fhirVersion", ""))
        if not version.startswith("4.0"):
            raise DestinationError("the FHIR server is not one of R4 (4.0)")
        rest = stated.get("rest")
        first = rest[0] if isinstance(rest, list) and rest else {}
        codes = {each.get("code") for each in first.get("interaction") or []}
        if codes and bundle not in codes:
            raise DestinationError(f"the FHIR server takes no {bundle} bundles", hint="see fhir.bundle in the profile")

    def find(self, resource: str, uuids: Any) -> Found:
        """The resources of these UUIDs that are there; ``uuids`` is distinct. Raises DestinationError."""
        group = _LARGE if resource == "DiagnosticReport" else GROUP
        parts = [self._group(resource, uuids.slice(start, group)) for start in range(0, len(uuids), group)]
        docs = pa.chunked_array(parts, pa.string()).combine_chunks() if parts else pa.array([], pa.string())
        docs = pa.concat_arrays(docs.chunks) if isinstance(docs, pa.ChunkedArray) else docs
        system = Where(("system",), UUID_SYSTEM)
        paths = [Path(resource, (Field("identifier"), system, Field("value"))), Path(resource, (Field("id"),))]
        names, ids = texts_of(docs, paths)
        found = pc.replace_substring_regex(names, "^urn:uuid:", "")
        if pc.any(pc.invert(pc.fill_null(pc.is_in(found, value_set=uuids), pa.scalar(value=False)))).as_py():
            raise DestinationError("the FHIR server finds other resources than were asked for by identifier")
        return Found(docs, found, pc.binary_join_element_wise(f"{resource}/", ids, ""))

    def _group(self, resource: str, uuids: Any) -> Any:
        asked = ",".join(f"{UUID_SYSTEM}|urn:uuid:{each}" for each in uuids.to_pylist())
        # By form, not by address: whatever a search holds stays out of the server's access log.
        body = urlencode({"identifier": asked, "_count": str(2 * GROUP)}).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        pages = [self.resources_of(page) for page in self._pages("POST", f"{resource}/_search", body, form)]
        return pa.concat_arrays([pa.array([], pa.string()), *pages])

    def _pages(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        for _ in range(_MOST_PAGES):
            answer = self.http.ask(method, path, body, headers)
            yield answer.body
            links = answer.parsed().get("link") or []
            following = [each.get("url", "") for each in links if each.get("relation") == "next"]
            if not following:
                return
            method, path, body, headers = "GET", self.http.address.within(following[0]), None, None
        raise DestinationError("the FHIR server's search does not end")

    def resources_of(self, page: bytes) -> Any:
        """A Bundle's resources, each number with its digits. Raises DestinationError."""
        bundle, _ = parsed(page)
        entries = bundle.get("entry") or [] if isinstance(bundle, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise DestinationError("the FHIR server answered with what is no FHIR bundle")
        found = [json_text(entry["resource"]) for entry in entries if isinstance(entry.get("resource"), dict)]
        return pa.array(found, pa.string())

    def post(self, kind: str, entries: Sequence[str]) -> list[str]:
        """A bundle of entries, each done or found done; gives their locations, as far as told.

        Raises:
            DestinationError: the server refuses one of them.
        """
        body = f'{{"resourceType":"Bundle","type":"{kind}","entry":[{",".join(entries)}]}}'
        answer = self.http.ask("POST", "", body.encode(), {"Prefer": "return=minimal"}).parsed()
        responses = [each.get("response") or {} for each in answer.get("entry") or []]
        statuses = [str(each.get("status", ""))[:3] for each in responses]
        wrong = [status for status in statuses if status not in {"200", "201"}]
        if wrong or len(responses) != len(entries):
            shown = ", ".join(sorted({status if status.isdigit() else "no status" for status in wrong})) or "none"
            count = len(wrong) or "some"
            raise DestinationError(f"the FHIR server refuses {count} of {len(entries)} resources: {shown}")
        return ["/".join(str(each.get("location", "")).split("/_history")[0].split("/")[-2:]) for each in responses]

    def records(self, order: str, kind: str) -> Iterator[Basic]:
        """Our records of one kind of one order, a page at a time, each name once."""
        query = urlencode({"code": f"{_KIND_SYSTEM}|{kind}", "_tag": f"{ORDER_SYSTEM}|{order}", "_count": "10"})
        seen: set[str] = set()
        for page in self._pages("GET", f"Basic?{query}"):
            for entry in json.loads(page).get("entry") or []:
                basic = Basic.of(entry.get("resource") or {})
                if basic.name not in seen:
                    seen.add(basic.name)
                    yield basic

    def record(self, order: str, basic: Basic) -> None:
        """Leave a record, if none of that name is there."""
        uuid = self._record_uuid(order, basic)
        sent = {"If-None-Exist": f"identifier={UUID_SYSTEM}|urn:uuid:{uuid}", "Prefer": "return=minimal"}
        self.http.ask("POST", "Basic", json.dumps(basic.resource(order, uuid)).encode(), sent)

    def recorded(self, order: str, kind: str, name: str) -> Basic | None:
        """The record of that name."""
        uuid = self._record_uuid(order, Basic(kind, name, {}))
        query = urlencode({"identifier": f"{UUID_SYSTEM}|urn:uuid:{uuid}"})
        entries = self.http.ask("GET", f"Basic?{query}").parsed().get("entry") or []
        return Basic.of(entries[0].get("resource") or {}) if entries else None

    def change(self, order: str, basic: Basic) -> None:
        """Put a record's new values in its place, if nobody else has. Raises DestinationError."""
        resource = basic.resource(order, self._record_uuid(order, basic)) | {"id": basic.id}
        sent = {"If-Match": f'W/"{basic.version}"'} if basic.version else {}
        self.http.ask("PUT", f"Basic/{basic.id}", json.dumps(resource).encode(), sent)

    def remove(self, basic: Basic) -> None:
        """Delete a record; gone is gone."""
        self.http.ask("DELETE", f"Basic/{basic.id}", accept=frozenset({200, 202, 204, 404, 410}))

    def _record_uuid(self, order: str, basic: Basic) -> str:
        made = self.naming.ids(f"{basic.kind}|{order}", pa.array([basic.name]))
        return str(made[0].as_py())


class Addresses:
    """Where referenced resources are on the server: looked up by UUID, remembered in memory."""

    _MOST = 500_000

    def __init__(self, server: FhirServer) -> None:
        self._server = server
        self._known: dict[str, pa.Table] = {}
        self._loading = ""

    def loading(self, entity: str) -> None:
        """From now on this entity's resources are being created; what was not there of others may be by now."""
        self._loading = entity
        self._known = {name: table.filter(pc.is_valid(table.column(1))) for name, table in self._known.items()}

    def __call__(self, entity: str, keys: Any) -> Any:
        """``Patient/…`` of each key, null where there is no such resource."""
        wanted = self._server.naming.ids(entity, keys)
        known = self._known.get(entity, _NOTHING_KNOWN)
        if known.num_rows > self._MOST:
            known = _NOTHING_KNOWN
        unknown = pc.unique(wanted.drop_null())
        unknown = unknown.filter(pc.invert(pc.is_in(unknown, value_set=_whole(known, 0))))
        if len(unknown):
            found = self._server.find(TEMPLATES[entity].resource, unknown)
            new = [known, pa.table({"uuid": found.uuids, "address": found.addresses})]
            if entity != self._loading:
                absent = unknown.filter(pc.invert(pc.is_in(unknown, value_set=found.uuids)))
                new.append(pa.table({"uuid": absent, "address": pa.nulls(len(absent), pa.string())}))
            known = pa.concat_tables(new)
        self._known[entity] = known = known.combine_chunks()
        at = pc.index_in(wanted, value_set=_whole(known, 0))
        return _whole(known, 1).take(pc.if_else(pc.is_valid(wanted), at, pa.scalar(None, at.type)))


def _whole(table: pa.Table, number: int) -> Any:
    return pa.concat_arrays([pa.array([], pa.string()), *table.column(number).chunks])


_NOTHING_KNOWN = pa.table({"uuid": pa.array([], pa.string()), "address": pa.array([], pa.string())})
