"""The step on fingerprints: made only where the order names the controller's key, kept as ordered, gone on time (R11).

The file itself is in no bundle: it is personal data, and the controller's. Its digest, in the journal before it was
written and in the certificate of erasure, tells whether a file is that one.
"""

import datetime as dt

from ecluse.domain.entry import Entry, Event
from ecluse.domain.order import Order, Trace
from ecluse.domain.records import ErasureCertificate
from ecluse.verify._case import Case, PlaceCase, fits, short
from ecluse.verify.report import FailedError, NotReachedError, Words


def trace(case: Case) -> Words:
    """No fingerprint without the order's word; with it, one file of every batch, named by journal and certificate."""
    ordered = case.one(Order)[0].trace
    for place in case.places.values():
        made = place.first(Event.TRACE_KEEPING) or place.first(Event.TRACE_ERASING)
        if made is not None and (ordered is None or place.name != "source"):
            raise FailedError(
                f"{place.name}: fingerprints that nobody ordered", f"{place.name} : empreintes que nul n'a ordonnées"
            )
    source = case.place("source")
    certificate = _certificate(source, case)
    if ordered is None:
        fits(certificate is None or certificate.trace is None,
             "the certificate names fingerprints that nobody ordered",
             "le certificat nomme des empreintes que nul n'a ordonnées")  # fmt: skip
        return Words("none ordered, none made", "ni ordonnées, ni faites")
    kept = _kept(source, ordered)
    if certificate is not None:
        _check_named(certificate, kept, ordered)
    if kept is None:
        if certificate is not None:
            return Words("nothing had been sealed: none made", "rien n'était scellé : aucune faite")
        raise NotReachedError("extraction is not over: none made yet", "extraction inachevée : pas encore faites")
    gone = _check_erased(source, kept, ordered, case.now)
    if gone:
        return Words(f"{short(kept.subject)}: erased on {gone}", f"{short(kept.subject)} : effacées le {gone}")
    until = ordered.keep_until
    return Words(f"{short(kept.subject)}: kept until {until}", f"{short(kept.subject)} : gardées jusqu'au {until}")


def _certificate(source: PlaceCase, case: Case) -> ErasureCertificate | None:
    papers = source.of("erasure")
    return case.value(ErasureCertificate, papers[0]) if papers else None


def _kept(source: PlaceCase, ordered: Trace) -> Entry | None:
    """The last entry that names a file: one that was cut off before the file stood is followed by another."""
    kept, ends = None, (Event.EXTRACTION_SEALED, Event.ERASED)
    sealed = 0
    for number, entry in enumerate(source.entries):
        where = f"source: entry {number} ({entry.event})"
        if entry.event is Event.BATCH_SEALED:
            fits(kept is None, f"{where} after the fingerprints", f"{where} après les empreintes")
            sealed += 1
        if entry.event is Event.TRACE_KEEPING:
            same = entry.detail.get("pieces") == sealed and entry.detail.get("until") == str(ordered.keep_until)
            fits(same, f"{where}: not what was sealed, or not as ordered", f"{where} : autre que scellé ou ordonné")
            kept = entry
        if entry.event in ends and sealed:
            fits(kept, f"{where} without the fingerprints ordered", f"{where} sans les empreintes ordonnées")
    return kept


def _check_named(certificate: ErasureCertificate, kept: Entry | None, ordered: Trace) -> None:
    named = certificate.trace and (certificate.trace.digest, certificate.trace.keep_until)
    wanted = kept and (kept.subject, ordered.keep_until)
    fits(named == wanted, "the certificate names other fingerprints than the journal, or none",
         "le certificat nomme d'autres empreintes que le journal, ou aucune")  # fmt: skip


def _check_erased(source: PlaceCase, kept: Entry, ordered: Trace, now: dt.datetime) -> dt.date | None:
    """When they were erased: not before the last day that the order names was over, and not another file."""
    until = ordered.keep_until
    gone = source.first(Event.TRACE_ERASING)
    if gone is None:
        if now.date() > until:
            raise NotReachedError(
                f"they were due to be erased after {until}; ask for the journal's entry",
                f"leur effacement était dû après le {until} ; demandez l'entrée du journal",
            )
        return None
    fits(gone.subject == kept.subject, "other fingerprints were erased", "d'autres empreintes ont été effacées")
    early = gone.at.date() <= until
    fits(not early, f"they were erased before {until} was over", f"elles ont été effacées avant la fin du {until}")
    return gone.at.date()
