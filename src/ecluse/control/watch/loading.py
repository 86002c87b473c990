"""One rule file: a Sigma rule or a Sigma correlation, read strictly, with what Écluse adds under ``ecluse``.

Everything a rule can say wrongly is refused with file, line and field: a rule that silently never fires is worse than
none. Sigma 2.1: https://sigmahq.io/sigma-specification/ (rules and correlation rules).
"""

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecluse.control.watch.detection import known_field, read_detection
from ecluse.control.watch.fields import DETAIL, PLAIN, SERVICES
from ecluse.control.watch.rule import Correlation, Kind, Raised, Rule, Told
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import Location, MalformedError
from ecluse.wire import documents
from ecluse.wire.artefacts import Problem
from ecluse.wire.documents import Document

MAX_BOUND, MAX_SUM = 1000, 10**15
MAX_TIMESPAN = dt.timedelta(days=366)
MAX_BYTES = 64 * 2**10
_ROOT = frozenset({
    "title", "id", "name", "status", "description", "author", "date", "modified", "references", "tags", "logsource",
    "detection", "correlation", "falsepositives", "level", "ecluse", "license", "related", "fields",
})  # fmt: skip
_OURS = frozenset({
    "raised", "title_fr", "description_fr", "mend_en", "mend_fr", "falsepositives_fr", "people", "group_by",
})  # fmt: skip
_LINKED = frozenset({"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"})
_STATUS = frozenset({"stable", "test", "experimental", "deprecated", "unsupported"})
_NAME = re.compile(r"[a-z][a-z0-9_]{2,63}")
_TAG = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_TIMESPAN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MAX_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Off:
    """A rule that somebody switched off, with their reason, which is told."""

    id: str
    reason: str
    place: Location


class _Reader:
    """A document's fields, each refused at its line."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.value: Mapping[str, Any] = document.value

    def refuse(self, path: str, message: str) -> MalformedError:
        return self.document.refuse(Problem(path, message))

    def table(self, path: str, allowed: frozenset[str]) -> Mapping[str, Any]:
        """A part that is fields, all of them known. Its path, or nothing for the whole."""
        found = self.value.get(path) if path else self.value
        if not isinstance(found, dict):
            raise self.refuse(path, "fields with values are needed here")
        for name in found:
            if name not in allowed:
                raise self.refuse(f"{path}.{name}".removeprefix("."), f"unknown field; allowed: {_listed(allowed)}")
        return found

    def text(self, table: Mapping[str, Any], path: str, *, needed: bool = True) -> str:
        """A text field, by its path."""
        found = table.get(path.rpartition(".")[2])
        if found is None and not needed:
            return ""
        if not isinstance(found, str) or not found.strip() or len(found) > _MAX_TEXT:
            raise self.refuse(path, f"a text of up to {_MAX_TEXT} characters is needed here")
        return found.strip()

    def texts(self, table: Mapping[str, Any], path: str, *, needed: bool = False) -> tuple[str, ...]:
        """A list of texts, by its path."""
        found = table.get(path.rpartition(".")[2])
        found = [] if found is None else [found] if isinstance(found, str) else found
        if not isinstance(found, list) or any(not isinstance(each, str) or not each.strip() for each in found):
            raise self.refuse(path, "a list of texts is needed here")
        if needed and not found:
            raise self.refuse(path, "at least one is needed here")
        return tuple(each.strip() for each in found)

    def one_of(self, table: Mapping[str, Any], path: str, allowed: frozenset[str]) -> str:
        """A text field with a few allowed values."""
        found = self.text(table, path)
        if found not in allowed:
            raise self.refuse(path, f"allowed: {_listed(allowed)}")
        return found

    def fields(self, table: Mapping[str, Any], path: str, also: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """A list of fields of events."""
        found = self.texts(table, path)
        if any(not known_field(each) and each not in also for each in found) or len(set(found)) != len(found):
            raise self.refuse(path, f"no event has such a field; allowed: {', '.join(PLAIN)}, {DETAIL}…")
        return found


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def parse_rule(data: bytes, *, file: str) -> Rule | Off:
    """A rule, or the word that one is off.

    Raises:
        MalformedError: naming file, line and field, never a value.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"longer than {MAX_BYTES} bytes", location=Location(file=file))
    document = documents.parse(data, file=file)
    reader = _Reader(document)
    root = reader.table("", _ROOT)
    if root.get("status") == "off":
        return _off(reader, root)
    return _rule(reader, root, file)


def _off(reader: _Reader, root: Mapping[str, Any]) -> Off:
    ours = reader.table("ecluse", frozenset({"reason"}))
    return Off(_id(reader, root), reader.text(ours, "ecluse.reason"), reader.document.location("id"))


def _id(reader: _Reader, root: Mapping[str, Any]) -> str:
    found = reader.text(root, "id")
    try:
        made = str(uuid.UUID(found))
    except ValueError:
        made = ""
    if made != found:
        raise reader.refuse("id", "not a UUID in small letters")
    return found


def _rule(reader: _Reader, root: Mapping[str, Any], file: str) -> Rule:
    reader.one_of(root, "status", _STATUS)
    ours = reader.table("ecluse", _OURS)
    name = reader.text(root, "name")
    if not _NAME.fullmatch(name):
        raise reader.refuse("name", "a rule's name is of small letters, digits and _")
    tags = reader.texts(root, "tags")
    if any(not _TAG.fullmatch(each) for each in tags):
        raise reader.refuse("tags", "a tag is written namespace.name, in small letters")
    if ("detection" in root) == ("correlation" in root):
        raise reader.refuse("", "a rule has a detection, or a correlation, and not both")
    detected = "detection" in root
    raised = Raised(reader.one_of(ours, "ecluse.raised", frozenset(Raised)))
    service = _service(reader) if detected else ""
    if (raised is Raised.CLOCK) != (service == "watch") or (not detected and raised is not Raised.EVENT):
        raise reader.refuse("ecluse.raised", "clock is for the service watch, counted for a detection")
    correlation = None if detected else _correlation(reader)
    return Rule(
        id=_id(reader, root),
        name=name,
        severity=Severity(reader.one_of(root, "level", frozenset(Severity))),
        raised=raised,
        en=_told(reader, (root, ours), _EN, needed=raised is not Raised.COUNTED),
        fr=_told(reader, (ours, ours), _FR, needed=raised is not Raised.COUNTED),
        tags=tags,
        people=reader.fields(ours, "ecluse.people"),
        group_by=reader.fields(ours, "ecluse.group_by") if detected else (correlation.group_by if correlation else ()),
        file=file,
        service=service,
        detection=read_detection(reader.document) if detected else None,
        correlation=correlation,
        places={path: reader.document.location(path) for path in ("id", "name", "correlation.rules")},
    )  # fmt: skip


_EN = ("title", "description", "ecluse.mend_en", "falsepositives")
_FR = ("ecluse.title_fr", "ecluse.description_fr", "ecluse.mend_fr", "ecluse.falsepositives_fr")


def _told(
    reader: _Reader,
    tables: tuple[Mapping[str, Any], Mapping[str, Any]],
    paths: tuple[str, str, str, str],
    *,
    needed: bool,
) -> Told:
    """What one language says; of a rule that is only counted, nobody needs to know what to do."""
    words, ours = tables
    title, why, mend, harmless = paths
    return Told(
        reader.text(words, title),
        " ".join(reader.text(words, why, needed=needed).split()),
        " ".join(reader.text(ours, mend, needed=needed).split()),
        reader.texts(words, harmless, needed=needed),
    )


def _service(reader: _Reader) -> str:
    source = reader.table("logsource", frozenset({"product", "service"}))
    reader.one_of(source, "logsource.product", frozenset({"ecluse"}))
    return reader.one_of(source, "logsource.service", frozenset(SERVICES))


def _correlation(reader: _Reader) -> Correlation:
    if "logsource" in reader.value or "group_by" in reader.value.get("ecluse", {}):
        raise reader.refuse("correlation", "a correlation has no logsource, and groups by group-by alone")
    given = reader.table("correlation", _LINKED)
    kind = Kind(reader.one_of(given, "correlation.type", frozenset(Kind)))
    rules = reader.texts(given, "correlation.rules", needed=True)
    if len(set(rules)) != len(rules) or (kind in {Kind.TEMPORAL, Kind.TEMPORAL_ORDERED} and len(rules) < 2):  # noqa: PLR2004
        raise reader.refuse("correlation.rules", "each rule once; two or more where they come after one another")
    generate = given.get("generate", False)
    if type(generate) is not bool:
        raise reader.refuse("correlation.generate", "true or false")
    aliases = _aliases(reader, given, rules)
    group_by = reader.fields(given, "correlation.group-by", frozenset(aliases))
    bound, value = _bound(reader, given, kind)
    return Correlation(kind, rules, group_by, _timespan(reader, given), bound, value, aliases, generate)


def _timespan(reader: _Reader, given: Mapping[str, Any]) -> dt.timedelta:
    found = _TIMESPAN.fullmatch(reader.text(given, "correlation.timespan"))
    span = dt.timedelta(seconds=int(found[1]) * _SECONDS[found[2]]) if found else None
    if span is None or span > MAX_TIMESPAN:
        raise reader.refuse("correlation.timespan", "written 30s, 10m, 1h, 7d or 4w, up to 366 days")
    return span


def _bound(reader: _Reader, given: Mapping[str, Any], kind: Kind) -> tuple[int, str]:
    if kind in {Kind.TEMPORAL, Kind.TEMPORAL_ORDERED}:
        if "condition" in given:
            raise reader.refuse("correlation.condition", "rules that come together have no number")
        return 1, ""
    path, condition = "correlation.condition", given.get("condition")
    wanted = {"field"} if kind is not Kind.EVENT_COUNT else set()
    if not isinstance(condition, dict) or set(condition) - {"gt", "gte"} != wanted or len(condition) != len(wanted) + 1:
        raise reader.refuse(path, "gte or gt with a number, and field where values are counted or summed")
    (name,) = set(condition) - wanted
    number, most = condition[name], MAX_SUM if kind is Kind.VALUE_SUM else MAX_BOUND
    if type(number) is not int or not 1 <= number <= most:
        raise reader.refuse(f"{path}.{name}", f"a whole number from 1 to {most}")
    value = str(condition.get("field", ""))
    if wanted and not known_field(value):
        raise reader.refuse(f"{path}.field", f"no event has such a field; allowed: {', '.join(PLAIN)}, {DETAIL}…")
    return number + (name == "gt"), value


def _aliases(reader: _Reader, given: Mapping[str, Any], rules: tuple[str, ...]) -> dict[str, dict[str, str]]:
    found = given.get("aliases", {})
    if not isinstance(found, dict):
        raise reader.refuse("correlation.aliases", "fields with values are needed here")
    for name, fields in found.items():
        path = f"correlation.aliases.{name}"
        if known_field(name) or not _NAME.fullmatch(name):
            raise reader.refuse(path, "an alias is a name that no field has")
        each = fields if isinstance(fields, dict) else {}
        if set(each) != set(rules) or not all(isinstance(one, str) and known_field(one) for one in each.values()):
            raise reader.refuse(path, "an alias names one field of each rule of the correlation")
    return found
