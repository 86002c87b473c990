"""One Écluse migration of the floor's order: ``python -m bench.migration STEP FOLDER SOURCE TARGET``.

Steps, each a process: ``plan``, and ``run``: extract (with gate and seal), deliver, receive, load (with publish),
reconcile (with the read-back). Writes one JSON line: what each stage cost, from the start of the process on.
"""

import datetime as dt
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.cluster import reaped_cpu
from ecluse.adapters.destinations.opening import DestinationSpec, open_destination
from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.control.admit import admit_order, admit_plan
from ecluse.control.signatures import sign_artefact
from ecluse.control.transfer import deliver, receive
from ecluse.domain.agreement import (
    Agreement,
    Clauses,
    Contact,
    Hosting,
    HostingTerms,
    Measure,
    Party,
    Processing,
    Signer,
    SignerRole,
    SubProcessing,
)
from ecluse.domain.order import Order
from ecluse.domain.profile import DestinationProfile, Engine, SourceProfile
from ecluse.migration.extract import run_extraction
from ecluse.migration.load import run_load
from ecluse.migration.planning import make_plan
from ecluse.migration.ports import Destination
from ecluse.migration.reconcile import run_reconciliation
from ecluse.seal import signing
from ecluse.seal.sealing import Identity
from ecluse.wire import artefacts, documents
from ecluse.workspace.place import Place, Workspace

HERE = Path(__file__).parent
FIELDS = {
    "patient": ("source_id", "external_id"),
    "request": ("source_id", "external_id", "collected_on"),
    "observation": ("source_id", "code", "value", "raw_value", "unit", "comment"),
}
_SETTLE = 0.3
"""Seconds between stages, not counted, until backends have gone and the postmaster has counted them."""
_SOURCE, _DESTINATION = "agent.source", "agent.destination"


def main() -> None:
    """Run one step and print what it cost."""
    step, folder, source, target = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    print(json.dumps({"plan": plan, "run": run}[step](folder, source, target)))


def plan(folder: Path, source: str, _target: str) -> dict[str, Any]:
    """Papers, keys, both places, and the signed plan."""
    folder.mkdir(parents=True)
    public = {
        name: signing.new_signing_key(folder / name, name) for name in ("director", "mgmt", _SOURCE, _DESTINATION)
    }
    identity = Identity.generate()
    identity.save(folder / "recipient.agekey")
    agreement = _agreement(public)
    order = _order(identity.recipient, artefacts.digest_of(agreement))
    with Workspace.create(folder / "source", Place.SOURCE, _SOURCE) as place:
        Workspace.create(folder / "destination", Place.DESTINATION, _DESTINATION).close()
        papers = {name: sign_artefact(agreement, folder / name) for name in ("director", "mgmt")}
        digest = admit_order(place, agreement, papers, order, {"director": sign_artefact(order, folder / "director")})
        began = time.monotonic()
        connection = open_source(_source(source))
        try:
            made = make_plan(
                connection, order, digest, artefacts.digest_of(agreement), _profile(), place.now(), _SOURCE
            ).plan
        finally:
            connection.close()
        made = replace(made, log=place.key.vkey)
        admit_plan(place, made, {_SOURCE: sign_artefact(made, folder / _SOURCE)})
    rows = {entity.entity: entity.rows for entity in made.entities}
    return {"planning": time.monotonic() - began, "batches": len(made.batches), "rows": rows}


def run(folder: Path, source: str, target: str) -> dict[str, Any]:
    """The whole migration as far as acceptance; an account that is not clean is an error."""
    stages = _Stages()
    profile = documents.read(HERE / "target.yaml").to(DestinationProfile)
    identity = Identity.load(folder / "recipient.agekey")

    @contextmanager
    def opened() -> Iterator[Destination]:
        made = open_destination(DestinationSpec(Engine.POSTGRESQL, target, profile))
        try:
            yield made
        finally:
            made.close()

    def receipted(agent: str) -> Callable[[Any], Mapping[str, bytes]]:
        return lambda value: _signed(folder, agent, value)

    mailbox = FolderMailbox(folder / "mailbox")
    with Workspace(folder / "source") as place:
        agreement = place.progress().pins["agreement"]
        run_extraction(place, lambda: open_source(_source(source)), _profile(), receipted(_SOURCE))
        sealed = sum(path.stat().st_size for path in place.parcels.everything())
        stages.end("extract")
        deliver(place, mailbox)
        stages.end("deliver")
    with Workspace(folder / "destination") as place:
        receive(place, mailbox, receipted(_DESTINATION), agreement=agreement)
        stages.end("receive")
        run_load(place, identity, opened, profile)
        stages.end("load")
        account = run_reconciliation(place, identity, opened, receipted(_DESTINATION))
        stages.end("reconcile")
    if not account.clean():
        raise SystemExit("the reconciliation is not clean")
    read_back = {entity: sum(f.read_back for f in account.flows if f.entity == entity) for entity in FIELDS}
    return {"stages": stages.costs, "read_back": read_back, "flows": len(account.flows), "sealed_bytes": sealed}


class _Stages:
    """Wall, client's and server's CPU and the peak so far of each stage; the first one begins with the process."""

    def __init__(self) -> None:
        self.costs: dict[str, dict[str, float]] = {}
        self._postmaster = int(os.environ["BENCH_POSTMASTER"])
        self._wall, self._client, self._server = float(os.environ["BENCH_BEGAN"]), 0.0, reaped_cpu(self._postmaster)

    def end(self, name: str) -> None:
        now, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        time.sleep(_SETTLE)
        client, server = used.ru_utime + used.ru_stime, reaped_cpu(self._postmaster)
        self.costs[name] = {
            "wall": now - self._wall,
            "client": client - self._client,
            "server": server - self._server,
            "peak": used.ru_maxrss,
        }
        self._wall, self._client, self._server = time.monotonic(), client, server


def _signed(folder: Path, agent: str, value: object) -> Mapping[str, bytes]:
    return {agent: sign_artefact(value, folder / agent)}


def _source(url: str) -> SourceSpec:
    return SourceSpec(Engine.POSTGRESQL, url)


def _profile() -> SourceProfile:
    return documents.read(HERE / "floor.yaml").to(SourceProfile)


def _order(recipient: str, agreement: str) -> Order:
    text = _ORDER.format(
        recipient=recipient, agreement=agreement, erase_by=dt.datetime.now(dt.UTC).date() + dt.timedelta(days=90)
    )
    lines = [f"    {entity}: [{', '.join(names)}]" for entity, names in FIELDS.items()]
    return documents.parse(text.replace("    FIELDS", "\n".join(lines)).encode()).to(Order)


_ORDER = """\
format: ecluse.order/1
order: FLOOR-1
version: 1
agreement: {{id: DPA-FLOOR, digest: "{agreement}"}}
controller: {{name: Laboratoire du banc (fictif), finess: "750100125", signatory: director}}
source: {{system: floor, site: LABO, profile: floor}}
destination: {{system: floor, recipient: {recipient}}}
purpose: migration
scope:
  dates: {{field: request.collected_on, from: 2018-01-01, until: 2019-12-31}}
  sites: [LABO]
  fields:
    FIELDS
  exclude_categories: []
retention: {{erase_after_acceptance: 0d, erase_by: {erase_by}, source_disposition: controller}}
"""


def _agreement(keys: Mapping[str, str]) -> Agreement:
    today, contact = dt.datetime.now(dt.UTC).date(), Contact("N", "R", "D")

    def party(name: str, *signers: tuple[str, SignerRole]) -> Party:
        return Party(name, "A", contact, contact, tuple(Signer(i, i, role, keys[i]) for i, role in signers))

    return Agreement(
        "ecluse.agreement/1",
        "DPA-FLOOR",
        today - dt.timedelta(days=1),
        today + dt.timedelta(days=365),
        party("Laboratoire du banc (fictif)", ("director", SignerRole.DIRECTOR)),
        party(
            "Passage SAS (fictive)",
            ("mgmt", SignerRole.MANAGEMENT),
            (_SOURCE, SignerRole.SOURCE_AGENT),
            (_DESTINATION, SignerRole.DESTINATION_AGENT),
        ),
        Processing("a", "b", "c", ("patients",), ("health",), "s", "o"),
        Clauses("a", "a", "b", "c", SubProcessing.NONE, "d", "e", "f", "f", "delete", "g", "h", "h"),
        (Measure("h", "d"),),
        (),
        HostingTerms(Hosting.CONTROLLER_PREMISES, "none", today + dt.timedelta(days=365)),
        second_approver=False,
    )


if __name__ == "__main__":
    main()
