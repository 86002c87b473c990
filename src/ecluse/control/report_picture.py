"""The picture of a migration's account: a canal lock in section, with the rows that pass each station.

Two drawings of the same: one wide, one tall for narrow screens. Numbers stand beside the water, never on it, so that
they can be read in any light; a number that is not what it should be is marked by a sign, not by colour alone.
"""

from dataclasses import dataclass
from itertools import pairwise

from ecluse.control.markup import Markup, joined, tag
from ecluse.control.report_sums import Account
from ecluse.control.report_words import (
    BASIN,
    CHAMBER,
    EMPTIED,
    IN_CHAMBER,
    NEW,
    NOTHING_ASIDE,
    OLD,
    STAGES,
    STAYS_OUT,
    Reader,
    shown,
)
from ecluse.domain.records import Stage

_LONGEST = 26


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn. ``erased`` is the number of parcels erased at both places; None while they are still there."""

    account: Account
    old: str
    new: str
    erased: int | None


def picture(scene: Scene, reader: Reader) -> Markup:
    """Both drawings; style sheets show the one that fits."""
    return joined([_wide(scene, reader), _tall(scene, reader)])


def _svg(kind: str, box: str, scene: Scene, reader: Reader, *parts: Markup) -> Markup:
    rows = scene.account.total.rows
    told = ", ".join(f"{reader.say(words)} {reader.count(rows[stage])}" for stage, words in STAGES.items())
    return tag(
        "svg", tag("title", told), *parts,
        class_=kind, viewBox=box, role="img", aria_label=told,
    )  # fmt: skip


def _rect(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    return tag("rect", class_=kind, x=x, y=y, width=width, height=height)


def _text(x: float, y: float, words: str, *, kind: str = "", size: int = 15, anchor: str = "middle") -> Markup:
    return tag("text", words, x=x, y=y, class_=kind or None, font_size=size, text_anchor=anchor)


def _water(x: float, y: float, width: float, bed: float) -> Markup:
    crest = f"M{x} {y}" + "".join(f"q{width / 16} -3 {width / 8} 0t{width / 8} 0" for _ in range(4))
    return joined([_rect("water", x, y, width, bed - y), tag("path", d=crest, class_="surface")])


def _arrow(x: float, y: float, length: float, *, down: bool = False) -> Markup:
    if down:
        line = tag("path", d=f"M{x} {y}v{length}", class_="flow")
        return joined([line, tag("path", d=f"M{x - 4} {y + length - 1}l4 7 4 -7z", class_="tip")])
    line = tag("path", d=f"M{x} {y}h{length}", class_="flow")
    return joined([line, tag("path", d=f"M{x + length - 1} {y - 4}l7 4 -7 4z", class_="tip")])


def _number(scene: Scene, reader: Reader, stage: Stage, at: tuple[float, float], anchor: str = "middle") -> Markup:
    (x, y), line = at, scene.account.total
    wrong = line.wrong(stage)
    number, mark = reader.count(line.rows[stage]), " wrong" if wrong else ""
    side = 13 if anchor == "start" else 0
    return joined(
        [
            _text(x, y, reader.say(STAGES[stage]), kind="small", size=14, anchor=anchor),
            _text(x, y + 25, f"≠ {number}" if wrong else number, kind=f"large{mark}", size=22, anchor=anchor),
            *([_text(x + side, y + 42, reader.say(STAYS_OUT), kind="wrong", size=12, anchor=anchor)] if wrong else []),
        ]
    )


def _boat(x: float, y: float, parcels: int) -> Markup:
    """A barge with parcels; five stand for all."""
    boxes = [_rect("load", x - 38 + 16 * n, y - 15, 13, 13) for n in range(min(parcels, 5))]
    return joined([*boxes, tag("path", d=f"M{x - 52} {y - 2}h104l-11 15h-82z", class_="hull")])


def _name(text: str) -> str:
    known = shown(text)
    return known if len(known) <= _LONGEST else f"{known[: _LONGEST - 1]}…"


def _chamber_says(scene: Scene, reader: Reader) -> str:
    if scene.erased is not None:
        return reader.say(EMPTIED, count=scene.erased)
    return reader.say(IN_CHAMBER, count=scene.account.parcels)


def _aside_says(scene: Scene, reader: Reader) -> str:
    aside = scene.account.total.rows[Stage.QUARANTINED]
    return reader.say(BASIN, count=aside) if aside else reader.say(NOTHING_ASIDE)


def _basin(x: float, y: float, width: float, rows: int) -> list[Markup]:
    """The side basin: a culvert from the chamber's floor, water in it only where rows were set aside."""
    height = 46
    walls = [_rect("stone", x - 6, y, 6, height + 6), _rect("stone", x + width, y, 6, height + 6)]
    floor = _rect("stone", x - 6, y + height, width + 12, 6)
    return [*([_water(x, y + 16, width, y + height)] if rows else []), *walls, floor]


def _wide(scene: Scene, reader: Reader) -> Markup:
    emptied = scene.erased is not None
    level = 262 if emptied else 196
    rows = scene.account.total.rows
    aside = "" if rows[Stage.QUARANTINED] else "small"
    parts = [
        _text(150, 22, f"{reader.say(OLD)} · {_name(scene.old)}", kind="small", size=14),
        _text(480, 22, reader.say(CHAMBER), kind="small", size=14),
        _text(810, 22, f"{reader.say(NEW)} · {_name(scene.new)}", kind="small", size=14),
        *(_number(scene, reader, stage, (x, 62)) for stage, x in zip(_STATIONS, _ACROSS, strict=True)),
        *_road(scene, reader),
        _water(0, 150, 318, 252),
        _rect("stone", 0, 252, 318, 10),
        _water(340, level, 280, 290),
        _rect("stone", 312, 290, 336, 10),
        _rect("stone", 312, 262, 10, 38),
        _water(642, 226, 318, 290),
        _rect("stone", 648, 290, 312, 10),
        _rect("gate", 318, 122, 22, 168),
        _rect("gate", 620, 122, 22, 168),
        _rect("gate", 306, 116, 46, 8),
        _rect("gate", 608, 116, 46, 8),
        *([] if emptied else [_boat(480, level - 12, scene.account.parcels)]),
        _text(480, level - 14 if emptied else 156, _chamber_says(scene, reader), kind="small", size=14),
        _rect("stone", 464, 300, 5, 24),
        _rect("stone", 491, 300, 5, 24),
        *([tag("rect", class_="water", x=469, y=290, width=22, height=50)] if rows[Stage.QUARANTINED] else []),
        *_basin(400, 324, 160, rows[Stage.QUARANTINED]),
        _text(582, 358, _aside_says(scene, reader), kind=aside, anchor="start"),
    ]
    return _svg("wide", "0 0 960 384", scene, reader, *parts)


def _road(scene: Scene, reader: Reader) -> list[Markup]:
    """Arrows from number to number, as long as the numbers leave room."""
    line = scene.account.total
    halves = [6.8 * (len(reader.count(line.rows[stage])) + 2 * line.wrong(stage)) + 10 for stage in _STATIONS]
    ends = [
        (left + half, right - next_half)
        for (left, right), half, next_half in zip(pairwise(_ACROSS), halves, halves[1:], strict=False)
    ]
    return [_arrow(round(start), 80, round(end - start) - 6) for start, end in ends if end - start > _LEAST_ARROW]


_LEAST_ARROW = 16
_ACROSS = (75, 225, 410, 550, 735, 885)
_STATIONS = (Stage.PLANNED, Stage.EXTRACTED, Stage.SEALED, Stage.OPENED, Stage.LOADED, Stage.READ_BACK)


def _tall(scene: Scene, reader: Reader) -> Markup:
    """Seen from above: the water runs down the left, the numbers stand to its right."""
    emptied = scene.erased is not None
    aside = "" if scene.account.total.rows[Stage.QUARANTINED] else "small"
    tops = dict(zip(_STATIONS, (58, 118, 214, 274, 396, 456), strict=True))
    parts = [
        _rect("stone", 14, 20, 8, 490),
        _rect("stone", 86, 20, 8, 490),
        _rect("water", 22, 20, 64, 140),
        *([] if emptied else [_rect("water", 22, 174, 64, 170)]),
        _rect("water", 22, 358, 64, 152),
        _rect("gate", 6, 160, 96, 14),
        _rect("gate", 6, 344, 96, 14),
        _arrow(54, 44, 92, down=True),
        *([] if emptied else [tag("g", _boat(0, 0, scene.account.parcels), transform="translate(54 262) scale(.55)")]),
        _arrow(54, 384, 96, down=True),
        _text(116, 32, f"{reader.say(OLD)} · {_name(scene.old)}", kind="small", size=13, anchor="start"),
        _text(
            116, 187, f"{reader.say(CHAMBER)} · {_chamber_says(scene, reader)}", kind="small", size=13, anchor="start"
        ),
        _text(116, 370, f"{reader.say(NEW)} · {_name(scene.new)}", kind="small", size=13, anchor="start"),
        *(_number(scene, reader, stage, (116, top), "start") for stage, top in tops.items()),
        _text(116, 336, _aside_says(scene, reader), kind=aside, size=14, anchor="start"),
    ]
    return _svg("tall", "0 0 360 524", scene, reader, *parts)
