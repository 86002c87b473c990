"""A loading process that kills itself, with SIGKILL, before its n-th effect."""

import os
import signal
from collections.abc import Callable
from typing import Any

from destination_benches import ORDER, SCHEMAS, batch, observations, patients
from ecluse.adapters.destinations import DestinationSpec, mysql, open_destination, postgresql, sqlite
from ecluse.domain.profile import DestinationProfile, Engine

ROWS = {"patient": patients(30), "observation": observations(50)}
BATCHES = [batch(f"{name}-{i}", name, rows.slice(10 * i, 10)) for name, rows in ROWS.items() for i in range(3)]
BATCHES += [batch("observation-3", "observation", ROWS["observation"].slice(30))]
ENTITIES = {name: SCHEMAS[name] for name in ROWS}


_IMPORTED_ONCE = (mysql, postgresql, sqlite)  # by the fork server, for all victims


class _Fuse:
    def __init__(self, effects: int) -> None:
        self.left = effects

    def before(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def burning(*args: Any, **named: Any) -> Any:
            if not (args and isinstance(args[0], str) and args[0].lstrip().upper().startswith("SELECT")):
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.left -= 1
            return effect(*args, **named)

        return burning


def steps(destination: Any, step: str) -> None:
    match step:
        case "prepare":
            destination.prepare(ORDER, ENTITIES)
        case "stage":
            for one in BATCHES:
                destination.stage(ORDER, one)
        case "publish":
            destination.publish(ORDER)
        case "finish":
            destination.finish(ORDER)


def victim(engine: Engine, url: str, profile: DestinationProfile, step: str, effects: int) -> None:
    destination: Any = open_destination(DestinationSpec(engine, url, profile))
    fuse = _Fuse(effects)
    for name in ("_run", "_load", "_claim"):
        setattr(destination, name, fuse.before(getattr(destination, name)))
    if engine is Engine.MYSQL:
        destination._connection.commit = fuse.before(destination._connection.commit)
    steps(destination, step)
    if fuse.left == 0:  # after the last effect, before anybody is told
        os.kill(os.getpid(), signal.SIGKILL)


def victim_by_clock(engine: Engine, url: str, profile: DestinationProfile, rows: int, speaker: Any) -> None:
    destination = open_destination(DestinationSpec(engine, url, profile))
    long = batch("long", "patient", patients(rows))
    speaker.send("about to load")
    destination.stage(ORDER, long)
    destination.publish(ORDER)
