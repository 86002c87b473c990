"""Messages, whatever their format: what each is told of itself, and its bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

__all__ = ["ENCODING", "UNWRITABLE", "Heading", "Layout", "Message", "Rows", "control_id", "distinct"]

Rows = Mapping[str, pa.Table]
ENCODING, UNWRITABLE = "encoding", "unwritable"
"""Why a request's message is not written: a character that the encoding lacks; a text that the format cannot tell."""


def control_id(order: str, request: str) -> str:
    """20 characters, the same for the same request of the same order."""
    return hashlib.sha256(f"{order}\0{request}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Heading:
    """What every message says of itself. ``moment``: YYYYMMDDHHMMSS; fixed, so that a resend is the same."""

    order: str
    moment: str
    application: str = ""
    facility: str = ""
    production: bool = True

    def control(self, request: str) -> str:
        """The control id of a request's message."""
        return control_id(self.order, request)


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``text`` is whole. ``refused``: why it is not to be sent; then there is no text."""

    request: str
    control: str
    text: bytes
    refused: str = ""

    @property
    def digest(self) -> str:
        """Of its bytes."""
        return f"sha256:{hashlib.sha256(self.text).hexdigest()}"


class Layout(Protocol):
    """How one format, by one profile, writes an order's rows as messages and reads them again."""

    @property
    def suffix(self) -> str:
        """Of its files' names."""
        ...

    def write(self, rows: Rows, heading: Heading) -> list[Message]:
        """One message for each row of ``rows["request"]``, in the order of their keys.

        Raises DestinationError for what no message of the order could say.
        """
        ...

    def joined(self, messages: list[Message]) -> bytes:
        """Messages as one file."""
        ...

    def read(self, data: bytes) -> dict[str, pa.Table]:
        """Rows by entity, as often as messages hold them. Raises DestinationError where a message cannot be read."""
        ...


def distinct(rows: pa.Table) -> pa.Table:
    """Each row once; two that differ stay two, also under one key."""
    return rows.group_by(rows.column_names, use_threads=False).aggregate([]).select(rows.column_names)
