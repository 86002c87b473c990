"""The offline audit of an evidence bundle: every step, in order, each with what it needs (law 10)."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ecluse.domain.errors import EcluseError, StorageError
from ecluse.verify import (
    _container,
    _steps_bundle,
    _steps_end,
    _steps_journal,
    _steps_named,
    _steps_order,
    _steps_plan,
    _steps_trace,
)
from ecluse.verify import _steps_receipts as _receipts
from ecluse.verify._case import PLACES, Case, refused
from ecluse.verify._trust import read_trust
from ecluse.verify.report import FailedError, NotReachedError, Report, Status, Step, Words

Check = Callable[[Case], Words]


@dataclass(frozen=True, slots=True)
class Rule:
    """One step: runs only where every step that it needs has passed."""

    name: str
    check: Check
    needs: tuple[str, ...] = ()


def _journal(place: str) -> list[Rule]:
    """The steps on one journal; they need no artefact before the entries are read."""
    steps = _steps_journal
    chain: list[tuple[str, Callable[[str, Case], Words], tuple[str, ...]]] = [
        ("key", steps.key, ("manifest",)),
        ("checkpoint", steps.checkpoint, ("key",)),
        ("root", steps.root, ("checkpoint",)),
        ("tiles", steps.tiles, ("root",)),
        ("entries", steps.entries, ("root",)),
        ("time", steps.time, ("entries",)),
        ("transitions", steps.transitions, ("entries",)),
        ("laws", steps.laws, ("entries",)),
        ("pins", steps.pins, ("entries", "addresses")),
        ("facts", steps.facts, ("pins", "laws")),
    ]
    names = {name for name, _, _ in chain}

    def full(name: str) -> str:
        return f"journal.{place}.{name}" if name in names else name

    return [Rule(full(n), partial(check, place), tuple(map(full, needs))) for n, check, needs in chain]


RULES: tuple[Rule, ...] = (
    Rule("container", _steps_bundle.container),
    Rule("manifest", _steps_bundle.manifest, ("container",)),
    Rule("addresses", _steps_bundle.addresses, ("manifest",)),
    Rule("agreement", _steps_order.agreement, ("addresses",)),
    Rule("agreement.signed", _steps_order.agreement_signed, ("agreement",)),
    Rule("agreement.trust", _steps_order.trust, ("agreement.signed",)),
    Rule("order", _steps_order.order, ("addresses",)),
    Rule("order.signed", _steps_order.order_signed, ("order", "agreement.signed")),
    *(rule for place in PLACES for rule in _journal(place)),
    Rule("allowed_signers", _steps_order.allowed_signers, ("agreement",)),
    Rule("order.in_force", _steps_order.in_force, ("order.signed",)),
    Rule("plan", _steps_plan.plan, ("addresses",)),
    Rule("plan.signed", _steps_plan.plan_signed, ("plan", "order.signed")),
    Rule("plan.columns", _steps_plan.plan_columns, ("plan", "order")),
    Rule("plan.scope", _steps_plan.plan_scope, ("plan", "order")),
    Rule("plan.batches", _steps_plan.plan_batches, ("plan",)),
    Rule("receipts", _receipts.receipts, ("plan",)),
    Rule("receipts.signed", _receipts.receipts_signed, ("plan.signed",)),
    Rule("receipts.countersigned", _receipts.receipts_countersigned, ("agreement.signed",)),
    Rule("receipts.plan", _receipts.receipts_plan, ("plan", "order")),
    Rule("receipts.scope", _receipts.receipts_scope, ("order",)),
    Rule("receipts.parcels", _receipts.parcels_distinct, ("addresses",)),
    Rule("places", _steps_journal.places_agree, tuple(f"journal.{place}.entries" for place in PLACES)),
    Rule("reconciliation", _steps_end.reconciliation, ("plan.signed", "receipts")),
    Rule("reconciliation.flows", _steps_end.flows, ("reconciliation",)),
    Rule("reconciliation.differences", _steps_end.differences, ("reconciliation",)),
    Rule("acceptance", _steps_end.acceptance, ("reconciliation",)),
    Rule("instructions", _steps_named.instructions, ("order.signed",)),
    Rule("log.source", _steps_named.source_log, ("plan.signed", "journal.source.checkpoint")),
    Rule("log.destination", _steps_named.destination_log, ("reconciliation", "journal.destination.checkpoint")),
    *(
        Rule(f"erasure.{place}", partial(_steps_end.erasure, place), ("order.signed", f"journal.{place}.entries"))
        for place in PLACES
    ),
    Rule("trace", _steps_trace.trace, ("order.signed", "journal.source.laws")),
)
"""All steps, in the order and under the names that the manual gives them."""


def verify_bundle(path: Path, *, trust: Path | None, now: dt.datetime) -> Report:
    """Audit a bundle offline.

    Args:
        path: the bundle, a ZIP file that ``ecluse evidence export`` wrote.
        trust: an OpenSSH allowed_signers file with keys obtained from elsewhere, or None: then the report prints the
            fingerprints that must be compared, and is consistent at best, never authenticated.
        now: the auditor's own time, with its zone; nothing may be dated after it.

    Raises:
        StorageError: the bundle or the trust file cannot be read.
        MalformedError: the trust file is not one.
    """
    pinned = read_trust(trust) if trust is not None else None
    case = Case(now=now.astimezone(dt.UTC), trust=pinned, load=partial(_container.read, path))
    report = run(RULES, case)
    trusted = any(step.name == "agreement.trust" and step.status is Status.OK for step in report.steps)
    return replace(report, vouched=pinned is not None and trusted)


def run(rules: Sequence[Rule], case: Case) -> Report:
    """Run steps in order; one that fails ends its chain, and no other."""
    ended: dict[str, Step] = {}
    for number, rule in enumerate(rules, 1):
        stopped = next((ended[name] for name in rule.needs if ended[name].status is not Status.OK), None)
        if stopped is not None:
            words = Words(
                f"needs step {stopped.number} ({stopped.name})", f"suppose l'étape {stopped.number} ({stopped.name})"
            )
            ended[rule.name] = Step(number, rule.name, Status.NOT_REACHED, words)
        else:
            ended[rule.name] = Step(number, rule.name, *_outcome(rule.check, case))
    return Report(tuple(ended.values()))


def _outcome(check: Check, case: Case) -> tuple[Status, Words]:
    try:
        return Status.OK, check(case)
    except FailedError as failed:
        return Status.FAILED, failed.words
    except NotReachedError as absent:
        return Status.NOT_REACHED, absent.words
    except StorageError:
        raise
    except EcluseError as error:
        return Status.FAILED, refused(error)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # An auditor never ends in a traceback: what no rule foresaw is not verified.
        kind = type(error).__name__
        return Status.FAILED, Words(f"unforeseen content ({kind})", f"contenu imprévu ({kind})")
