"""``make room``: the control room, furnished: two organisations, and the demo's migration by real agents.

Everybody in it is fictional. What they did was done by the room's own acts and by ``ecluse agent``; agreement and order
were signed by passkeys in software, which then are gone. Whoever opens the room takes a person over by a one-time link,
and enrols a passkey of their own: no account has a password.
"""

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo import run
from demo.stage import ROOT, Stage, StageError, tr

if TYPE_CHECKING:
    from demo.room_people import Demo
    from ecluse.store.models import OrderVersion

FOLDER = ROOT / "build" / "demo-room"
LAB, VENDOR = "Laboratoire des Trois Rivières (fictif)", "Passage SAS (fictive)"
AGREEMENT = "DPA-2026-007"
_MOST_PASSES = 8


def main(arguments: list[str] | None = None) -> int:
    """Make the room anew, print a link for each person, and serve until stopped."""
    parser = argparse.ArgumentParser(description="The control room with the demo's data.")
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="made anew (default build/demo-room)")
    parser.add_argument("--demo", type=Path, default=run.FOLDER, help="what make demo left (default build/demo)")
    parser.add_argument("--port", type=int, default=8443)
    given = parser.parse_args(arguments)
    if find_spec("django") is None or find_spec("granian") is None:
        print(tr("the control room's packages are missing: make room", "il manque les paquets de la salle : make room"))
        return 1
    try:
        _check_free(given.port)
        if not (given.demo / "persons.keyed").is_file() and run.main([str(given.demo)]):
            return 1
        stage = Stage(given.folder.resolve())
        (stage.folder / "demo").symlink_to(given.demo.resolve())
        origin = f"http://localhost:{given.port}"
        found = _founded(stage, origin)
        with _serving(stage, given.port, origin) as server:
            _furnish(stage, found, origin)
            _tell(found, origin)
            server.wait()
    except StageError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise StageError(tr(f"port {port} is taken: --port", f"le port {port} est pris : --port")) from None


def _founded(stage: Stage, origin: str) -> "Demo":
    """The room's folder and its people; the new system, empty, and the key that opens the parcels."""
    from ecluse.portal.home import prepare  # noqa: PLC0415 - needs the portal's packages

    home = stage.folder / "home"
    prepare(home)
    os.environ |= {"ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": origin}
    from ecluse.portal.__main__ import set_up  # noqa: PLC0415

    set_up()
    from demo.room_people import furnish  # noqa: PLC0415 - Django is ready only now

    with closing(sqlite3.connect(stage.folder / "new.sqlite")) as target, target:
        target.executescript((ROOT / "demo" / "new_lis.sql").read_text(encoding="utf-8"))
    (stage.folder / "keys").mkdir(mode=0o700)
    stage.hush = True
    for name in ("agent-source", "agent-destination"):
        stage.ecluse("key", "new", "signing", f"keys/{name}", "--name", name)
    stage.ecluse("key", "new", "recipient", "keys/kalisil.age")
    stage.hush = False
    stage.act("A laboratory and a vendor, and their people", "Un laboratoire, un éditeur, et leurs personnes")
    return furnish(LAB, VENDOR)


@contextmanager
def _serving(stage: Stage, port: int, origin: str) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "ecluse", "serve", "--home", str(stage.folder / "home")]
    command += ["--listen", f"127.0.0.1:{port}", "--origin", origin]
    place = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))}
    with (
        (stage.folder / "serve.log").open("wb") as log,
        subprocess.Popen(command, env=place, stdout=log, stderr=log) as server,
    ):
        try:
            _wait(server, port)
            yield server
        finally:
            server.send_signal(signal.SIGTERM)


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise StageError(tr("the room does not open", "la salle n'ouvre pas"))


def _furnish(stage: Stage, found: "Demo", origin: str) -> None:
    """Agents, agreement, order, migration: up to the certificates of erasure."""
    stage.act("Two agents are enrolled, each with a key of its own", "Deux agents sont enrôlés, chacun avec sa clé")
    _enrol(stage, found, origin)
    stage.act("An agreement, signed by both parties", "Un contrat, signé par les deux parties")
    _agree(stage, found, origin)
    stage.act("An order: counted by the source's agent, then approved",
              "Un ordre : compté par l'agent de la source, puis approuvé")  # fmt: skip
    version = _order(stage, found, origin)
    stage.act("The agents carry it out; the director accepts; everything made for the way is erased",
              "Les agents l'exécutent ; la directrice accepte ; tout ce qui a servi à la route est effacé")  # fmt: skip
    _carry_out(stage, found, version, origin)


def _enrol(stage: Stage, found: "Demo", origin: str) -> None:
    from ecluse.domain.permissions import Role, Side  # noqa: PLC0415
    from ecluse.store.acts import agents  # noqa: PLC0415
    from ecluse.workspace.place import Place  # noqa: PLC0415

    engineer = found.person(Side.PROCESSOR, Role.ENGINEER)
    for place in Place:
        code = agents.invite(engineer.handle, found.vendor, place, f"agent-{place}", owner=engineer)
        stage.ecluse("agent", "enrol", origin, code, "-w", f"at-{place}", "--key", f"keys/agent-{place}")


def _agree(stage: Stage, found: "Demo", origin: str) -> None:
    """The demo's agreement, with the signers that the room knows; kept as files too, for the agents' owner."""
    from ecluse.domain.permissions import Role, Side  # noqa: PLC0415
    from ecluse.store.acts import agreements  # noqa: PLC0415
    from ecluse.store.reads.signers import candidates  # noqa: PLC0415
    from ecluse.wire.artefacts import encode  # noqa: PLC0415

    text = _read(stage, "agreement.json")
    for side, organisation in (("controller", found.lab), ("processor", found.vendor)):
        text[side]["signers"] = [
            {"id": each.id, "name": each.name, "role": str(each.role), "key": each.key}
            for each in candidates(organisation)
        ]
    directors = [found.person(side, Role.DIRECTOR) for side in Side]
    version = agreements.draft(
        directors[0].handle, AGREEMENT, found.lab, found.vendor, text, by=directors[0]
    )  # fmt: skip
    made = agreements.freeze(directors[0].handle, version)
    stage.write("agreement.json", encode(made).decode())
    for who in directors:
        armour = found.sign(made, who, origin)
        agreements.sign(who.handle, version, who.handle, armour)
        stage.write(f"agreement.json.{who.handle}.sig", armour.decode())


def _order(stage: Stage, found: "Demo", origin: str) -> "OrderVersion":
    from ecluse.domain.permissions import Role, Side  # noqa: PLC0415
    from ecluse.store.acts import orders  # noqa: PLC0415
    from ecluse.store.models import AgreementVersion  # noqa: PLC0415

    director = found.person(Side.CONTROLLER, Role.DIRECTOR)
    text = _read(stage, "order.json")
    text["controller"]["signatory"] = director.handle
    shown = json.loads(stage.ecluse("key", "show", "keys/kalisil.age", "--json", quiet=True))
    text["destination"]["recipient"] = shown["recipient"]
    agreement = AgreementVersion.objects.get()
    version = orders.draft(director.handle, text["order"], agreement, text, by=director)
    # A second one is left as a draft, counted, for whoever opens the room to go on with.
    further = text | {"order": "BIO-2026-0043", "scope": text["scope"] | {"sites": ["RENNES-NORD"]}}
    drafted = orders.draft(director.handle, further["order"], agreement, further, by=director)
    for each in (version, drafted):
        orders.ask_estimate(director.handle, each)
    _pass(stage, "source")
    version.refresh_from_db()
    made = orders.freeze(director.handle, version)
    orders.approve(director.handle, version, director.handle, found.sign(made, director, origin))
    return version


def _carry_out(stage: Stage, found: "Demo", version: "OrderVersion", origin: str) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from ecluse.domain.lifecycle import State  # noqa: PLC0415
    from ecluse.domain.permissions import Role, Side  # noqa: PLC0415
    from ecluse.domain.records import Decision  # noqa: PLC0415
    from ecluse.store.acts import decisions  # noqa: PLC0415
    from ecluse.store.models import Migration  # noqa: PLC0415

    director = found.person(Side.CONTROLLER, Role.DIRECTOR)
    migration, decided = Migration.objects.get(order=version), False
    for turn in range(_MOST_PASSES):
        _pass(stage, ("source", "destination")[turn % 2])
        migration.refresh_from_db()
        if migration.state == State.ERASED:
            break
        if migration.state == State.RECONCILED and not decided:
            made = decisions.acceptance_of(migration, Decision.ACCEPTED, "", director, timezone.now())
            decisions.decide(director.handle, migration, made, found.sign(made, director, origin))
            decided = True
    stage.check(tr("erased at both places", "effacé aux deux endroits"), holds=migration.state == State.ERASED)


def _pass(stage: Stage, place: str) -> None:
    """One pass of an agent, as its owner runs it."""
    options = {
        "source": ("--source", "demo/legacy.sqlite", "--profile", "demo-dxlab", "--persons", "demo/persons.keyed",
                   "--exclusion-key", "demo/keys/exclusion"),
        "destination": ("--destination", "new.sqlite", "--destination-profile", "demo-kalisil",
                        "--identity", "keys/kalisil.age"),
    }  # fmt: skip
    stage.ecluse(
        "agent", "run", "--once", "-w", f"at-{place}", "--agreement", "agreement.json", "--mailbox", "exchange",
        *options[place],
    )  # fmt: skip


def _read(stage: Stage, name: str) -> dict[str, Any]:
    return dict(json.loads((stage.folder / "demo" / name).read_text(encoding="utf-8")))


def _tell(found: "Demo", origin: str) -> None:
    from demo.room_people import links  # noqa: PLC0415

    print(tr(
        f"\nThe room is open at {origin}. Follow one link in each browser profile: it works once, asks for the address "
        "beside it,\nand lets you enrol a passkey of your own. Ctrl-C closes the room; make room makes it anew.\n",
        f"\nLa salle est ouverte : {origin}. Suivez un lien par profil de navigateur : il sert une fois, demande "
        "l'adresse à côté,\net vous fait enregistrer votre propre clé d'accès. Ctrl-C ferme la salle ; make room la "
        "refait.\n",
    ))  # fmt: skip
    for who, means, link in links(found, origin):
        print(f"{who}\n  {means}\n  {link}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
