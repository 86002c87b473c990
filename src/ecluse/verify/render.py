"""The report as text, in French and English."""

from typing import Literal

from ecluse.verify.report import Report, Status, Step

_MARKS = {Status.OK: "✓", Status.FAILED: "✗", Status.NOT_REACHED: "–"}
_STATUS_FR = {Status.OK: "vérifié", Status.FAILED: "ÉCHEC", Status.NOT_REACHED: "non atteint"}
_STATUS_EN = {Status.OK: "ok", Status.FAILED: "FAILED", Status.NOT_REACHED: "not reached"}

_JOURNAL_TITLES = {
    "key": ("the log's key", "clé du journal"),
    "checkpoint": ("signed checkpoint", "point de contrôle signé"),
    "root": ("root recomputed from the entries", "racine recalculée d'après les entrées"),
    "tiles": ("root recomputed from the hash tiles", "racine recalculée d'après les tuiles"),
    "entries": ("entries parse strictly", "entrées lues strictement"),
    "time": ("time runs forward", "le temps ne recule pas"),
    "transitions": ("every move is allowed", "chaque passage est permis"),
    "laws": ("no effect before its entry", "aucun effet avant son entrée"),
    "pins": ("journal and artefacts name each other", "journal et artefacts se répondent"),
    "facts": ("journal and artefacts say the same", "journal et artefacts concordent"),
    "consistency": ("continues the checkpoint kept", "prolonge le point de contrôle conservé"),
}
_TITLES = {
    "container": ("container is well-formed", "conteneur bien formé"),
    "manifest": ("manifest matches, nothing extra", "manifeste exact, rien en trop"),
    "addresses": ("artefacts are what their names say", "artefacts conformes à leur nom"),
    "agreement": ("processing agreement complete (GDPR Art. 28(3))", "contrat complet (RGPD, art. 28(3))"),
    "agreement.signed": ("agreement signed by both parties", "contrat signé par les deux parties"),
    "agreement.trust": ("keys against the auditor's own", "clés comparées à celles de l'auditeur"),
    "order": ("order well-formed, no secret in it", "ordre bien formé, sans secret"),
    "order.signed": ("order signed and approved", "ordre signé et approuvé"),
    "allowed_signers": ("allowed_signers lists these keys alone", "allowed_signers n'énonce que ces clés"),
    "order.in_force": ("agreement in force when the order was approved", "contrat en vigueur à l'approbation"),
    "plan": ("plan well-formed", "plan bien formé"),
    "plan.signed": ("plan signed, for this order", "plan signé, pour cet ordre"),
    "plan.columns": ("no column beyond the order", "aucune colonne au-delà de l'ordre"),
    "plan.scope": ("no year, day or site beyond the order", "aucune année, date ou site au-delà de l'ordre"),
    "plan.batches": ("batches unique, sums right", "lots uniques, sommes justes"),
    "receipts": ("one receipt for each batch", "un reçu par lot"),
    "receipts.signed": ("receipts signed by the source agent", "reçus signés par l'agent source"),
    "receipts.countersigned": ("receipts countersigned by the destination", "reçus contresignés à destination"),
    "receipts.plan": ("receipts as planned", "reçus conformes au plan"),
    "receipts.scope": ("sealed rows inside the order", "lignes scellées dans la portée de l'ordre"),
    "receipts.parcels": ("parcels distinct", "colis distincts"),
    "places": ("both journals tell of the same parcels", "les deux journaux disent les mêmes colis"),
    "reconciliation": ("reconciliation signed, names every receipt", "réconciliation signée, tous les reçus"),
    "reconciliation.flows": ("flows recomputed", "flux recalculés"),
    "reconciliation.differences": ("clean, or differences listed", "sans écart, ou écarts listés"),
    "acceptance": ("controller's decision", "décision du responsable de traitement"),
    "instructions": ("stops and restarts have their cause", "arrêts et reprises ont leur cause"),
    "log.source": ("journal, source: the one that the plan names", "journal, source : celui que nomme le plan"),
    "log.destination": (
        "journal, destination: the one that the reconciliation names",
        "journal, destination : celui que nomme la réconciliation",
    ),
    "erasure.source": ("erasure, source", "effacement, source"),
    "erasure.destination": ("erasure, destination", "effacement, destination"),
    "trace": ("fingerprints only as ordered", "empreintes seulement comme ordonnées"),
}


def title(name: str, lang: Literal["en", "fr"]) -> str:
    """What a step checks, in a few words."""
    index = 0 if lang == "en" else 1
    if name in _TITLES:
        return _TITLES[name][index]
    parts = name.split(".")
    text = _JOURNAL_TITLES[parts[-1]][index]
    if len(parts) == len(("journal", "place", "step")):
        return f"journal, {parts[1]}: {text}" if lang == "en" else f"journal, {parts[1]} : {text}"
    return text


def render(report: Report, lang: Literal["en", "fr"]) -> str:
    """One line a step, then the verdict; ends in a newline."""
    return "".join(f"{line}\n" for line in (*(_line(step, lang) for step in report.steps), "", verdict(report, lang)))


def verdict(report: Report, lang: Literal["en", "fr"]) -> str:
    """The result in one sentence."""
    absent = sum(step.status is Status.NOT_REACHED for step in report.steps)
    if not report.consistent:
        first = report.failed[0]
        if lang == "fr":
            return f"NON VÉRIFIÉ : l'étape {first.number} ({first.name}) échoue : {first.detail.fr}"
        return f"NOT VERIFIED: step {first.number} ({first.name}) fails: {first.detail.en}"
    if not report.authenticated:
        return _unvouched(absent, lang)
    if report.complete:
        return "VÉRIFIÉ : toutes les étapes." if lang == "fr" else "VERIFIED: every step."
    if lang == "fr":
        return f"VÉRIFIÉ jusqu'ici : rien de faux ; {absent} étapes non atteintes (migration inachevée ou lot partiel)."
    return f"VERIFIED so far: nothing is wrong; {absent} steps not reached (unfinished migration, or part of a bundle)."


def _unvouched(absent: int, lang: Literal["en", "fr"]) -> str:
    """Consistent is not authenticated: who makes a whole bundle with keys of their own contradicts nothing."""
    if lang == "fr":
        rest = f" ; {absent} étapes non atteintes (migration inachevée ou lot partiel)" if absent else ""
        return (
            f"COHÉRENT, NON AUTHENTIFIÉ : rien ne se contredit{rest}, mais personne ne s'est porté garant de ces clés "
            "et n'importe qui aurait pu faire ce dossier. Donnez --trust, avec des clés obtenues par une autre voie."
        )
    rest = f"; {absent} steps not reached (unfinished migration, or part of a bundle)" if absent else ""
    return (
        f"CONSISTENT, NOT AUTHENTICATED: nothing contradicts itself{rest}, but nobody vouched for these keys and "
        "anybody could have made this bundle. Give --trust, with keys that you got by another way."
    )


def _line(step: Step, lang: Literal["en", "fr"]) -> str:
    status = (_STATUS_FR if lang == "fr" else _STATUS_EN)[step.status]
    detail = step.detail.fr if lang == "fr" else step.detail.en
    colon = " :" if lang == "fr" else ":"
    return f"{_MARKS[step.status]} {step.number:>2}  {title(step.name, lang)} [{status}]{colon} {detail}"
