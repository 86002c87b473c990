"""A small laboratory's export, its trace file, and leaked lines of it: for tests that run ``ecluse trace``."""

import datetime as dt
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from bench.persons import FULL, Persons, leaked, persons
from bench.trace import HEADER, drawn_rows, key_of

from ecluse.migration.trace_filter import write_filter
from ecluse.migration.tracing import canary_fingerprints, fingerprints
from ecluse.seal.armour import armoured
from ecluse.seal.sealing import Identity, seal

ORDER = "BIO-2026-0042"


def laboratory(place: int = 0) -> Persons:
    return persons(1_500, 30 + place, 35 + place)


def trace_file(lab: Persons, identity: Identity, **changes: Any) -> bytes:
    """Its fingerprints, sealed to that identity."""
    key = key_of(0)
    own = (fingerprints(lab.table, "patient", key), fingerprints(lab.requests, "request", key))
    header = replace(
        HEADER, order=ORDER, order_digest="sha256:" + "4" * 64, controller="Laboratoire des Trois Rivières",
        source="dxlab", destination="kalisil", recipient=Identity.generate().recipient, persons=1_500,
        keep_until=dt.date(2090, 1, 1), sealed_key=armoured(seal(key, [identity.recipient])),
    )  # fmt: skip
    planted = canary_fingerprints(b"%032d" % 0, ["patient-1", "request-1"], 3, key)
    return write_filter(np.concatenate(own), replace(header, **changes), planted)


def sample(lab: Persons, lines: int, seed: int = 1, noise: float = 0.1) -> list[tuple[str, ...]]:
    drawn = random.Random(seed)
    return leaked(drawn, drawn_rows(drawn, lab, lines), FULL, noise)


def write_sample(path: Path, rows: list[tuple[str, ...]]) -> Path:
    path.write_bytes("".join(";".join(row) + "\r\n" for row in rows).encode("cp850", "replace"))
    return path


def furnish(folder: Path, lab: Persons, **changes: Any) -> Identity:
    """``controller.key``, ``traces/a.trace`` and ``sample.csv`` of 56 lines in a folder."""
    identity = Identity.generate()
    identity.save(folder / "controller.key")
    (folder / "traces").mkdir()
    (folder / "traces" / "a.trace").write_bytes(trace_file(lab, identity, **changes))
    write_sample(folder / "sample.csv", sample(lab, 56))
    return identity
