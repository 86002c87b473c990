"""The part of the report that accounts for a source's files: every byte, and what could not be read (law 3)."""

from collections.abc import Sequence

from ecluse.control import report_words as w
from ecluse.control.markup import Markup, tag
from ecluse.control.report_tables import cell, head, table
from ecluse.control.report_words import Reader
from ecluse.domain.files import FileIntake, SetAside

HEADS = (w.FILES, w.FILE_COUNT, w.BYTES, w.RECORDS, w.MAPPED, w.UNMAPPED, w.STRUCTURE, w.UNREADABLE)
ASIDE_HEADS = (w.FILES, w.WHY, w.WHICH, w.LINE, w.BYTE, w.BYTES)


def intake_section(files: Sequence[FileIntake], reader: Reader, shown: int) -> Markup:
    """What the files held and where each byte went; the first ``shown`` records that could not be read."""
    if not files:
        return Markup("")
    rows = [
        [tag("th", name, scope="row"), *(cell(n, "n") for n in numbers)]
        for name, *numbers in intake_rows(files, reader)
    ]
    heads = [head(reader.say(words), "n" if place else "") for place, words in enumerate(HEADS)]
    parts = [
        tag("p", reader.say(w.INTAKE_SAYS)),
        table(reader.say(w.INTAKE), heads, [[tag("tr", *row) for row in rows]]),
    ]
    aside = set_aside_rows(files, reader)
    if aside:
        kinds = ["", "", "n", "n", "n", "n"]
        bodies = [[tag("tr", *(cell(*each) for each in zip(row, kinds, strict=True))) for row in aside[:shown]]]
        said = w.SHOWN if len(aside) > shown else w.ALL_SHOWN
        parts += [
            tag("h3", reader.say(w.UNREADABLE_LISTED)),
            tag(
                "p",
                reader.say(w.UNREADABLE_SAYS),
                " ",
                reader.say(said, shown=min(shown, len(aside)), total=len(aside)),
            ),
            table(
                reader.say(w.UNREADABLE_LISTED),
                [head(reader.say(each), kind) for each, kind in zip(ASIDE_HEADS, kinds, strict=True)],
                bodies,
            ),
        ]
    return tag("section", tag("h2", reader.say(w.INTAKE)), *parts)


def intake_rows(files: Sequence[FileIntake], reader: Reader) -> list[list[str]]:
    """Each declared file's account, as texts in the order of ``HEADS``."""
    return [
        [
            w.shown(each.name),
            *map(
                reader.count,
                (each.files, each.size, each.records, each.mapped, each.unmapped, each.structure, len(each.set_aside)),
            ),
        ]
        for each in files
    ]


def set_aside_rows(files: Sequence[FileIntake], reader: Reader) -> list[list[str]]:
    """Each record that could not be read, as texts in the order of ``ASIDE_HEADS``."""
    return [_aside(each.name, aside, reader) for each in files for aside in each.set_aside]


def _aside(name: str, aside: SetAside, reader: Reader) -> list[str]:
    numbers = (aside.file, aside.line, aside.byte, aside.length)
    return [w.shown(name), reader.reason(aside.reason), *map(reader.count, numbers)]
