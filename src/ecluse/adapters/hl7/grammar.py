r"""What HL7 v2.5 ORU^R01 asks of the places of fields, and of texts.

What HL7 has no field for goes into a Z-segment behind (ZPI, ZRQ, ZSP, ZOX, ZNT), which receivers that don't know it
pass over. The text ``""``, which would mean an empty one, is ``\X2222\``.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.messages.grammar import Grammar, Places, wrong
from ecluse.adapters.messages.texts import Style
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.adapters.sources._hl7v2_marks import Marks
from ecluse.domain.errors import DestinationError

__all__ = ["HL7"]


def _check_result(observation: Mapping[str, FieldPath]) -> None:
    """OBX-5 has the number, with its comparator, where there is one; the original text has a place of its own."""
    fixed = {"value": FieldPath("OBX", 5), "comparator": FieldPath("OBX", 5, component=1)}
    for name, path in observation.items():
        if name in fixed and path != fixed[name]:
            raise wrong("observation", name, f"must be {'OBX-5' if name == 'value' else 'OBX-5.1'}")
        if name not in fixed and (path.segment, path.field) == ("OBX", 5):
            raise wrong("observation", name, "needs a place of its own, such as ZOX-2: OBX-5 shows the number")
    if "comparator" in observation and "value" not in observation:
        raise DestinationError("observation.comparator is ordered without observation.value")


def _result(name: str, main: pa.Table, _places: Places) -> pa.Array:
    """Value and comparator, where OBX-2 says that there is a number."""
    kind = main.column("obx_2").combine_chunks()
    if name == "comparator":
        return pc.if_else(pc.equal(kind, "SN"), main.column("obx_5_1").combine_chunks(), "")
    number = pc.if_else(pc.equal(kind, "SN"), main.column("obx_5_2").combine_chunks(), "")
    return pc.if_else(pc.equal(kind, "NM"), main.column("obx_5").combine_chunks(), number)


HL7 = Grammar(
    segments={
        "patient": ("PID", "PD1", "ZPI"),
        "request": ("MSH", "PV1", "ORC", "OBR", "ZRQ"),
        "specimen": ("SPM", "ZSP"),
        "observation": ("OBX", "ZOX"),
        "comment": ("NTE", "ZNT"),
        "practitioner": ("XCN",),
        "site": ("HD",),
    },
    main={"patient": "PID", "request": "OBR", "specimen": "SPM", "observation": "OBX", "comment": "NTE"},
    parts={"practitioner": "XCN", "site": "HD"},
    head="MSH",
    needed={
        "request": ("patient",),
        "observation": ("request", "code", "status"),
        "comment": ("request",),
        "specimen": ("request",),
    },
    ours=frozenset(
        {("PID", 1), ("ORC", 1), ("OBR", 1), ("OBX", 2), ("NTE", 1), ("SPM", 1)}
        | {("MSH", field) for field in range(1, 30) if field != 4}  # noqa: PLR2004
    ),
    first=1,
    style=Style(
        marks=Marks(ord("|"), ord("^"), ord("~"), ord("\\"), ord("&"), "utf-8"),
        escapes={
            "\\": "\\E\\",
            "|": "\\F\\",
            "^": "\\S\\",
            "~": "\\R\\",
            "&": "\\T\\",
            "\n": "\\.br\\",
            "\r": "\\X0D\\",
            "\x0b": "\\X0B\\",
            "\x1c": "\\X1C\\",
        },
        literal="\\X2222\\",
    ),
    check=_check_result,
    result=_result,
    looked_at={
        "OBX": (
            FieldPath("OBX", 2),
            FieldPath("OBX", 5),
            FieldPath("OBX", 5, component=1),
            FieldPath("OBX", 5, component=2),
        )
    },
    behind=("ZOX", "ZNT", "ZSP"),
)
"""HL7 v2.5; segments and fields: its chapters 3, 4 and 7."""
