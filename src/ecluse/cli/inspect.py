"""``ecluse inspect``."""

import datetime as dt
import json
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, language, tr
from ecluse.control.report_words import Reader, Words
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import InspectionError, UsageError
from ecluse.inspector import baseline
from ecluse.inspector.findings import FOLDER, LOGS, ORDER, SERVER, Finding, Standing, Tell, shown
from ecluse.inspector.login import Login, password_of
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.nameless import nameless
from ecluse.inspector.report_html import as_html
from ecluse.inspector.report_json import as_json, as_sarif
from ecluse.inspector.rules import RULES
from ecluse.inspector.target import Kind, Target, as_user, target_of
from ecluse.inspector.telling import SEVERITIES, SURENESS, chosen, evidence, of
from ecluse.workspace.files import write_atomic

_EVERY = 0.2
_SHOWN = 20
_FAILINGS = Words("{n} [n:failing|failings]", "{n} [n:manquement|manquements]")
_NEW = Words(
    "{n} [n:failing|failings], and {old} that [old:was|were] known",
    "{n} [n:manquement|manquements], et {old} déjà [old:connu|connus]",
)
_UNSEEN = Words(
    "{n} [n:part was|parts were] not looked at", "{n} [n:partie n'a|parties n'ont] pas été [n:regardée|regardées]"
)


@define(
    Text(
        "Look at a server, a folder or a database of your own, and say what is wrong with it: who may enter, what is "
        "in the clear, what patient data lie there, for how long; without any patient's value. Reads only, slowly, and "
        "within limits; only what you confirm to be yours. Exit code 24 when failings are found.",
        "Regarder un serveur, un dossier ou une base à vous, et dire ce qui ne va pas : qui peut entrer, ce qui est en "
        "clair, quelles données de patients s'y trouvent, depuis quand ; sans aucune valeur de patient. Ne fait que "
        "lire, lentement et dans des limites ; seulement ce que vous confirmez être à vous. Code de sortie 24 quand "
        "des manquements sont trouvés.",
    ),
    example="ecluse inspect ftp://transfer.lab.example /srv/transfer --html report.html\n"
            "ecluse inspect sftp://transfer.lab.example --mine --baseline known.json --sarif found.sarif",
)  # fmt: skip
@argument(
    "targets", nargs=-1, required=True, metavar="TARGET...",
    text=Text("ftp://, ftps://, sftp://, https:// or http:// HOST, a database's URL, or a folder; without password.",
              "ftp://, ftps://, sftp://, https:// ou http:// HÔTE, l'URL d'une base, ou un dossier ; sans mot de "
              "passe."),
)  # fmt: skip
@option("--mine", is_flag=True,
        text=Text("The targets are yours, or you are charged to look at them: do not ask.",
                  "Les cibles sont à vous, ou vous êtes chargé de les regarder : ne pas demander."))  # fmt: skip
@option("--user", default="", metavar="NAME",
        text=Text("Account to enter with, where the URL names none.",
                  "Compte pour entrer, quand l'URL n'en nomme pas."))  # fmt: skip
@option("--passfile", default=None, metavar="FILE",
        text=Text("File of passwords in libpq's format (host:port:path:user:password), mode 0600.",
                  "Fichier de mots de passe au format de libpq (hôte:port:chemin:compte:mot de passe), mode "
                  "0600."))  # fmt: skip
@option("--key", default=None, metavar="FILE",
        text=Text("Private key to enter an SFTP server with.", "Clé privée pour entrer dans un serveur SFTP."))
@option("--known-hosts", default=None, metavar="FILE",
        text=Text("Host keys (OpenSSH's known_hosts); without it, your own file's. A password goes to no other host.",
                  "Clés d'hôtes (known_hosts d'OpenSSH) ; sinon celles de votre fichier. Un mot de passe ne va à aucun "
                  "autre hôte."))  # fmt: skip
@option("--ca", default=None, metavar="FILE",
        text=Text("Certificates (PEM) to believe instead of the system's.",
                  "Certificats (PEM) à croire au lieu de ceux du système."))  # fmt: skip
@option("--log", "logs", multiple=True, type=FILE,
        text=Text("A server's log or account file (sshd, vsftpd, proftpd, xferlog, authorized_keys, passwd, "
                  "shadow, sshd_config, vsftpd.conf). May be repeated.",
                  "Journal ou fichier de comptes d'un serveur (sshd, vsftpd, proftpd, xferlog, authorized_keys, "
                  "passwd, shadow, sshd_config, vsftpd.conf). Peut être répété."))  # fmt: skip
@option("--baseline", "known_file", type=FILE, default=None,
        text=Text("Findings that are known, and fail no more.", "Constats connus, qui ne font plus échouer."))
@option("--write-baseline", type=FILE, default=None,
        text=Text("Write such a file of what is found.", "Écrire un tel fichier de ce qui est trouvé."))
@option("--html", type=FILE, default=None,
        text=Text("Write the report as a page, in the language of --lang.",
                  "Écrire le rapport en page, dans la langue de --lang."))  # fmt: skip
@option("--sarif", type=FILE, default=None,
        text=Text("Write the report as SARIF 2.1.0.", "Écrire le rapport en SARIF 2.1.0."))
@option("--hide-names", is_flag=True,
        text=Text("Show names of files, folders, tables and accounts by their shape alone (xxxx ##.csv): for a report "
                  "that others read.",
                  "Ne montrer des noms de fichiers, dossiers, tables et comptes que la forme (xxxx ##.csv) : pour un "
                  "rapport que d'autres lisent."))  # fmt: skip
@option("--fail-on", type=click.Choice([*map(str, ORDER), "nothing"]), default="low", show_default=True,
        text=Text("The least severity that makes exit code 24.",
                  "La moindre gravité qui donne le code de sortie 24."))  # fmt: skip
@option("--scanners/--no-scanners", default=True,
        text=Text("Run sslyze and ssh-audit too, where they are installed (pipx install sslyze ssh-audit). They take a "
                  "minute or two.",
                  "Lancer aussi sslyze et ssh-audit, s'ils sont installés (pipx install sslyze ssh-audit). Ils "
                  "prennent une minute ou deux."))  # fmt: skip
@option("--rate", type=click.FloatRange(min=0.1, max=100), default=SERVER.per_second, show_default=True,
        text=Text("Requests to a server, at most, each second.", "Requêtes à un serveur, au plus, par seconde."))
@option("--max-files", type=click.IntRange(min=1), default=None,
        text=Text(f"Files to open in each target; {SERVER.files} of a server unless told.",
                  f"Fichiers à ouvrir par cible ; {SERVER.files} d'un serveur si rien n'est dit."))  # fmt: skip
@option("--max-seconds", type=click.IntRange(min=1), default=None,
        text=Text(f"Seconds for each target; {SERVER.seconds:.0f} for a server unless told.",
                  f"Secondes par cible ; {SERVER.seconds:.0f} pour un serveur si rien n'est dit."))  # fmt: skip
@option("--older-than", type=click.IntRange(min=1), default=FOLDER.older_than, show_default=True, metavar="DAYS",
        text=Text("Days after which a file in a transfer folder is past its use.",
                  "Jours après lesquels un fichier d'un dossier d'échange n'a plus lieu d'être."))  # fmt: skip
def command(
    *,
    targets: tuple[str, ...],
    mine: bool,
    user: str,
    passfile: str | None,
    key: str | None,
    known_hosts: str | None,
    ca: str | None,
    logs: tuple[Path, ...],
    known_file: Path | None,
    write_baseline: Path | None,
    html: Path | None,
    sarif: Path | None,
    hide_names: bool,
    fail_on: str,
    scanners: bool,
    rate: float,
    max_files: int | None,
    max_seconds: int | None,
    older_than: int,
) -> None:
    """Inspect targets of one's own."""
    looked_at = [as_user(target_of(each), user) for each in targets]
    known = baseline.read(known_file) if known_file else frozenset[str]()
    _confirmed(looked_at, mine=mine)
    given: dict[str, float] = {"files": max_files} if max_files else {}
    given |= {"seconds": float(max_seconds)} if max_seconds else {}
    asked = Asked(
        targets=[(each, _login(each, user, passfile, key, known_hosts)) for each in looked_at],
        logs=logs,
        server_limits=replace(SERVER, per_second=rate, **given),  # type: ignore[arg-type]  # of mixed numbers
        folder_limits=replace(FOLDER, older_than=older_than, **given),  # type: ignore[arg-type]
        log_limits=replace(LOGS, **given),  # type: ignore[arg-type]
        passfile=passfile,
        ca=ca,
        scanners=scanners,
    )
    now = dt.datetime.now(dt.UTC)
    found = inspect(asked, now, _telling(hide_names=hide_names))
    names = [shown(each) for each in (*(target.name for target in looked_at), *map(str, logs))]
    if write_baseline:
        _write(write_baseline, baseline.written(found))
    if hide_names:
        found, known = nameless(found, known)
    if html:
        _write(html, as_html(found, known, names, now, language()))
    if sarif:
        _write(sarif, json.dumps(as_sarif(found, known, version("ecluse"), now, language()), indent=2) + "\n")
    _output.emit(as_json(found, known, names, now, language()))
    _show(found, known)
    _conclude(found, known, fail_on)


def _confirmed(targets: list[Target], *, mine: bool) -> None:
    """Refuse to look at what nobody has said to be his. Folders of this machine need no question."""
    asked = [shown(each.name) for each in targets if each.kind not in {Kind.FOLDER, Kind.SQLITE}]
    if mine or not asked:
        return
    listed = ", ".join(asked)
    question = tr(
        f"{listed}: are these yours, or are you charged by their owner to look at them?",
        f"{listed} : sont-ils à vous, ou leur responsable vous charge-t-il de les regarder ?",
    )
    if not sys.stdin.isatty() or not click.confirm(question, default=False, err=True):
        raise UsageError(
            tr("only targets of one's own are looked at", "on ne regarde que ce qui est à soi"),
            hint=tr("say so with --mine", "dites-le avec --mine"),
        )


def _login(target: Target, user: str, passfile: str | None, key: str | None, known_hosts: str | None) -> Login:
    name = target.user or user
    return Login(name, password_of(target, name, passfile), key, known_hosts)


def _telling(*, hide_names: bool) -> Tell:
    """Progress on one line of stderr, where somebody watches."""
    if hide_names or _output.MODE.json or _output.MODE.quiet or not sys.stderr.isatty():
        return lambda _text: None
    last = [0.0]

    def tell(text: str) -> None:
        if time.monotonic() - last[0] >= _EVERY:
            last[0] = time.monotonic()
            sys.stderr.write(f"\r\x1b[K{shown(text)[:100]}\r")
            sys.stderr.flush()

    return tell


def _write(path: Path, text: str) -> None:
    if not path.absolute().parent.is_dir():
        missing = tr("the folder of this file is missing", "le dossier de ce fichier manque")
        raise UsageError(missing, hint=shown(str(path)))
    write_atomic(path.absolute(), text.encode("utf-8", "replace"), mode=0o600)


def _show(found: list[Finding], known: frozenset[str]) -> None:
    for standing, title in (
        (Standing.FAILING, tr("Failings", "Manquements")),
        (Standing.NOTE, tr("Notes", "Remarques")),
        (Standing.UNSEEN, tr("Not looked at: nothing is said of these", "Non regardé : rien n'en est dit")),
    ):
        findings = of(found, standing)
        if findings:
            _output.say(title, style="bold")
        for rule, same in groupby(findings, key=lambda each: each.rule):
            _rule(rule, list(same), known)


def _rule(rule: str, findings: list[Finding], known: frozenset[str]) -> None:
    """A rule's title, and one line a place."""
    title, first = RULES[rule].words(language()).title, findings[0]
    graded = first.standing is Standing.FAILING
    grave = chosen(SEVERITIES[first.severity], language())
    _output.say("  " + (tr(f"{grave}: {title}", f"{grave} : {title}") if graded else title))
    for each in findings[:_SHOWN]:
        sure = "" if each.standing is Standing.UNSEEN else f" [{chosen(SURENESS[each.sureness], language())}]"
        mark = tr(" (known)", " (connu)") if each.key in known else ""
        seen = evidence(each, language())
        _output.say(f"    {each.place}{sure}{mark}" + (f"  {seen}" if seen else ""))
    if len(findings) > _SHOWN:
        more = len(findings) - _SHOWN
        tail = tr(f"… and {more} more: see --html or --json", f"… et {more} de plus : voir --html ou --json")
        _output.say(f"    {tail}")


def _conclude(found: list[Finding], known: frozenset[str], fail_on: str) -> None:
    failing = of(found, Standing.FAILING)
    counted = [each for each in failing if each.key not in known]
    unseen = len(of(found, Standing.UNSEEN))
    if unseen:
        _output.warn(_counted(_UNSEEN, n=unseen))
    grave = [each for each in counted if fail_on != "nothing" and _as_grave(each.severity, Severity(fail_on))]
    if grave:
        total, old = len(grave), len(failing) - len(counted)
        raise InspectionError(
            _counted(_NEW, n=total, old=old) if old else _counted(_FAILINGS, n=total),
            hint=tr("--html FILE says how to mend each", "--html FICHIER dit comment remédier à chacun"),
        )
    _output.say(_counted(_FAILINGS, n=len(failing)), style="bold")


def _counted(words: Words, **numbers: int) -> str:
    return Reader("fr" if language() == "fr" else "en").say(words, **numbers)


def _as_grave(severity: Severity, least: Severity) -> bool:
    return ORDER.index(severity) <= ORDER.index(least)
