"""What an order takes beside what it leaves, and what was counted for it: pictures for the screens."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecluse.control.report_words import Reader
from ecluse.domain.catalogue import CATALOGUE, KEY, Entity, Field, FieldClass, closure
from ecluse.domain.estimate import Estimate
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.portal.words import Text, language


@dataclass(frozen=True, slots=True)
class Box:
    """One field as a box to tick. ``name``: ``entity.field``."""

    name: str
    words: Text
    category: Text | None
    on: bool
    key: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of one class of an entity, with the reason why the class is sensitive."""

    words: Text
    why: Text
    boxes: tuple[Box, ...]
    orderable: bool

    @property
    def count(self) -> int:
        """How many are ticked."""
        return sum(box.on for box in self.boxes)


@dataclass(frozen=True, slots=True)
class Block:
    """One entity: its groups, and the references that go along."""

    name: str
    words: Text
    groups: tuple[Group, ...]
    links: tuple[Text, ...]

    @property
    def taken(self) -> tuple[Box, ...]:
        """What leaves."""
        return tuple(box for group in self.groups for box in group.boxes if box.on)

    @property
    def left(self) -> tuple[Box, ...]:
        """What stays, of what could be ordered."""
        return tuple(box for group in self.groups if group.orderable for box in group.boxes if not box.on)

    @property
    def secrets(self) -> tuple[Box, ...]:
        """What no order can name."""
        return tuple(box for group in self.groups if not group.orderable for box in group.boxes)


def blocks(fields: Mapping[str, Sequence[str]]) -> tuple[Block, ...]:
    """The whole catalogue with what an order names ticked."""
    known = {entity.name: fields.get(entity.name, ()) for entity in CATALOGUE}
    carried = closure({name: names for name, names in known.items() if names})
    return tuple(_block(entity, frozenset(known[entity.name]), carried.get(entity.name, ())) for entity in CATALOGUE)


def _block(entity: Entity, on: frozenset[str], carried: Iterable[str]) -> Block:
    by_class: dict[FieldClass, list[Field]] = {}
    for field in entity.fields:
        by_class.setdefault(field.kind, []).append(field)
    groups = tuple(
        Group(
            Text(kind.en, kind.fr),
            Text(kind.en_why, kind.fr_why),
            tuple(_box(field, on) for field in found),
            kind is not FieldClass.SECRET,
        )
        for kind, found in by_class.items()
    )
    links = tuple(Text(link.en, link.fr) for link in entity.links if link.field in set(carried) - on)
    return Block(entity.name, Text(entity.en, entity.fr), groups, links)


def _box(field: Field, on: frozenset[str]) -> Box:
    category = Text(field.category.en, field.category.fr) if field.category else None
    return Box(str(field), Text(field.en, field.fr), category, field.name in on, field.name == KEY)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a small plot: its words, its number, and its length in hundredths of the longest."""

    words: str
    rows: int
    length: int
    taken: bool = True

    @property
    def shown(self) -> str:
        """The number as the reader writes it."""
        return Reader(language()).count(self.rows)


@dataclass(frozen=True, slots=True)
class Counted:
    """An estimate as plots."""

    total: str
    by_entity: tuple[Bar, ...]
    by_year: tuple[Bar, ...]
    by_site: tuple[Bar, ...]
    by_category: tuple[Bar, ...]


def counted(estimate: Estimate) -> Counted:
    """Rows by entity, year, site and category."""
    reader = Reader(language())
    entities, years, sites = Counter[str](), Counter[int | None](), Counter[str | None]()
    for each in estimate.rows:
        entities[each.entity] += each.rows
        years[each.year] += each.rows
        sites[each.site] += each.rows
    untold = str(Text("not said", "non précisé"))
    dated = sorted(years.items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
    named = sorted(sites.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
    categories = [(_category(each.category), each.rows, each.taken) for each in estimate.categories]
    return Counted(
        reader.count(entities.total()),
        _bars((reader.entity(name), rows, True) for name, rows in entities.items()),
        _bars((str(year) if year is not None else untold, rows, True) for year, rows in dated),
        _bars((site if site is not None else untold, rows, True) for site, rows in named),
        _bars(categories),
    )


def _category(category: SensitiveCategory | None) -> str:
    if category is None:
        return str(Text("results that no list can sort", "résultats qu'aucune liste ne classe"))
    return str(Text(category.en, category.fr))


def _bars(found: Iterable[tuple[str, int, bool]]) -> tuple[Bar, ...]:
    held = list(found)
    most = max((rows for _, rows, _ in held), default=0) or 1
    return tuple(Bar(words, rows, round(rows * 100 / most), taken) for words, rows, taken in held)
