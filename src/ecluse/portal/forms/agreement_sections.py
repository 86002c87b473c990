"""The sections of an agreement's draft, the letters that they answer, and what each field is called."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecluse.portal.words import Text


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the form: where it stands in the law, its title, and the beginnings of its fields' names."""

    id: str
    law: Text
    title: Text
    prefixes: tuple[str, ...]

    def holds(self, name: str) -> bool:
        """Whether a field, or a problem's path written alike, belongs here."""
        return any(name == prefix or name.startswith(f"{prefix}__") for prefix in self.prefixes)

    def lacks(self, path: str) -> bool:
        """Whether a problem's path is here, or of something that this is a part of."""
        return self.holds(path) or any(prefix.startswith(f"{path}__") for prefix in self.prefixes)


def _annex(number: str) -> Text:
    return Text(f"Annex {number}", f"Annexe {number}")


def _letter(letter: str) -> Text:
    return Text(f"Art. 28(3)({letter})", f"Art. 28, § 3, {letter})")


SECTIONS: tuple[Section, ...] = (
    Section(
        "duration", Text("Art. 28(3)", "Art. 28, § 3"), Text("Duration", "Durée"), ("in_force_from", "in_force_until")
    ),
    Section(
        "controller",
        _annex("I"),
        Text("The laboratory (controller)", "Le laboratoire (responsable de traitement)"),
        ("controller",),
    ),
    Section("processor", _annex("I"), Text("The vendor (processor)", "L'éditeur (sous-traitant)"), ("processor",)),
    Section("processing", _annex("II"), Text("The processing", "Le traitement"), ("processing",)),
    Section(
        "a",
        _letter("a"),
        Text("Documented instructions, transfers", "Instructions documentées, transferts"),
        ("clauses__a_documented_instructions", "clauses__a_transfers"),
    ),
    Section("b", _letter("b"), Text("Confidentiality", "Confidentialité"), ("clauses__b_confidentiality",)),
    Section("c", _letter("c"), Text("Security (Art. 32)", "Sécurité (art. 32)"), ("clauses__c_security",)),
    Section(
        "d",
        _letter("d"),
        Text("Sub-processors", "Sous-traitants ultérieurs"),
        ("clauses__d_sub_processing", "clauses__d_sub_processing_terms"),
    ),
    Section(
        "e",
        _letter("e"),
        Text("Rights of the persons concerned", "Droits des personnes concernées"),
        ("clauses__e_data_subject_rights",),
    ),
    Section(
        "f",
        _letter("f"),
        Text("Assistance, breaches (Art. 32 to 36)", "Assistance, violations (art. 32 à 36)"),
        ("clauses__f_assistance", "clauses__f_breach_notice"),
    ),
    Section(
        "g",
        _letter("g"),
        Text("At the end of the service", "Au terme de la prestation"),
        ("clauses__g_end_of_service", "clauses__g_copies"),
    ),
    Section(
        "h",
        _letter("h"),
        Text("Audits, unlawful instructions", "Audits, instructions illicites"),
        ("clauses__h_audits", "clauses__h_unlawful_instruction_notice"),
    ),
    Section(
        "measures",
        _annex("III"),
        Text("Technical and organisational measures", "Mesures techniques et organisationnelles"),
        ("language", "measures"),
    ),
    Section(
        "subs",
        _annex("IV"),
        Text("Authorised sub-processors", "Sous-traitants ultérieurs autorisés"),
        ("sub_processors",),
    ),
    Section(
        "hosting",
        Text("CSP, L.1111-8", "CSP, L.1111-8"),
        Text("Hosting of health data", "Hébergement de données de santé"),
        ("hosting",),
    ),
    Section(
        "approval", Text("Orders", "Ordres"), Text("Approval of orders", "Approbation des ordres"), ("second_approver",)
    ),
)

_NAME, _OFFICE = Text("name", "nom"), Text("office", "fonction")
_REACH = Text("how to reach them", "comment joindre cette personne")


def _of(who: Text, what: Text) -> Text:
    return Text(f"{who.en}: {what.en}", f"{who.fr} : {what.fr}")


def _contact(who: Text) -> tuple[tuple[str, Text], ...]:
    return (("name", _of(who, _NAME)), ("role", _of(who, _OFFICE)), ("details", _of(who, _REACH)))


CONTACT: Mapping[str, tuple[tuple[str, Text], ...]] = {
    "contact": _contact(Text("Contact", "Contact")),
    "dpo": _contact(Text("Data protection officer", "Délégué à la protection des données")),
}

PROSE: tuple[tuple[str, Text, Text | None], ...] = (
    ("processing__subject_matter", Text("Subject matter", "Objet"), None),
    ("processing__nature", Text("Nature of the processing", "Nature du traitement"), None),
    ("processing__purpose", Text("Purpose", "Finalité"), None),
    (
        "processing__categories_of_persons",
        Text("Categories of persons", "Catégories de personnes"),
        Text("One a line.", "Une par ligne."),
    ),
    (
        "processing__categories_of_data",
        Text("Categories of data", "Catégories de données"),
        Text("One a line.", "Une par ligne."),
    ),
    (
        "processing__sensitive_data_safeguards",
        Text("Safeguards for sensitive data (Art. 9)", "Garanties pour les données sensibles (art. 9)"),
        None,
    ),
    (
        "processing__controller_obligations",
        Text("Obligations and rights of the controller", "Obligations et droits du responsable"),
        None,
    ),
    (
        "clauses__a_documented_instructions",
        Text("Documented instructions", "Instructions documentées"),
        Text("How the laboratory instructs: by signed orders.", "Comment le laboratoire instruit : par ordres signés."),
    ),
    ("clauses__a_transfers", Text("Transfers to third countries", "Transferts vers des pays tiers"), None),
    (
        "clauses__b_confidentiality",
        Text("Who is bound to confidentiality, and how", "Qui est tenu au secret, et comment"),
        None,
    ),
    (
        "clauses__c_security",
        Text("Security", "Sécurité"),
        Text("Annex III lists the measures.", "L'annexe III liste les mesures."),
    ),
    (
        "clauses__d_sub_processing_terms",
        Text("Terms, with the days of notice", "Conditions, avec les jours de préavis"),
        None,
    ),
    (
        "clauses__e_data_subject_rights",
        Text("How requests are passed on", "Comment les demandes sont transmises"),
        None,
    ),
    ("clauses__f_assistance", Text("Assistance with Articles 32 to 36", "Assistance pour les articles 32 à 36"), None),
    (
        "clauses__f_breach_notice",
        Text("Notice of a breach: to whom, within how long", "Notification d'une violation : à qui, sous quel délai"),
        None,
    ),
    ("clauses__g_copies", Text("Copies, and the certificate", "Copies, et certificat"), None),
    ("clauses__h_audits", Text("Audits and inspections", "Audits et inspections"), None),
    (
        "clauses__h_unlawful_instruction_notice",
        Text("When an instruction seems unlawful", "Quand une instruction paraît illicite"),
        None,
    ),
)

SUB: tuple[tuple[str, Text], ...] = (
    ("name", Text("name", "nom")),
    ("address", Text("address", "adresse")),
    ("contact__name", Text("contact's name", "nom du contact")),
    ("contact__role", Text("contact's office", "fonction du contact")),
    ("contact__details", Text("how to reach the contact", "comment joindre le contact")),
    ("processing", Text("what it does", "ce qu'il fait")),
)


def numbered(number: int, what: Text) -> Text:
    """What a field of one of several sub-processors is called."""
    return _of(Text(f"Sub-processor {number}", f"Sous-traitant {number}"), what)
