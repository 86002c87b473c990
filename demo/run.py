"""``make demo``: a whole migration, with the commands that a migration engineer and a laboratory's director would type.

Everything is in ``build/demo`` (or the folder named); every person is fictional. Ends with 0 when all went as it must,
else with 1.
"""

import argparse
import datetime as dt
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from demo import papers
from demo.legacy_lis import EXCLUDED_PATIENTS, Built, build
from demo.stage import ROOT, Stage, StageError, tr

FOLDER = ROOT / "build" / "demo"
_TABLES = {"patient": "patient", "request": "demande", "observation": "resultat"}
WORKSPACE = ("-w", "migration")


def main(arguments: list[str] | None = None) -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description="A whole migration, from a legacy LIS to a verified evidence bundle.")
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="made anew (default build/demo)")
    stage = Stage(parser.parse_args(arguments).folder.resolve())
    try:
        built = legacy(stage)
        keys(stage)
        sign_agreement(stage)
        sign_order(stage)
        plan(stage)
        migrate(stage)
        look(stage, built)
        finish(stage)
        prove(stage)
        trace(stage)
    except StageError as error:
        print(f"\n{error}\n{tr('look in', 'voir')} {stage.folder}", file=sys.stderr)
        return 1
    farewell(stage)
    return 0


def legacy(stage: Stage) -> Built:
    """The two systems."""
    stage.act("A laboratory changes its information system", "Un laboratoire change de système d'information")
    built = build(stage.folder / "legacy.sqlite")
    with closing(sqlite3.connect(stage.folder / "new.sqlite")) as target, target:
        target.executescript((ROOT / "demo" / "new_lis.sql").read_text(encoding="utf-8"))
    rows = ", ".join(f"{_count(built.rows[t])} {t}" for t in ("PATIENTS", "DOSSIERS", "RESULTATS"))
    stage.say(
        f"legacy.sqlite is the old one, six years and five sites of it: {rows}.\nIt is as dirty as they come, holds "
        "free text about third persons, and its patients' portal passwords in clear.\n"
        f"Whatever must not leave is marked: {_count(built.out_marks)} markers. new.sqlite, the new one, is empty.",
        f"legacy.sqlite est l'ancien, six ans et cinq sites : {rows}.\nIl est sale comme ils le sont tous, contient du "
        "texte libre sur des tiers, et en clair les mots de passe\ndu serveur de résultats. Tout ce qui ne doit pas "
        f"sortir porte une marque : {_count(built.out_marks)} marques. new.sqlite, le nouveau, est vide.",
    )
    return built


def keys(stage: Stage) -> None:
    """One person, one key; one machine, one key."""
    stage.act("Everybody makes their own key", "Chacun fait sa clé")
    (stage.folder / "keys").mkdir(mode=0o700)
    stage.say(
        "The director's, the processor's, one for each agent (a machine). Hardware tokens do as well.",
        "Celle du directeur, celle du sous-traitant, une par agent (une machine). Un jeton matériel convient aussi.",
    )
    for name in ("dr.martin", "a.petit", "agent-source", "agent-destination"):
        stage.ecluse("key", "new", "signing", f"keys/{name}", "--name", name)
    stage.say(
        "\nThe new system's key: it alone opens the parcels. And the controller's, for persons who stay out.",
        "\nLa clé du nouveau système : elle seule ouvre les colis. Celle du responsable, pour les personnes exclues.",
    )
    stage.ecluse("key", "new", "recipient", "keys/kalisil.age")
    stage.ecluse("key", "new", "exclusion", "keys/exclusion")
    stage.say(
        "\nAnd the controller's key of fingerprints, by which a leak can be traced to this export.",
        "\nEt la clé du responsable pour les empreintes, qui permettront de remonter d'une fuite à cet export.",
    )
    stage.ecluse("key", "new", "recipient", "keys/trace.age")


def sign_agreement(stage: Stage) -> None:
    """Law 9."""
    stage.act("No contract, no migration", "Pas de contrat, pas de migration")
    stage.ecluse("agreement", "new", "agreement.yaml")
    names = ("dr.martin", "a.petit", "agent-source", "agent-destination")
    publics = {name: stage.public_key(f"keys/{name}") for name in names}
    draft = stage.folder / "agreement.yaml"
    filled = papers.agreement(draft.read_text(encoding="utf-8"), "DPA-2026-007", publics, _today())
    draft.write_text(filled, encoding="utf-8")
    stage.say(
        "(filled in: two fictitious parties, their contacts, their keys)",
        "(rempli : deux parties fictives, leurs contacts, leurs clés)",
    )
    stage.ecluse("agreement", "check", "agreement.yaml")
    stage.ecluse("agreement", "sign", "agreement.yaml", "--key", "keys/dr.martin")
    stage.ecluse("agreement", "sign", "agreement.yaml", "--key", "keys/a.petit")


def sign_order(stage: Stage) -> None:
    """The order of the design, and three persons who said no."""
    stage.act("The laboratory orders, in its own words", "Le laboratoire ordonne, avec ses mots")
    stage.say(
        "Three persons refuse that their data be moved. Their numbers (four: one has two records) are hashed with the "
        "controller's key.",
        "Trois personnes s'opposent au transfert. Leurs numéros (quatre : l'une a deux fiches) sont hachés avec la clé "
        "du responsable.",
    )
    refusals = stage.write("refusals.txt", "".join(f"{number}\n" for number in EXCLUDED_PATIENTS))
    stage.ecluse("order", "exclude-persons", "refusals.txt", "--key", "keys/exclusion", "--out", "persons.keyed")
    refusals.unlink()
    recipient, trace = (
        json.loads(stage.ecluse("key", "show", f"keys/{name}.age", "--json", quiet=True))["recipient"]
        for name in ("kalisil", "trace")
    )
    order = papers.demo_order(recipient, _today(), trace)
    stage.write("order.yaml", order)
    stage.say("\norder.yaml:", "\norder.yaml :")
    stage.show(order)
    stage.ecluse("order", "check", "order.yaml", "--agreement", "agreement.json")
    stage.ecluse("order", "show", "order.yaml", "--agreement", "agreement.json")
    stage.ecluse("order", "sign", "order.yaml", "--agreement", "agreement.json", "--key", "keys/dr.martin")


def plan(stage: Stage) -> None:
    """The profile is proved, then the plan shows the exact queries."""
    stage.act("Before anything moves: what exactly will leave", "Avant tout mouvement : ce qui va sortir, exactement")
    stage.say(
        "The profile that reads the old system is proved against it. What is found is counted, never shown.",
        "Le profil qui lit l'ancien système est prouvé sur lui. Ce qui est trouvé est compté, jamais montré.",
    )
    stage.ecluse("profile", "check", "demo-dxlab", "--source", "legacy.sqlite")
    stage.ecluse(
        "plan", *WORKSPACE, "--agreement", "agreement.json", "--order", "order.json",
        "--source", "legacy.sqlite", "--profile", "demo-dxlab", "--agent-key", "keys/agent-source",
        "--persons", "persons.keyed", "--exclusion-key", "keys/exclusion",
        "--destination", "new.sqlite", "--destination-profile", "demo-kalisil",
        "--identity", "keys/kalisil.age", "--destination-agent-key", "keys/agent-destination",
    )  # fmt: skip


def migrate(stage: Stage) -> None:
    """Extract, gate, seal, deliver, receive, open, load, read back, compare."""
    stage.act("The migration", "La migration")
    before = stage.seconds()
    stage.ecluse("run", *WORKSPACE)
    took = stage.seconds() - before
    stage.say(f"\n({took:.1f} s, whatever you stop or kill resumes)", f"\n({took:.1f} s ; tout arrêt se reprend)")


def look(stage: Stage, built: Built) -> None:
    """What this script, which knows what must be there, finds in the new system."""
    stage.act("Somebody else counts", "Quelqu'un d'autre compte")
    stage.say(
        "The script that made the old system knows what the order must yield. In new.sqlite it finds:",
        "Le script qui a fait l'ancien système sait ce que l'ordre doit donner. Dans new.sqlite il trouve :",
    )
    keys_of = {"patient": "ipp_source", "request": "numero_source", "observation": "id_source"}
    with closing(sqlite3.connect(stage.folder / "new.sqlite")) as target:
        for entity, table in _TABLES.items():
            found = {key for (key,) in target.execute(f"SELECT {keys_of[entity]} FROM {table}")}
            expected = set(built.expected[entity])
            text = tr(f"{table}: {len(found)} rows, no others", f"{table} : {len(found)} lignes, aucune autre")
            stage.check(text, holds=found == expected)
    leaked = sum(marked(path) for path in stage.folder.rglob("*") if path.is_file() and path.name != "legacy.sqlite")
    text = tr(
        "no marker of what must stay, in any file but the old system's",
        "aucune marque de ce qui devait rester, dans aucun fichier hors de l'ancien système",
    )
    stage.check(text, holds=leaked == 0)
    old = tr("as many markers as planted are in the old one", "les marques sont bien dans l'ancien")
    stage.check(old, holds=marked(stage.folder / "legacy.sqlite") >= built.out_marks)


def marked(path: Path) -> int:
    """How many markers a file holds."""
    return path.read_bytes().count(b"HORS-ORDRE-")


def finish(stage: Stage) -> None:
    """The director decides; then everything dies."""
    stage.act("The director accepts; what was made for the way is erased", "Le directeur accepte ; le reste est effacé")
    stage.say(
        "The order says erase_after_acceptance: 0d, so that acceptance erases: keys destroyed, parcels deleted, disks "
        "read again.",
        "L'ordre dit erase_after_acceptance: 0d : l'acceptation efface. Clés détruites, colis effacés, disques relus.",
    )
    stage.ecluse("accept", *WORKSPACE, "--key", "keys/dr.martin")
    left = list(stage.folder.glob("migration/**/*.age"))
    stage.check(tr("no parcel is left", "il ne reste aucun colis"), holds=not left)
    stage.ecluse("status", "migration")


def prove(stage: Stage) -> None:
    """Law 10."""
    stage.act("Prove it, to somebody who trusts nobody", "Le prouver, à quelqu'un qui ne croit personne")
    stage.ecluse("evidence", "export", "migration", "--out", "evidence.zip")
    stage.say(
        "\nThe auditor's own keys, of one who binds each party, got by telephone and not from the bundle:",
        "\nLes clés de l'auditeur, d'un signataire de chaque partie, obtenues par téléphone et non du dossier :",
    )
    signers = ("dr.martin", "a.petit")
    stage.write("allowed_signers", "".join(f"{who} {stage.public_key(f'keys/{who}')}\n" for who in signers))
    stage.ecluse("evidence", "verify", "evidence.zip", "--trust", "allowed_signers")
    stage.say(
        "\nAnd without Écluse, by the OpenSSH that every system has:",
        "\nEt sans Écluse, par l'OpenSSH que tout système possède :",
    )
    verify = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", "dr.martin", "-n", "ecluse.order"]
    stage.stock([*verify, "-s", "order.json.dr.martin.sig"], stdin="order.json")


def trace(stage: Stage) -> None:
    """R11: whose lines are these?"""
    stage.act("Later, lines turn up where they should not", "Plus tard, des lignes surgissent où il ne faut pas")
    stage.say(
        "Twenty lines of an unknown layout. All is erased; fingerprints are left, and the controller's key.",
        "Vingt lignes d'une présentation inconnue. Tout est effacé ; restent des empreintes, et la clé du responsable.",
    )
    with closing(sqlite3.connect(stage.folder / "new.sqlite")) as target:
        rows = target.execute("SELECT date_naissance_brute, prenoms, nom FROM patient ORDER BY nir LIMIT 20").fetchall()
    leak = stage.write("leak.txt", "".join("\t".join(str(each or "").lower() for each in row) + "\n" for row in rows))
    try:
        stage.ecluse("trace", "leak.txt", "--exports", "migration/source/trace", "-i", "keys/trace.age")
        stage.say(
            "\nWho is concerned, the laboratory counts at its own source, by the order it signed:",
            "\nQui est concerné, le laboratoire le compte à sa propre source, par l'ordre qu'il a signé :",
        )
        stage.ecluse(
            "affected", "order.json", "--agreement", "agreement.json", "--source", "legacy.sqlite",
            "--profile", "demo-dxlab", "--persons", "persons.keyed", "--exclusion-key", "keys/exclusion",
            "--sample", "leak.txt", "--list", "affected.age",
        )  # fmt: skip
    finally:
        leak.unlink()


def farewell(stage: Stage) -> None:
    """What to try next."""
    stage.act("What to try next", "Pour aller plus loin")
    stage.say(
        f"""Done in {stage.seconds():.0f} s; everything is in {stage.folder}; go there, and
  export PATH={ROOT}/.venv/bin:$PATH
  ecluse journal show migration              what happened, entry by entry
  ecluse evidence verify evidence.zip --trust allowed_signers   flip one bit of it first: the failing step is named
  edit order.yaml: patient.phone, or a category less: ecluse order check order.yaml --agreement agreement.json
  remove a clause from agreement.yaml: ecluse agreement check agreement.yaml
  ecluse source scan legacy.sqlite --draft draft.yaml     or your own database: no patient's value is shown
  make room                                  the control room with this data, in your browser; the first time it
                                             installs Django and what goes with it
  make demo-real                             the same on a third party's hospital, from CSV into PostgreSQL
  docs/getting-started.md                    the same, explained""",
        f"""Fait en {stage.seconds():.0f} s ; tout est dans {stage.folder} ; allez-y, et
  export PATH={ROOT}/.venv/bin:$PATH
  ecluse journal show migration              ce qui s'est passé, écriture par écriture
  ecluse evidence verify evidence.zip --trust allowed_signers   changez-y d'abord un bit : l'étape qui échoue est nommée
  modifiez order.yaml : patient.phone, une catégorie en moins : ecluse order check order.yaml --agreement agreement.json
  ôtez une clause d'agreement.yaml : ecluse agreement check agreement.yaml
  ecluse source scan legacy.sqlite --draft draft.yaml     ou votre base : aucune valeur de patient n'est montrée
  make room                                  la salle de contrôle avec ces données, dans votre navigateur ; la
                                             première fois elle installe Django et ce qui va avec
  make demo-real                             la même chose sur l'hôpital d'un tiers, de CSV à PostgreSQL
  docs/getting-started.md                    la même chose, expliquée""",
    )


def _count(number: int) -> str:
    return f"{number:,}".replace(",", tr(",", " "))


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


if __name__ == "__main__":
    raise SystemExit(main())
