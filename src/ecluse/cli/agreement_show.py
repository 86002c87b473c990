"""``ecluse agreement show``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._signatures import show_states, states, states_json
from ecluse.cli._text import Text, tr
from ecluse.control.papers import read_paper
from ecluse.domain.agreement import Agreement, Party
from ecluse.wire.artefacts import to_json

_CLAUSES = (
    ("a_documented_instructions", Text("(a) instructions", "(a) instructions")),
    ("a_transfers", Text("(a) transfers", "(a) transferts")),
    ("b_confidentiality", Text("(b) confidentiality", "(b) confidentialité")),
    ("c_security", Text("(c) security", "(c) sécurité")),
    ("d_sub_processing", Text("(d) sub-processors", "(d) sous-traitance ultérieure")),
    ("d_sub_processing_terms", Text("(d) terms", "(d) conditions")),
    ("e_data_subject_rights", Text("(e) rights of persons", "(e) droits des personnes")),
    ("f_assistance", Text("(f) assistance", "(f) assistance")),
    ("f_breach_notice", Text("(f) breach notice", "(f) violation")),
    ("g_end_of_service", Text("(g) at the end", "(g) à la fin")),
    ("g_copies", Text("(g) copies", "(g) copies")),
    ("h_audits", Text("(h) audits", "(h) audits")),
    ("h_unlawful_instruction_notice", Text("(h) unlawful instruction", "(h) instruction illicite")),
)


@define(
    Text(
        "Show it, and who has signed. Prints the signed form for people, every clause by its letter, with each "
        "signer's fingerprint and the state of the signature.",
        "Le montrer, et qui a signé. Donne la forme signée à lire, chaque clause par sa lettre, avec l'empreinte de "
        "chaque signataire et l'état de sa signature.",
    ),
    example="ecluse agreement show agreement.json",
)
@argument(
    "file", type=FILE, text=Text("X.json, or the X.yaml that it was made from.", "X.json, ou le X.yaml dont il vient.")
)
def command(file: Path) -> None:
    """Print one agreement."""
    paper = read_paper(Agreement, file)
    agreement, found = paper.value, states(paper, paper.value)
    _output.emit({"digest": paper.digest, "agreement": to_json(agreement), "signers": states_json(found)})
    start, end = agreement.in_force_from, agreement.in_force_until
    _output.say(
        tr(f"Processing agreement {agreement.agreement}", f"Contrat de sous-traitance {agreement.agreement}"),
        style="bold",
    )
    _output.say(tr(f"in force from {start} until {end}", f"en vigueur du {start} au {end}"))
    _output.say(paper.digest)
    _output.say()
    _output.table(
        tr("Annex I: parties", "Annexe I : parties"),
        ("", tr("name", "nom"), tr("contact", "contact"), "DPO"),
        [_party(tr("controller", "responsable"), agreement.controller),
         _party(tr("processor", "sous-traitant"), agreement.processor)],
    )  # fmt: skip
    _processing(agreement)
    _output.table(
        tr("Art. 28(3), letter by letter", "Art. 28(3), lettre par lettre"),
        ("", ""),
        [(str(label), str(getattr(agreement.clauses, name))) for name, label in _CLAUSES],
    )
    _annexes(agreement)
    show_states(found)


def _party(label: str, party: Party) -> tuple[str, str, str, str]:
    contact, dpo = party.contact, party.dpo
    return (label, f"{party.name}\n{party.address}", f"{contact.name}\n{contact.details}", f"{dpo.name}\n{dpo.details}")


def _processing(agreement: Agreement) -> None:
    it = agreement.processing
    rows = [
        (tr("subject", "objet"), it.subject_matter),
        (tr("nature", "nature"), it.nature),
        (tr("purpose", "finalité"), it.purpose),
        (tr("persons", "personnes"), ", ".join(it.categories_of_persons)),
        (tr("data", "données"), ", ".join(it.categories_of_data)),
        (tr("sensitive data", "données sensibles"), it.sensitive_data_safeguards),
        (tr("controller's duties", "devoirs du responsable"), it.controller_obligations),
    ]
    _output.table(tr("Annex II: processing", "Annexe II : traitement"), ("", ""), rows)


def _annexes(agreement: Agreement) -> None:
    _output.table(
        tr("Annex III: measures (Art. 32)", "Annexe III : mesures (art. 32)"),
        ("", ""),
        [(m.heading, m.description) for m in agreement.measures],
    )
    if agreement.sub_processors:
        _output.table(
            tr("Annex IV: sub-processors", "Annexe IV : sous-traitants ultérieurs"),
            ("", ""),
            [(s.name, s.processing) for s in agreement.sub_processors],
        )
    hosting = agreement.hosting
    _output.say(
        tr(
            f"Hosting: {hosting.where} ({hosting.certificate}, until {hosting.expires})",
            f"Hébergement : {hosting.where} ({hosting.certificate}, jusqu'au {hosting.expires})",
        )
    )
    second = tr("an order needs a second approver", "un ordre demande un second approbateur")
    one = tr("an order needs one signature", "un ordre demande une signature")
    _output.say(second if agreement.second_approver else one)
    _output.say()
