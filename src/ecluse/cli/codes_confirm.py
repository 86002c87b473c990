"""``ecluse codes confirm``."""

import datetime as dt
import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, tr
from ecluse.domain.categories import is_loinc
from ecluse.domain.codemap import CodeEntry, CodeMap, UnitEntry
from ecluse.domain.errors import UsageError
from ecluse.mapping.mapfile import read_map, render
from ecluse.mapping.suggest import decide_code, decide_unit
from ecluse.wire.artefacts import utc
from ecluse.workspace.files import write_atomic

_UCUM = re.compile(r"[!-~]{2,100}")
_KEEP_OPEN, _UNMAPPED, _STOP = "", "-", "q"


@define(
    Text(
        "Decide on the proposals, one by one. In a terminal, shows each undecided code with its units, where its "
        "numbers lie and its candidates, those of most results first, and writes who decided and when after each "
        "answer. Without a terminal, takes the decisions from --accept, --accept-unit and --leave. A decision has no "
        "effect until codes export has written it into a profile.",
        "Décider des propositions, une à une. Dans un terminal, montre chaque code à décider avec ses unités, son "
        "ordre de grandeur et ses candidats, les plus fréquents d'abord, et écrit après chaque réponse qui a décidé et "
        "quand. Sans terminal, prend les décisions de --accept, --accept-unit et --leave. Une décision n'a d'effet "
        "qu'une fois écrite dans un profil par codes export.",
    ),
    example="""
ecluse codes confirm codes.yaml --by 'Dr Martin'
ecluse codes confirm codes.yaml --by 'Dr Martin' --accept GLY=2345-7 --accept-unit 'UI/L=[IU]/L' --leave ZDIV
""",
)
@argument("map", type=FILE, text=Text("Map made by codes suggest.", "Table faite par codes suggest."))
@option("--by", required=True, text=Text("Who decides.", "Qui décide."))
@option("--accept", multiple=True, metavar="CODE=LOINC",
        text=Text("This local code is that LOINC code.", "Ce code local est ce code LOINC."))  # fmt: skip
@option("--accept-unit", multiple=True, metavar="UNIT=UCUM",
        text=Text("This unit text is that UCUM unit.", "Cette unité est cette unité UCUM."))  # fmt: skip
@option("--leave", multiple=True, metavar="CODE",
        text=Text("This local code stays unmapped, on purpose.",
                  "Ce code local reste sans traduction, exprès."))  # fmt: skip
@option("--note", default="", text=Text("A remark written beside the decisions.",
                                        "Une remarque écrite à côté des décisions."))  # fmt: skip
def command(
    *,
    map: Path,  # noqa: A002 - the argument's name on the command line
    by: str,
    accept: tuple[str, ...],
    accept_unit: tuple[str, ...],
    leave: tuple[str, ...],
    note: str,
) -> None:
    """Decide."""
    if not by.strip():
        raise UsageError(tr("--by is a person's name", "--by est le nom d'une personne"))
    read = read_map(map)
    if accept or accept_unit or leave:
        decided = _given(read, accept, accept_unit, leave, by=by, note=note)
        write_atomic(map, render(decided).encode(), mode=0o644)
        _done(map, decided, len(accept) + len(accept_unit) + len(leave))
        return
    if not sys.stdin.isatty():
        raise UsageError(
            tr("there is no terminal to ask in", "il n'y a pas de terminal où demander"), hint="--accept CODE=LOINC"
        )
    _done(map, *_asked(map, read, by, note))


def _now() -> dt.datetime:
    return utc(dt.datetime.now(dt.UTC))


def _given(
    map_: CodeMap, accept: tuple[str, ...], units: tuple[str, ...], leave: tuple[str, ...], *, by: str, note: str
) -> CodeMap:
    at = _now()
    entries = {entry.code: entry for entry in map_.codes}
    for text in accept:
        code, loinc = _split(text, "--accept")
        map_ = decide_code(map_, code, loinc, by=by, at=at, note=note)
        if loinc not in {each.loinc for each in entries[code].candidates}:
            _output.warn(tr(f"{code}: {loinc} is not among its candidates", f"{code} : {loinc} n'est pas un candidat"))
    for text in units:
        unit, ucum = _split(text, "--accept-unit")
        map_ = decide_unit(map_, unit, ucum, by=by, at=at, note=note)
    for code in leave:
        map_ = decide_code(map_, code, "", by=by, at=at, note=note)
    return map_


def _split(text: str, name: str) -> tuple[str, str]:
    left, _equals, right = text.rpartition("=")
    if not left or not right:
        raise UsageError(tr(f"{name} takes LEFT=RIGHT", f"{name} s'écrit GAUCHE=DROITE"))
    return left, right


def _asked(path: Path, map_: CodeMap, by: str, note: str) -> tuple[CodeMap, int]:
    """One question after the other; each answer is on disk before the next question."""
    made = 0
    entries: list[CodeEntry | UnitEntry] = [*map_.codes, *map_.units]
    for entry in entries:
        if entry.decision is not None:
            continue
        said = _answer_code(entry) if isinstance(entry, CodeEntry) else _answer_unit(entry)
        if said == _STOP:
            break
        if said == _KEEP_OPEN:
            continue
        chosen = "" if said == _UNMAPPED else said
        if isinstance(entry, CodeEntry):
            map_ = decide_code(map_, entry.code, chosen, by=by, at=_now(), note=note)
        else:
            map_ = decide_unit(map_, entry.unit, chosen, by=by, at=_now(), note=note)
        write_atomic(path, render(map_).encode(), mode=0o644)
        made += 1
    return map_, made


def _answer_code(entry: CodeEntry) -> str:
    _show_code(entry)
    return _answer([each.loinc for each in entry.candidates], is_loinc)


def _answer_unit(entry: UnitEntry) -> str:
    _show_unit(entry)
    return _answer([each.ucum for each in entry.candidates], lambda text: _UCUM.fullmatch(text) is not None)


def _answer(choices: list[str], other: Callable[[str], bool]) -> str:
    question = tr("number, another code, '-' stays unmapped, Enter later, 'q' stop",
                  "numéro, un autre code, « - » sans traduction, Entrée plus tard, « q » arrêter")  # fmt: skip
    while True:
        text = click.prompt(question, default="", show_default=False).strip()
        if text in {_KEEP_OPEN, _UNMAPPED, _STOP}:
            return text
        if text.isascii() and text.isdigit():
            if 1 <= int(text) <= len(choices):
                return choices[int(text) - 1]
        elif other(text):
            return text
        _output.say(tr("this is none of them", "ce n'est rien de tout cela"))


def _show_code(entry: CodeEntry) -> None:
    units = ", ".join(f"{each.unit} ({_output.count(each.rows)})" for each in entry.units)
    told = "  ".join(part for part in (entry.label, entry.specimen, units, entry.values) if part)
    rows = [
        (str(place), each.loinc, str(each.score), each.name, "; ".join(each.because))
        for place, each in enumerate(entry.candidates, 1)
    ]
    head = ("", "LOINC", tr("score", "note"), tr("name", "nom"), tr("because", "parce que"))
    _output.table(f"{entry.code} ({_output.count(entry.rows)})  {told}", head, rows, right=(2,))


def _show_unit(entry: UnitEntry) -> None:
    rows = [(str(place), each.ucum, each.because) for place, each in enumerate(entry.candidates, 1)]
    _output.table(f"{entry.unit} ({_output.count(entry.rows)})", ("", "UCUM", tr("because", "parce que")), rows)


def _done(path: Path, map_: CodeMap, made: int) -> None:
    left = sum(code.decision is None for code in map_.codes) + sum(unit.decision is None for unit in map_.units)
    _output.emit({"map": str(path), "decided": made, "undecided": left})
    _output.say(
        tr(f"{path}: {made} decided now, {left} undecided; then: ecluse codes export {path} --profile P -o NEW",
           f"{path} : {made} décidés à l'instant, {left} à décider ; puis : ecluse codes export {path} --profile P "
           "-o NOUVEAU"),
        style="bold",
    )  # fmt: skip
