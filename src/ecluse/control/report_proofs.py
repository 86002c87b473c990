"""The parts of the report that prove: erasure, digests, signatures."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecluse.control import report_words as w
from ecluse.control.markup import Markup, foreign, joined, tag
from ecluse.control.report_tables import cell, head, table
from ecluse.control.report_words import Reader
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.records import Acceptance, ErasureCertificate, Receipt, RecipientKey, Reconciliation, Stage
from ecluse.wire.artefacts import digest_of

_COMMAND = "ecluse evidence verify"


@dataclass(frozen=True, slots=True)
class Papers:
    """All artefacts of a migration so far; ``signatures`` by digest, then signer."""

    order: Order
    plan: Plan
    receipts: Sequence[Receipt]
    reconciliation: Reconciliation
    acceptance: Acceptance | None
    certificates: Sequence[ErasureCertificate]
    signatures: Mapping[str, Mapping[str, bytes]]


def erasure(papers: Papers, reader: Reader) -> Markup:
    """What became of what was made for the way, at each place."""
    title = tag("h2", reader.say(w.ERASURE))
    if not papers.certificates:
        by = reader.day(papers.order.retention.erase_by)
        return tag("section", title, tag("p", reader.say(w.NOT_ERASED, by=by)))
    return tag("section", title, *(_place(each, reader) for each in papers.certificates))


def _known(words: Mapping[str, w.Words], name: str, reader: Reader) -> str:
    return reader.say(words[name]) if name in words else w.shown(name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(certificate: ErasureCertificate, reader: Reader) -> Markup:
    when = reader.moment(certificate.erased_at)
    kinds = Counter(thing.kind for thing in certificate.erased)
    things = ", ".join(reader.say(words, n=kinds[kind]) for kind, words in w.ERASED.items() if kinds[kind])
    trees = ", ".join(
        reader.say(w.SCANNED, tree=_known(w.TREES, each.tree, reader), files=each.files, size=each.size)
        for each in certificate.scanned
    )
    found = tag("p", reader.say(w.FOUND_NOTHING))
    if certificate.found:
        listed = tag("ul", *(tag("li", foreign(each)) for each in certificate.found))
        found = joined([tag("p", reader.say(w.FOUND), class_="bad"), listed])
    return tag(
        "div",
        tag("h3", _capital(_known(w.PLACES, certificate.place, reader))),
        tag("p", reader.say(w.ERASED_ON, when=when, why=reader.say(w.WHY_ERASED[certificate.reason])), f" {things}."),
        *_identity(certificate, reader),
        *_trace(certificate, reader),
        tag("p", reader.say(w.LOOKED_FOR, trees=trees)),
        tag("ul", *(tag("li", tag("bdi", reader.sought(each))) for each in certificate.looked_for)),
        found,
    )


def _identity(certificate: ErasureCertificate, reader: Reader) -> Iterator[Markup]:
    """What became of the key without which copies of parcels are noise."""
    if certificate.recipient_key is RecipientKey.DESTROYED:
        yield tag("p", reader.say(w.IDENTITY_DESTROYED))
    if certificate.recipient_key is RecipientKey.STATED:
        said = tag("bdi", foreign(certificate.statement))
        yield tag("p", reader.say(w.IDENTITY_STATED), " ", said, class_="bad")


def _trace(certificate: ErasureCertificate, reader: Reader) -> Iterator[Markup]:
    """What stays on purpose."""
    if certificate.trace:
        kept = certificate.trace
        yield tag("p", reader.say(w.TRACE_KEPT, day=reader.day(kept.keep_until), digest=kept.digest))


def appendix(papers: Papers, reader: Reader) -> Markup:
    """Every digest, and the signatures that are given."""
    listed = list(_papers(papers, reader))
    rows = [
        tag("tr", tag("th", name, scope="row"), cell(address, "digest"), cell(foreign(who)), cell(when))
        for name, address, who, when in listed
    ]
    heads = [head(reader.say(each)) for each in (w.PAPER, w.DIGEST, w.SIGNER, w.DATED)]
    command = tag("code", _COMMAND)
    says = tag("p", reader.say(w.APPENDIX_SAYS, command=""), command)
    return tag(
        "section",
        tag("h2", reader.say(w.APPENDIX)),
        says,
        table(reader.say(w.APPENDIX), heads, [rows]),
        _receipts(papers.receipts, reader),
        _row_digests(papers.reconciliation, reader),
        _signatures(listed, papers, reader),
    )


def _papers(papers: Papers, reader: Reader) -> Iterator[tuple[str, str, str, str]]:
    """Name, digest, signer as the paper says, and date."""
    say = {kind: reader.say(words, place="") for kind, words in w.PAPERS.items()}
    plan, account, decision = papers.plan, papers.reconciliation, papers.acceptance
    yield say["agreement"], plan.agreement, "—", "—"
    yield say["order"], plan.order, papers.order.controller.signatory, "—"
    yield say["profile"], plan.profile, "—", "—"
    yield say["plan"], digest_of(plan), plan.agent, reader.moment(plan.made_at)
    yield say["reconciliation"], digest_of(account), account.agent, reader.moment(account.made_at)
    if decision:
        yield say["acceptance"], digest_of(decision), decision.signatory, reader.moment(decision.decided_at)
    for each in papers.certificates:
        name = reader.say(w.PAPERS["erasure"], place=_known(w.PLACES, each.place, reader))
        yield name, digest_of(each), each.agent, reader.moment(each.erased_at)


def _receipts(receipts: Sequence[Receipt], reader: Reader) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", foreign(each.batch), scope="row"),
            cell(reader.count(each.rows), "n"),
            cell(digest_of(each), "digest"),
            cell(each.parcel, "digest"),
            cell(each.quarantine_parcel or "—", "digest" if each.quarantine_parcel else ""),
        )
        for each in receipts
    ]
    title = reader.say(w.RECEIPTS)
    heads = [
        head(reader.say(w.BATCH)), head(reader.say(w.ROWS), "n"), head(reader.say(w.DIGEST)),
        head(reader.say(w.PARCEL)), head(reader.say(w.ASIDE_PARCEL)),
    ]  # fmt: skip
    return joined([tag("h3", title), table(title, heads, [rows])])


def _row_digests(reconciliation: Reconciliation, reader: Reader) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", reader.entity(flow.entity), scope="row"),
            cell(flow.year if flow.year is not None else "—"),
            cell(foreign(flow.site) if flow.site is not None else "—"),
            *(cell(each, "digest") for each in (flow.sealed_digest, flow.opened_digest, flow.read_back_digest)),
        )
        for flow in reconciliation.flows
    ]
    title = reader.say(w.ROW_DIGESTS)
    words = (w.KIND, w.YEAR, w.SITE, *(w.STAGES[stage] for stage in _DIGESTED))
    heads = [head(reader.say(each)) for each in words]
    return joined([tag("h3", title), tag("p", reader.say(w.ROW_DIGESTS_SAY)), table(title, heads, [rows])])


_DIGESTED = (Stage.SEALED, Stage.OPENED, Stage.READ_BACK)


def _signatures(listed: Sequence[tuple[str, str, str, str]], papers: Papers, reader: Reader) -> Markup:
    held = [
        tag(
            "details",
            tag("summary", reader.say(w.SIGNED_BY, paper=name, who=w.shown(who))),
            tag("pre", signature.decode("ascii", "replace")),
        )
        for name, address, _signer, _when in listed
        for who, signature in sorted(papers.signatures.get(address, {}).items())
    ]
    return joined([tag("h3", reader.say(w.SIGNATURES)), *held]) if held else Markup("")
