"""The grammar of the catalogue: classes, types, fields, links, entities. The words are in ``catalogue_*``.

HL7 references are to version 2.5 (``PID-7``). HPRIM Santé references count the segment's name as field 1, as
its public parsers do (domain.md section 4): ``P-8`` is the birth date.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property

from ecluse.domain.errors import OrderError
from ecluse.domain.sensitive import SensitiveCategory

KEY = "source_id"


class FieldClass(StrEnum):
    """What kind of thing a field tells about a person (R13: each class is off unless ordered)."""

    IDENTITY = "identity"
    NATIONAL_IDENTIFIER = "national_identifier"
    CONTACT = "contact"
    ADMINISTRATIVE = "administrative"
    THIRD_PARTY = "third_party"
    EXAMINATION = "examination"
    FREE_TEXT = "free_text"
    DOCUMENT = "document"
    SECRET = "secret"  # noqa: S105 - the name of a class, not a secret

    @property
    def en(self) -> str:
        """English label."""
        return _CLASSES[self][0]

    @property
    def fr(self) -> str:
        """French label."""
        return _CLASSES[self][1]

    @property
    def en_why(self) -> str:
        """Why fields of this class deserve a thought before they are ordered, in English."""
        return _CLASSES[self][2]

    @property
    def fr_why(self) -> str:
        """The same in French."""
        return _CLASSES[self][3]


_CLASSES: dict[FieldClass, tuple[str, str, str, str]] = {
    FieldClass.IDENTITY: (
        "identity",
        "identité",
        "Names the patient: every other field of the row becomes theirs.",
        "Désigne le patient : tous les autres champs de la ligne deviennent les siens.",
    ),
    FieldClass.NATIONAL_IDENTIFIER: (
        "national identifier",
        "identifiant national",
        "Valid for life, links files across administrations, and cannot be changed after a leak.",
        "Valable toute la vie, relie des fichiers entre administrations, ne se change pas après une fuite.",
    ),
    FieldClass.CONTACT: (
        "contact",
        "coordonnées",
        "Lets a stranger reach the patient, at home or by phone.",
        "Permet à un inconnu de joindre le patient, chez lui ou par téléphone.",
    ),
    FieldClass.ADMINISTRATIVE: (
        "administrative",
        "administratif",
        "Runs the laboratory; tells where and when somebody was a patient.",
        "Fait tourner le laboratoire ; dit où et quand une personne était patiente.",
    ),
    FieldClass.THIRD_PARTY: (
        "third party",
        "tiers",
        "About somebody else than the patient: prescriber, collector, biologist, insured relative.",
        "Concerne une autre personne que le patient : prescripteur, préleveur, biologiste, assuré.",
    ),
    FieldClass.EXAMINATION: (
        "examination",
        "examen",
        "Data concerning health (GDPR Art. 9): what was looked for and what was found.",
        "Donnée concernant la santé (RGPD, art. 9) : ce qui a été cherché et ce qui a été trouvé.",
    ),
    FieldClass.FREE_TEXT: (
        "free text",
        "texte libre",
        "Can say anything (HIV, cancer, pregnancy, relatives) and no code list can sort it (R13).",
        "Peut tout dire (VIH, cancer, grossesse, proches) et aucune liste de codes ne peut le trier (R13).",
    ),
    FieldClass.DOCUMENT: (
        "document",
        "document",
        "A whole report: repeats identity and results that the order may have left out.",
        "Un compte rendu entier : répète l'identité et des résultats que l'ordre a pu exclure.",
    ),
    FieldClass.SECRET: (
        "secret",
        "secret",
        "Opens an account; reset at the destination, never migrated (R14). No order may name it.",
        "Ouvre un compte ; réinitialisé à l'arrivée, jamais migré (R14). Aucun ordre ne peut le nommer.",
    ),
}


class FieldType(StrEnum):
    """What a parsed value is. Times are the laboratory's local wall-clock times: no zone is invented.

    ``PARTIAL_DATE`` is a text, ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``: what is unknown is left out, never
    filled in ("lunar" dates stay in the ``_raw`` companion only). A ``DATETIME`` of a source that knows the
    day alone is that day's midnight, and its ``_raw`` companion shows that no time was given.
    """

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    DATETIME = "datetime"
    PARTIAL_DATE = "partial_date"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be ordered, or (class secret) refused by name.

    ``companions`` are fields of the same entity that say what this one's parsed value leaves out; ``refers``
    is the entity whose ``source_id`` the value holds; ``category`` is set where the field belongs to a sensitive
    category whatever its value, so that an order cannot both exclude the category and name the field.
    """

    entity: str
    name: str
    type: FieldType
    kind: FieldClass
    en: str
    fr: str
    fhir: str | None = None
    hl7: str | None = None
    hprim: str | None = None
    companions: tuple[str, ...] = ()
    refers: str | None = None
    category: SensitiveCategory | None = None

    def __str__(self) -> str:
        """``entity.name``, as orders and messages write it."""
        return f"{self.entity}.{self.name}"

    @property
    def orderable(self) -> bool:
        """False for a secret (R13, R14)."""
        return self.kind is not FieldClass.SECRET

    @property
    def en_why(self) -> str:
        """Why the field's class is sensitive, in English."""
        return self.kind.en_why

    @property
    def fr_why(self) -> str:
        """The same in French."""
        return self.kind.fr_why


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to a parent: never ordered by name, carried when both ends' ``source_id`` are ordered."""

    field: str
    entity: str
    en: str
    fr: str
    fhir: str | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing the laboratory keeps; its key is always ``source_id``, the first field."""

    name: str
    en: str
    fr: str
    fields: tuple[Field, ...]
    links: tuple[Link, ...] = ()

    @property
    def columns(self) -> tuple[Field, ...]:
        """Every column that may be carried, in catalogue order: the key, the links, the other fields."""
        links = tuple(
            Field(
                self.name, link.field, FieldType.TEXT, FieldClass.ADMINISTRATIVE, link.en, link.fr, link.fhir,
                refers=link.entity,
            )
            for link in self.links
        )  # fmt: skip
        return (self.fields[0], *links, *self.fields[1:])


@dataclass(frozen=True)
class Catalogue:
    """All entities, looked up by name. An unknown name raises ``OrderError``: refused, never defaulted."""

    version: str
    entities: tuple[Entity, ...]

    def __iter__(self) -> Iterator[Entity]:
        """Entities in catalogue order."""
        return iter(self.entities)

    @cached_property
    def _entities(self) -> dict[str, Entity]:
        return {entity.name: entity for entity in self.entities}

    @cached_property
    def _columns(self) -> dict[tuple[str, str], Field]:
        return {(e.name, field.name): field for e in self.entities for field in e.columns}

    def entity(self, name: str) -> Entity:
        """The entity of that name; ``OrderError`` names those there are."""
        if name not in self._entities:
            raise OrderError(f"unknown entity {name!r}", hint=_hint(name, [e.name for e in self.entities]))
        return self._entities[name]

    def field(self, entity: str, name: str) -> Field:
        """The field of that name, secrets included; ``OrderError`` for an unknown name and for a link."""
        owner = self.entity(entity)
        if any(link.field == name for link in owner.links):
            raise OrderError(
                f"{entity}.{name} is a link and is not ordered by name",
                hint=f"it is carried when {entity}.{KEY} and its parent's {KEY} are ordered",
            )
        return self.column(entity, name)

    def column(self, entity: str, name: str) -> Field:
        """Any column a batch may hold: a field, or a link seen as one; ``OrderError`` for an unknown name."""
        owner = self.entity(entity)
        if (entity, name) not in self._columns:
            allowed = [field.name for field in owner.fields if field.orderable]
            raise OrderError(f"unknown field {entity}.{name}", hint=_hint(name, allowed))
        return self._columns[entity, name]


def _hint(name: str, allowed: list[str]) -> str:
    close = get_close_matches(name, allowed, n=3, cutoff=0.6)
    prefix = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{prefix}allowed: {', '.join(allowed)}"


def row(
    name: str,
    type_: FieldType,
    kind: FieldClass,
    labels: tuple[str, str],
    *,
    fhir: str | None = None,
    hl7: str | None = None,
    hprim: str | None = None,
    companions: tuple[str, ...] = (),
    refers: str | None = None,
    category: SensitiveCategory | None = None,
    raw: bool = False,
) -> tuple[Field, ...]:
    """One field, its entity not yet set, and its ``_raw`` companion where ``raw`` (law 3)."""
    english, french = labels
    field = Field("", name, type_, kind, english, french, fhir, hl7, hprim, companions, refers, category)
    if not raw:
        return (field,)
    original = replace(
        field,
        name=f"{name}_raw",
        type=FieldType.TEXT,
        en=f"{english}, as written in the source",
        fr=f"{french}, tel qu'écrit à la source",
        fhir=None,
        companions=(),
    )
    return (replace(field, companions=(*companions, original.name)), original)


def entity(name: str, labels: tuple[str, str], *rows: tuple[Field, ...], links: tuple[Link, ...] = ()) -> Entity:
    """An entity of these rows, each field told whose it is."""
    fields = tuple(replace(field, entity=name) for group in rows for field in group)
    return Entity(name, labels[0], labels[1], fields, links)
