"""A laboratory on a desk: keys, an agreement, an order, made by the real commands."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ecluse.cli import main
from ecluse.wire import documents


@dataclass
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A folder in which commands are run as a user would, relative names and all."""

    root: Path
    capture: pytest.CaptureFixture[str]
    keys: dict[str, str] = field(default_factory=dict)

    def run(self, line: str | list[str], code: int | None = 0) -> Result:
        """Run ``ecluse <line>``; ``code`` is the exit code expected (None: any)."""
        self.capture.readouterr()
        found = main(line.split() if isinstance(line, str) else line)
        printed = self.capture.readouterr()
        if code is not None:
            assert found == code, f"ecluse {line} → {found}\n{printed.out}\n{printed.err}"
        return Result(found, printed.out, printed.err)

    def key(self, name: str) -> str:
        """A signing key in ``<name>.key``; returns its public line."""
        if name not in self.keys:
            self.keys[name] = self.run(f"key new signing {name}.key --json").json()["public"]
        return self.keys[name]

    def fill(self, draft: str, changes: dict[str, Any]) -> Path:
        """Set fields of a YAML draft, by dotted path, keeping its comments out of the way."""
        path = self.root / draft
        value = documents.read(path).value
        for where, new in changes.items():
            *parents, last = where.split(".")
            holder = value
            for name in parents:
                holder = holder[int(name)] if name.isdigit() else holder[name]
            holder[last] = new
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
        return path

    def verify(self, bundle: str = "evidence.zip") -> Any:
        """Verify evidence by the keys of one who binds each party; returns the answer for programs."""
        pins = f"dr.martin {self.key('director')}\np.legoff {self.key('management')}\n"
        (self.root / "my_signers").write_text(pins, encoding="utf-8")
        return self.run(f"evidence verify {bundle} --trust my_signers --json").json()

    def agreement(self, **changes: Any) -> None:
        """A complete agreement, signed by both parties: agreement.yaml, agreement.json and signatures."""
        self.run("agreement new agreement.yaml")
        self.fill("agreement.yaml", agreement_fields(self) | changes)
        self.run("agreement sign agreement.yaml --key director.key")
        self.run("agreement sign agreement.yaml --key management.key")

    def order(self, recipient: str, **changes: Any) -> None:
        """An order like the one of design.md, in friendly forms: order.yaml."""
        self.run("order new order.yaml")
        self.fill("order.yaml", order_fields(recipient) | changes)

    def signed_order(self, recipient: str, **changes: Any) -> None:
        """The same, signed by the director."""
        self.order(recipient, **changes)
        self.run("order sign order.yaml --agreement agreement.json --key director.key")


def agreement_fields(desk: Desk) -> dict[str, Any]:
    """What the draft leaves empty, filled in by fictitious parties."""
    person = {"name": "Camille Roux", "role": "direction", "details": "camille.roux@example.org"}
    fields: dict[str, Any] = {
        "agreement": "DPA-2026-007",
        "in_force_from": "2020-01-01",
        "in_force_until": "2099-12-31",
        "hosting.expires": "2099-12-31",
    }
    for side, name in (("controller", "Laboratoire des Trois Rivières"), ("processor", "Migrations du Ponant")):
        fields |= {f"{side}.name": name, f"{side}.address": "1 quai de l'Écluse, 35000 Rennes"}
        fields |= {f"{side}.contact": person, f"{side}.dpo": person | {"role": "DPO"}}
    signers = (
        ("controller", 0, "dr.martin", "director"),
        ("processor", 0, "p.legoff", "management"),
        ("processor", 1, "agent-source", "source_agent"),
        ("processor", 2, "agent-dest", "destination_agent"),
    )
    for side, place, id_, key in signers:
        stem = f"{side}.signers.{place}"
        fields |= {f"{stem}.id": id_, f"{stem}.name": id_, f"{stem}.key": desk.key(key)}
    return fields


def order_fields(recipient: str) -> dict[str, Any]:
    """What the draft leaves empty."""
    return {
        "order": "BIO-2026-0042",
        "agreement": "DPA-2026-007",
        "controller": {"name": "Laboratoire des Trois Rivières", "finess": "750100125", "signatory": "dr.martin"},
        "source": {"system": "dxlab", "site": "RENNES", "profile": "dxlab.yaml"},
        "destination": {"system": "kalisil", "recipient": recipient},
        "scope.dates.from": "2018-01-01",
        "scope.dates.until": "2019-12-31",
        "scope.sites": ["RENNES-CENTRE", "RENNES-SUD"],
        "scope.exclude_categories": ["genetics", "hiv"],
        "retention.erase_by": "2098-12-31",
    }


_CHANGING = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:<digest>"),
    (re.compile(r"sha256:[0-9a-f]{1,63}…"), "sha256:<digest>…"),
    (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "SHA256:<fingerprint>"),
    (re.compile(r"ssh-ed25519 [A-Za-z0-9+/=]+"), "ssh-ed25519 <key>"),
    (re.compile(r"age1[02-9ac-hj-np-z]{58}"), "age1<recipient>"),
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}"), "+<key>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hash>"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\+00:00|Z)?)?"), "<time>"),
)


def stable(text: str, root: Path) -> str:
    """A printed text without what changes from run to run."""
    text = text.replace(str(root), "<desk>")
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text
