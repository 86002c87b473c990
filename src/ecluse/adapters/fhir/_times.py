"""Local wall-clock times as FHIR instants and back. The zone is declared by whoever knows it; nothing else can tell.

FHIR R4, datatypes, dateTime: a time needs its offset from UTC. Of the hour that a zone has twice the first is meant,
and a time that it skipped keeps the offset from before; either way the wall clock reads back as it was. A time whose
offset is no whole number of minutes (Paris before 1911) cannot be told in FHIR.
"""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["check_zone", "instants", "wall_clock"]

_MICRO = pa.timestamp("us")
_MINUTE = 60_000_000
_TEXT = (
    r"^(?P<wall>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})$"
)


def check_zone(zone: str) -> bool:
    """Whether there is such a time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(zone)


def instants(times: Any, zone: str) -> Any:
    """Wall-clock times → ``2018-03-04T09:30:00+01:00``, without needless zeros; null where FHIR cannot tell them."""
    times = times.cast(_MICRO)
    known = pc.and_(pc.greater_equal(pc.year(times), 1), pc.less_equal(pc.year(times), 9999))
    times = pc.if_else(known, times, pa.scalar(None, _MICRO))
    text = pc.replace_substring(times.cast(pa.string()), " ", "T")
    text = pc.replace_substring_regex(pc.replace_substring_regex(text, r"(\.[0-9]*?)0+$", r"\1"), r"\.$", "")
    return pc.binary_join_element_wise(text, _offsets(times, zone), "")


def wall_clock(texts: Any, zone: str) -> Any:
    """What ``instants`` was given; an instant told by another offset is moved to the zone. Null where it is none."""
    parts = pc.extract_regex(texts, _TEXT)
    wall = pc.struct_field(parts, "wall")
    offset = pc.struct_field(parts, "offset")
    times = pc.strptime(pc.utf8_slice_codeunits(wall, 0, 19), format="%Y-%m-%dT%H:%M:%S", unit="us", error_is_null=True)
    digits = pc.utf8_rpad(pc.utf8_slice_codeunits(wall, 20, 26), 6, padding="0")
    times = pc.add(times.cast(pa.int64()), digits.cast(pa.int64())).cast(_MICRO)
    other = pc.fill_null(pc.not_equal(_offsets(times, zone), offset), pa.scalar(value=False))
    if not pc.any(other).as_py():
        return times
    offset = pc.if_else(pc.equal(offset, "Z"), "+00:00", offset)
    minutes = pc.add(
        pc.multiply(pc.utf8_slice_codeunits(offset, 1, 3).cast(pa.int64()), 60),
        pc.utf8_slice_codeunits(offset, 4, 6).cast(pa.int64()),
    )
    minutes = pc.if_else(pc.starts_with(offset, "-"), pc.negate(minutes), minutes)
    utc = pc.subtract(times.cast(pa.int64()), pc.multiply(minutes, _MINUTE)).cast(pa.timestamp("us", "UTC"))
    return pc.if_else(other, pc.local_timestamp(utc.cast(pa.timestamp("us", zone))), times)


def _offsets(times: Any, zone: str) -> Any:
    """``+01:00`` of each time; null where the offset is no whole number of minutes."""
    there = pc.assume_timezone(times, zone, ambiguous="earliest", nonexistent="earliest")
    local, utc = pc.local_timestamp(there).cast(pa.int64()), there.cast(_MICRO).cast(pa.int64())
    micros = pc.subtract(local, utc)
    minutes = pc.divide(pc.abs(micros), _MINUTE)
    whole = pc.equal(pc.multiply(minutes, _MINUTE), pc.abs(micros))
    sign = pc.if_else(pc.less(micros, 0), "-", "+")
    two = [pc.utf8_lpad(part.cast(pa.string()), 2, padding="0") for part in (pc.divide(minutes, 60), _rest(minutes))]
    text = pc.binary_join_element_wise(sign, two[0], ":", two[1], "")
    return pc.if_else(whole, text, pa.scalar(None, pa.string()))


def _rest(minutes: Any) -> Any:
    return pc.subtract(minutes, pc.multiply(pc.divide(minutes, 60), 60))
