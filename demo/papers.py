"""The demonstrations' papers: a complete agreement between two parties that do not exist, and orders."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

FINESS = "750100125"


def agreement(draft: str, number: str, keys: Mapping[str, str], today: dt.date) -> str:
    """The draft that ``ecluse agreement new`` wrote, filled in. ``keys``: public keys by signer's id."""
    value: dict[str, Any] = yaml.safe_load(draft)
    until = (today + dt.timedelta(days=365)).isoformat()
    value |= {"agreement": number, "in_force_from": today.isoformat(), "in_force_until": until}
    value["hosting"]["expires"] = until
    value["controller"] = _party(
        "Laboratoire des Trois Rivières (fictif)",
        "1 quai de l'Écluse, 35000 Rennes",
        "Claire Martin",
        [("dr.martin", "Dr Claire Martin", "director", keys["dr.martin"])],
    )
    value["processor"] = _party(
        "Passage SAS (fictive)",
        "2 chemin de halage, 35000 Rennes",
        "Alain Petit",
        [
            ("a.petit", "Alain Petit", "management", keys["a.petit"]),
            ("agent-source", "agent at the source", "source_agent", keys["agent-source"]),
            ("agent-destination", "agent at the destination", "destination_agent", keys["agent-destination"]),
        ],
    )
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=110)


def _party(name: str, address: str, contact: str, signers: Sequence[tuple[str, str, str, str]]) -> dict[str, Any]:
    return {
        "name": name,
        "address": address,
        "contact": {"name": contact, "role": "direction", "details": "contact@example.org"},
        "dpo": {"name": "Dominique Duval", "role": "DPO", "details": "dpo@example.org"},
        "signers": [{"id": i, "name": n, "role": role, "key": key} for i, n, role, key in signers],
    }


DEMO_ORDER = """\
format: ecluse.order/1
order: BIO-2026-0042
version: 1
agreement: DPA-2026-007
controller: {{name: Laboratoire des Trois Rivières (fictif), finess: "{finess}", signatory: dr.martin}}
source: {{system: dxlab, site: RENNES, profile: demo-dxlab}}
destination: {{system: kalisil, recipient: {recipient}}}
purpose: migration
scope:
  dates: {{field: request.registered_on, from: 2018-01-01, until: 2019-12-31}}
  sites: [RENNES-CENTRE, RENNES-SUD]
  fields:
    patient: [source_id, family_name, given_names, birth_date, sex, nir]
    request: [source_id, registered_on, site, prescriber]
    observation: [source_id, code, raw_value, value, unit, reference_range, status]
  exclude_categories: [genetics, hiv]
  exclude_persons: persons.keyed
retention: {{erase_after_acceptance: 0d, erase_by: {erase_by}, source_disposition: controller}}
"""


def demo_order(recipient: str, today: dt.date, trace: str = "") -> str:
    """The order of the design, with its recipient and dates put in. ``trace``: the controller's key of fingerprints."""
    erase_by = (today + dt.timedelta(days=90)).isoformat()
    made = DEMO_ORDER.format(finess=FINESS, recipient=recipient, erase_by=erase_by)
    until = (today + dt.timedelta(days=5 * 365)).isoformat()
    return f"{made}trace: {{recipient: {trace}, keep_until: {until}}}\n" if trace else made


def real_order(
    recipient: str,
    today: dt.date,
    *,
    source: tuple[str, str],
    dates: tuple[str, str],
    sites: Sequence[str],
    fields: Mapping[str, Sequence[str]],
) -> str:
    """An order of ``make demo-real``; ``source`` is system and profile. Unclassifiable results are taken."""
    value = {
        "format": "ecluse.order/1",
        "order": f"BIO-2026-{source[0]}",
        "version": 1,
        "agreement": "DPA-2026-007",
        "controller": {"name": "Laboratoire des Trois Rivières (fictif)", "finess": FINESS, "signatory": "dr.martin"},
        "source": {"system": source[0], "site": "LAB", "profile": source[1]},
        "destination": {"system": "openlis", "recipient": recipient},
        "purpose": "migration",
        "scope": {
            "dates": {"field": "request.registered_on", "from": dates[0], "until": dates[1]},
            "sites": list(sites),
            "fields": {entity: list(names) for entity, names in fields.items()},
            "exclude_categories": [],
            "include_unclassifiable": True,
        },
        "retention": {
            "erase_after_acceptance": "0d",
            "erase_by": (today + dt.timedelta(days=90)).isoformat(),
            "source_disposition": "controller",
        },
    }
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
