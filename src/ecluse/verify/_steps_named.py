"""Steps on what is named by signature: each journal's key by its agent's papers, each stop by who may order it."""

from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import MalformedError, SignatureError
from ecluse.domain.instruction import Instruction
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_instruction
from ecluse.domain.records import Reconciliation
from ecluse.verify._case import Case, PlaceCase, fits, short
from ecluse.verify._notes import check_log, read_vkey
from ecluse.verify._steps_journal import INSTRUCTED
from ecluse.verify.report import FailedError, Words

_OVERDUE = "erase_by has passed"


def source_log(case: Case) -> Words:
    """The source's checkpoint is signed by the key that the plan names, which the source's agent has signed."""
    return _named(case.place("source"), case.one(Plan)[0].log, "plan")


def destination_log(case: Case) -> Words:
    """The destination's checkpoint is signed by the key that the reconciliation, signed by its agent, names."""
    return _named(case.place("destination"), case.one(Reconciliation)[0].log, "reconciliation")


def check_named(place: PlaceCase, log: str | None, paper: str) -> None:
    """A place's checkpoint is signed by the key that a signed paper names.

    Raises:
        FailedError: it is not, or the paper names none.
    """
    if log is None or place.checkpoint is None:
        raise FailedError(f"the {paper} names no journal", f"« {paper} » ne nomme aucun journal")
    try:
        check_log(place.checkpoint, read_vkey(log.encode()))
    except (MalformedError, SignatureError) as error:
        raise FailedError(
            f"{place.name}: the journal is not the one that the {paper} names ({error.message})",
            f"{place.name} : le journal n'est pas celui que nomme « {paper} » ({error.message})",
        ) from None


def _named(place: PlaceCase, log: str | None, paper: str) -> Words:
    check_named(place, log, paper)
    return Words(
        f"signed by the key that the {paper} names", f"signé par la clé que nomme « {paper} »"
    )  # fmt: skip


def instructions(case: Case) -> Words:
    """Every instruction is about this order, by somebody who may, and signed; every stop and restart has its cause."""
    contract, order = case.one(Agreement)[0], case.one(Order)[1].address
    for value, paper in case.all(Instruction):
        what = f"instruction {short(paper.address)}"
        fits(value.order == order, f"{what}: about another order", f"{what} : porte sur un autre ordre")
        check_instruction(value, contract)
        fits(
            value.signatory in case.signed_by(paper),
            f"{what}: not signed by {value.signatory}",
            f"{what} : non signée par {value.signatory}",
        )
    count = sum(_check_causes(place, case) for place in case.places.values())
    told = len(case.papers(Instruction))
    return Words(
        f"{told} instructions, signed by who may; {count} stops and restarts, each with its cause",
        f"{told} instructions, signées par qui le peut ; {count} arrêts et reprises, chacun avec sa cause",
    )


def _check_causes(place: PlaceCase, case: Case) -> int:
    """What is stopped by instruction goes on by instruction alone; nobody but the date aborts without one."""
    suspended: Entry | None = None
    found = [entry for entry in place.entries if entry.event in INSTRUCTED]
    for entry in found:
        told = entry.subject.startswith("sha256:")
        if entry.event is Event.ABORTED and not told:
            overdue = entry.subject == _OVERDUE and entry.at.date() >= case.one(Order)[0].retention.erase_by
            fits(
                overdue,
                f"{place.name}: aborted without an instruction, before the erase-by date",
                f"{place.name} : abandonnée sans instruction, avant la date d'effacement",
            )
        if entry.event is Event.RESUMED and not told:
            by_gate = suspended is not None and not suspended.subject.startswith("sha256:")
            fits(
                by_gate,
                f"{place.name}: suspended by an instruction, resumed without one",
                f"{place.name} : suspendue par instruction, reprise sans instruction",
            )
        suspended = entry if entry.event is Event.SUSPENDED else suspended
    return len(found)
