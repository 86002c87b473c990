"""What tracing concluded, as the incident's page shows it to its controller (R11)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from ecluse.control import trace_words as w
from ecluse.control.report_words import Reader
from ecluse.domain.conclusions import Telling, TracedExport, Verdict
from ecluse.portal.labels import Tone
from ecluse.portal.words import language
from ecluse.store.models import Migration

VERDICT_TONES: dict[Verdict, Tone] = {
    Verdict.FOUND: Tone.BAD, Verdict.DOUBTFUL: Tone.WAIT, Verdict.NOT_FOUND: Tone.PLAIN,
}  # fmt: skip
_STANDING_TONES = {"attributed": Tone.BAD, "explained": Tone.PLAIN, "knows": Tone.WAIT}


@dataclass(frozen=True, slots=True)
class ShownExport:
    """One export in words. ``migration``: the one that the room knows by this order, if it does."""

    export: TracedExport
    standing: str
    tone: Tone
    likely: str
    persons: str
    marks: tuple[tuple[str, str], ...]
    migration: Migration | None


@dataclass(frozen=True, slots=True)
class ShownTelling:
    """One conclusion in words. ``replaced``: the number of the one that took it back."""

    telling: Telling
    verdict: str
    tone: Tone
    read: str
    means: str
    besides: tuple[str, ...]
    exports: tuple[ShownExport, ...]
    replaced: int | None

    @property
    def is_fact(self) -> bool:
        """Whether the sample is attributed, and that stands: then it can be written down as a fact."""
        return self.telling.conclusion.verdict is Verdict.FOUND and self.replaced is None


def shown(telling: Telling, known: Mapping[str, Migration], replaced: int | None = None) -> ShownTelling:
    """A conclusion for whoever reads the page; ``known``: migrations by their orders' digests."""
    reader, made = Reader(language()), telling.conclusion
    tone = VERDICT_TONES[made.verdict] if replaced is None else Tone.PLAIN
    return ShownTelling(
        telling, reader.say(w.VERDICTS[made.verdict]), tone,
        reader.say(w.READ, lines=made.lines, asked=made.asked), reader.say(w.MEANS[made.verdict]),
        w.besides(made, reader), tuple(_export(each, known, reader) for each in made.exports), replaced,
    )  # fmt: skip


def _export(each: TracedExport, known: Mapping[str, Migration], reader: Reader) -> ShownExport:
    standing = w.standing_of(each)
    counted = sorted(each.marks.items(), key=lambda pair: (-pair[1], pair[0]))
    marks = [(reader.say(w.KINDS[kind]), reader.count(lines)) for kind, lines in counted if lines]
    if each.slips:
        marks.append((reader.say(w.BY_SLIPS), reader.count(each.slips)))
    return ShownExport(
        each, reader.say(w.STANDINGS[standing]), _STANDING_TONES[standing], w.likelihood(each, reader),
        reader.count(each.persons), tuple(marks), known.get(each.order_digest),
    )  # fmt: skip


def command(incident: str = "") -> str:
    """What one types at the controller's own machine; ``incident``: the number of the one that is told."""
    asked = "ecluse trace sample.csv --exports traces --identity controller.key"
    told = f" --room {settings.ECLUSE_ORIGIN} --incident {incident} --token room.token" if incident else ""
    return asked + told
