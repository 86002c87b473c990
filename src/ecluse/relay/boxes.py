"""A box: what one order's two places exchange. What has happened to a parcel is the folder it lies in (law 4).

boxes/<name>/box.json     the order that opened it; before that, papers only wait on the desk
boxes/<name>/desk/<way>   papers not signed enough yet
boxes/<name>/<way>        papers that were judged right, for the other member
boxes/<name>/batches      one file a batch that has its receipt
boxes/<name>/announced    one file a parcel that a signed receipt announces: batch, size
boxes/<name>/coming       parcels that are being sent, as far as they came
boxes/<name>/parcels      parcels that are what was announced
boxes/<name>/taken        what its recipient took away: name and size alone
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ecluse.domain.errors import Location, MalformedError, RefusedError
from ecluse.relay.papers import Way
from ecluse.wire.canonical import canonical, parse
from ecluse.workspace.files import read, write_atomic, write_once
from ecluse.workspace.parcels import SUFFIX

FORMAT = "ecluse.relay-box/1"
_FILE = "box.json"
_COMPLETE, _ENDED = "complete", "ended.json"
_NAME = re.compile(r"[0-9a-f]{16}")
_PARCEL = re.compile(rf"([0-9a-f]{{64}}){re.escape(SUFFIX)}")


class OverError(RefusedError):
    """Its parcels must be gone by now: nothing may come."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an approved order and its plan say of a box. Digests are ``sha256:…``; ``batches`` are planned ones.

    ``delay_s``: seconds from acceptance to erasure. ``heads``: the agreement, order and plan that opened it, by stem.
    """

    order: str
    agreement: str
    sender: str
    recipients: tuple[str, ...]
    erase_by: dt.date
    delay_s: int
    batches: int
    heads: tuple[str, ...]
    opened_at: dt.datetime


Reason = Literal["accepted", "refused", "aborted", "erase_by"]


@dataclass(frozen=True, slots=True)
class Ended:
    """When a box's parcels must be gone, why, and by which paper (its digest)."""

    due: dt.datetime
    reason: Reason
    paper: str


@dataclass(frozen=True, slots=True)
class Announced:
    """A parcel that a signed receipt names; ``size`` in bytes, None where the receipt does not say (set-aside rows)."""

    batch: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Box:
    """One box's folder."""

    root: Path

    @property
    def name(self) -> str:
        """The beginning of its order's digest: says nothing."""
        return self.root.name

    def is_open(self) -> bool:
        """Whether an order opened it."""
        return (self.root / _FILE).is_file()

    def facts(self) -> Facts:
        """What opened it; raises StorageError, MalformedError."""
        path = self.root / _FILE
        value: Any = parse(read(path))
        try:
            if value.pop("format") != FORMAT:
                raise ValueError(FORMAT)  # noqa: TRY301 - one refusal for all that is wrong
            value["opened_at"] = dt.datetime.fromisoformat(value["opened_at"])
            value["erase_by"] = dt.date.fromisoformat(value["erase_by"])
            return Facts(**value | {name: tuple(value[name]) for name in ("recipients", "heads")})
        except (AttributeError, KeyError, TypeError, ValueError):
            raise MalformedError("not a box of ours", location=Location(file=str(path))) from None

    def write_facts(self, facts: Facts) -> None:
        """Open it."""
        value = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
        value |= {"recipients": list(facts.recipients), "heads": list(facts.heads)}
        value |= {"opened_at": facts.opened_at.isoformat()}
        value |= {"erase_by": facts.erase_by.isoformat(), "format": FORMAT}
        write_atomic(self.root / _FILE, canonical(value))

    def way_of(self, agent: str) -> Way | None:
        """The way of what an agent sends into this box; None for strangers."""
        facts = self.facts()
        if agent == facts.sender:
            return Way.FORTH
        return Way.BACK if agent in facts.recipients else None

    def ended(self) -> Ended | None:
        """The decision or instruction that ended its migration, if one has come through."""
        path = self.root / _ENDED
        if not path.is_file():
            return None
        value: Any = parse(read(path))
        return Ended(dt.datetime.fromisoformat(value["due"]), value["reason"], value["paper"])

    def end(self, ended: Ended) -> None:
        """Note that its migration has ended; of several words the one by which it dies first stands."""
        known = self.ended()
        if known is None or ended.due < known.due:
            value = {"due": ended.due.isoformat(), "reason": ended.reason, "paper": ended.paper}
            write_atomic(self.root / _ENDED, canonical(value))

    def by_date(self) -> Ended:
        """The order's erase-by day, as it begins (UTC)."""
        return Ended(dt.datetime.combine(self.facts().erase_by, dt.time.min, dt.UTC), "erase_by", "")

    def due(self) -> Ended:
        """When its parcels must be gone, and why."""
        ended, by = self.ended(), self.by_date()
        return ended if ended is not None and ended.due < by.due else by

    def desk(self, way: Way) -> Path:
        """Where papers wait for their signatures."""
        return self.root / "desk" / way

    def papers(self, way: Way) -> Path:
        """Where judged papers wait for the other member."""
        return self.root / way

    def claim_batch(self, batch: str, receipt: str) -> bool:
        """Note a batch's one receipt, by its digest; False where it has another, whichever relay noted that."""
        path = self.root / "batches" / batch
        return write_once(path, receipt.encode("ascii")) or read(path).decode("ascii", "replace") == receipt

    def announce(self, address: str, told: Announced) -> None:
        """Note that a parcel may come."""
        data = canonical({"batch": told.batch, "size": told.size})
        write_atomic(self.root / "announced" / address.removeprefix("sha256:"), data)

    def announced(self, hex_: str) -> Announced | None:
        """What a receipt says of a parcel."""
        path = self.root / "announced" / hex_
        if not path.is_file():
            return None
        value: Any = parse(read(path))
        return Announced(value["batch"], value["size"])

    def coming(self, hex_: str) -> Path:
        """Where a parcel lies while it comes."""
        return self.root / "coming" / f"{hex_}{SUFFIX}"

    def stored(self, hex_: str) -> Path:
        """Where it lies once it is what was announced."""
        return self.root / "parcels" / f"{hex_}{SUFFIX}"

    def taken(self, hex_: str) -> Path:
        """The mark that its recipient took a parcel away."""
        return self.taken_file(f"{hex_}{SUFFIX}")

    def taken_file(self, name: str) -> Path:
        """The mark that a file was taken away: sent again, it is not wanted any more."""
        return self.root / "taken" / name

    def is_complete(self) -> bool:
        """Whether everything planned has come: the recipient sees nothing before."""
        return (self.root / _COMPLETE).is_file()

    def all_there(self, batches: int) -> bool:
        """Whether every batch has its receipt, and every announced parcel has come."""
        receipts = sum(
            1 for name in names(self.papers(Way.FORTH)) if re.fullmatch(r"receipt\.[0-9a-f]{64}\.json", name)
        )
        if receipts != batches:
            return False
        there = {name.removesuffix(SUFFIX) for folder in ("parcels", "taken") for name in names(self.root / folder)}
        return set(names(self.root / "announced")) <= there

    def mark_complete(self) -> None:
        """Let the recipient see it."""
        write_atomic(self.root / _COMPLETE, b"")

    def promised(self, unsized: int, *, besides: str) -> int:
        """Bytes that parcels take once those that are coming have come, however many come at once, but for one.

        ``unsized``: what one may take whose receipt does not say.
        """
        total = sum(size for _, size in files(self.root / "parcels"))
        for name, size in files(self.root / "coming"):
            if (hex_ := parcel_hex(name)) and hex_ != besides:
                told = self.announced(hex_)
                total += max(size, unsized if told is None or told.size is None else told.size)
        return total

    def paper_bytes(self) -> int:
        """Bytes of papers that lie here."""
        folders = [place(way) for place in (self.desk, self.papers) for way in Way]
        return sum(size for folder in folders for _, size in files(folder))


def box_name(text: str) -> bool:
    """Whether a name could be a box's."""
    return _NAME.fullmatch(text) is not None


def parcel_hex(name: str) -> str | None:
    """The digest in a parcel's file name, or None."""
    found = _PARCEL.fullmatch(name)
    return found[1] if found else None


def files(folder: Path) -> Iterator[tuple[str, int]]:
    """Whole files in a folder with their sizes; none where there is no folder."""
    for name in names(folder):
        try:
            yield name, (folder / name).stat().st_size
        except FileNotFoundError:  # taken meanwhile
            continue


def names(folder: Path) -> list[str]:
    """Names of whole files in a folder, sorted."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".part") and path.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []


def folders(root: Path) -> list[str]:
    """Names of the boxes below a root, sorted; none where there is no root."""
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
