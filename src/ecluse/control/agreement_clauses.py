"""The clauses of an agreement's document, French and English: the numbers and subjects of Decision (EU) 2021/915.

The wording is ours: the decision's text is not repeated. Sources: GDPR Art. 28 to 33; domain.md section 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ecluse.control.agreement_words import END_OF_SERVICE, SECOND_APPROVER, SUB_PROCESSING
from ecluse.control.report_words import Words
from ecluse.domain.agreement import Agreement

CHOICES: Mapping[str, Mapping[Any, Words]] = {
    "clauses.d_sub_processing": SUB_PROCESSING,
    "clauses.g_end_of_service": END_OF_SERVICE,
    "second_approver": SECOND_APPROVER,
}
"""Fields that hold a choice, by path, and what each choice is called."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A field of the agreement: what it answers, and its dotted path."""

    label: Words
    path: str

    def value(self, agreement: Agreement) -> Any:
        """What an agreement answers: the parties' words, or a choice of :data:`CHOICES`."""
        return attrgetter(self.path)(agreement)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its number in the decision, our wording, then the parties' own words."""

    number: str
    title: Words
    says: tuple[Words, ...]
    asks: tuple[Ask, ...] = ()


SECTIONS: tuple[tuple[Words, tuple[Clause, ...]], ...] = (
    (
        Words("Section I: how this agreement is to be read", "Section I : comment lire ce contrat"),
        (
            Clause("1", Words("Purpose and scope", "Objet et champ d'application"), (
                Words(
                    "This agreement binds the processor to the controller, as Article 28(3) and (4) of Regulation "
                    "(EU) 2016/679 (GDPR) asks. The parties are named in annex I; the processing is described in "
                    "annex II. Annexes I to IV belong to it.",
                    "Ce contrat lie le sous-traitant à l'égard du responsable du traitement, comme le demande "
                    "l'article 28, paragraphes 3 et 4, du règlement (UE) 2016/679 (RGPD). Les parties sont nommées "
                    "à l'annexe I ; le traitement est décrit à l'annexe II. Les annexes I à IV en font partie.",
                ),
            )),
            Clause("2", Words("Invariability", "Invariabilité"), (
                Words(
                    "Neither party changes this agreement alone. A change is a new agreement, signed by both; its "
                    "digest differs from the one printed here.",
                    "Aucune partie ne modifie seule ce contrat. Une modification est un nouveau contrat, signé des "
                    "deux parties ; son empreinte diffère de celle imprimée ici.",
                ),
            )),
            Clause("3", Words("Interpretation", "Interprétation"), (
                Words(
                    "Terms that the GDPR defines have its meaning. Nothing here is read against the GDPR, nor so as "
                    "to lessen the rights of the persons concerned.",
                    "Les termes que le RGPD définit ont le sens qu'il leur donne. Rien ici ne se lit contre le "
                    "RGPD, ni de façon à réduire les droits des personnes concernées.",
                ),
            )),
            Clause("4", Words("Hierarchy", "Hiérarchie"), (
                Words(
                    "Where another agreement between the parties says otherwise on the processing of personal data, "
                    "this one prevails.",
                    "Si un autre accord entre les parties dit autre chose du traitement de données à caractère "
                    "personnel, celui-ci prévaut.",
                ),
            )),
            Clause("5", Words("Docking (optional)", "Adhésion d'un tiers (facultative)"), (
                Words(
                    "Not used. A third party joins by a new agreement only.",
                    "Non retenue. Un tiers ne rejoint les parties que par un nouveau contrat.",
                ),
            )),
        ),
    ),
    (
        Words("Section II: obligations of the parties", "Section II : obligations des parties"),
        (
            Clause("6", Words("Description of the processing", "Description du traitement"), (
                Words("The whole description is in annex II.", "La description entière est à l'annexe II."),
            ), (
                Ask(Words("Subject matter", "Objet"), "processing.subject_matter"),
                Ask(Words("Obligations and rights of the controller", "Obligations et droits du responsable"),
                    "processing.controller_obligations"),
            )),
            Clause("7", Words("Obligations of the parties", "Obligations des parties"), ()),
            Clause("7.1", Words("Instructions", "Instructions"), (
                Words(
                    "The processor processes the data on documented instructions of the controller only, unless the "
                    "law of the Union or of a Member State compels it; it then tells the controller beforehand, "
                    "where that law allows.",
                    "Le sous-traitant ne traite les données que sur instruction documentée du responsable, à moins "
                    "que le droit de l'Union ou d'un État membre ne l'y oblige ; il en informe alors le responsable "
                    "au préalable, si ce droit le permet.",
                ),
            ), (
                Ask(Words("Documented instructions: Art. 28(3)(a)", "Instructions documentées : art. 28(3)(a)"),
                    "clauses.a_documented_instructions"),
                Ask(Words("Approval of orders", "Approbation des ordres"), "second_approver"),
                Ask(Words("Unlawful instructions: Art. 28(3), last sentence",
                          "Instructions illicites : art. 28(3), dernier alinéa"),
                    "clauses.h_unlawful_instruction_notice"),
            )),
            Clause("7.2", Words("Purpose limitation", "Limitation de la finalité"), (
                Words(
                    "The data serve this purpose and no other.",
                    "Les données servent cette finalité et aucune autre.",
                ),
            ), (Ask(Words("Purpose", "Finalité"), "processing.purpose"),)),
            Clause("7.3", Words("Duration", "Durée du traitement"), (
                Words(
                    "This agreement is in force from {start} to {end}, both days included. No order outlives it, "
                    "and each order carries its own erase-by date.",
                    "Ce contrat est en vigueur du {start} au {end}, ces deux jours compris. Aucun ordre ne lui "
                    "survit, et chaque ordre porte sa propre date d'effacement.",
                ),
            )),
            Clause("7.4", Words("Security of processing", "Sécurité du traitement"), (
                Words(
                    "The processor carries out at least the measures of annex III. Only persons who need the data "
                    "for this agreement have access, and each is bound to confidentiality.",
                    "Le sous-traitant met en œuvre au moins les mesures de l'annexe III. N'ont accès aux données "
                    "que les personnes à qui ce contrat l'impose, et chacune est tenue à la confidentialité.",
                ),
            ), (
                Ask(Words("Security: Art. 28(3)(c), Art. 32", "Sécurité : art. 28(3)(c), art. 32"),
                    "clauses.c_security"),
                Ask(Words("Confidentiality: Art. 28(3)(b)", "Confidentialité : art. 28(3)(b)"),
                    "clauses.b_confidentiality"),
            )),
            Clause("7.5", Words("Sensitive data", "Données sensibles"), (
                Words(
                    "Data concerning health and genetic data are special categories (GDPR Art. 9). What is done for "
                    "them besides:",
                    "Les données de santé et les données génétiques sont des catégories particulières (RGPD, art. "
                    "9). Ce qui est fait pour elles en plus :",
                ),
            ), (Ask(Words("Safeguards", "Garanties"), "processing.sensitive_data_safeguards"),)),
            Clause("7.6", Words("Documentation and compliance", "Documentation et conformité"), (
                Words(
                    "The parties can show that they keep to this agreement. The processor makes available what is "
                    "needed to show it, and allows audits and inspections by the controller or by whom it appoints. "
                    "Both show it to the supervisory authority on request.",
                    "Les parties peuvent démontrer qu'elles respectent ce contrat. Le sous-traitant met à "
                    "disposition ce qu'il faut pour le démontrer, et permet les audits et inspections du "
                    "responsable ou de qui il désigne. Toutes deux le montrent à l'autorité de contrôle sur demande.",
                ),
            ), (Ask(Words("Audits: Art. 28(3)(h)", "Audits : art. 28(3)(h)"), "clauses.h_audits"),)),
            Clause("7.7", Words("Sub-processors", "Sous-traitants ultérieurs"), (
                Words(
                    "A sub-processor is bound by contract to the same obligations; the processor answers for it in "
                    "full (GDPR Art. 28(4)). It gives the controller a copy of that contract on request, and agrees "
                    "with the sub-processor that the controller may end the contract and have the data erased or "
                    "returned, should the processor disappear or become insolvent.",
                    "Un sous-traitant ultérieur est tenu par contrat aux mêmes obligations ; le sous-traitant en "
                    "répond pleinement (RGPD, art. 28(4)). Il remet copie de ce contrat au responsable sur demande, "
                    "et convient avec le sous-traitant ultérieur que le responsable pourra résilier le contrat et "
                    "faire effacer ou restituer les données, si le sous-traitant disparaît ou devient insolvable.",
                ),
            ), (
                Ask(Words("Authorisation: Art. 28(2) and (3)(d)", "Autorisation : art. 28(2) et (3)(d)"),
                    "clauses.d_sub_processing"),
                Ask(Words("Terms", "Conditions"), "clauses.d_sub_processing_terms"),
            )),
            Clause("7.8", Words("International transfers", "Transferts internationaux"), (
                Words(
                    "Data go to a third country or an international organisation on documented instruction only, "
                    "and in keeping with chapter V of the GDPR.",
                    "Les données ne vont vers un pays tiers ou une organisation internationale que sur instruction "
                    "documentée, et dans le respect du chapitre V du RGPD.",
                ),
            ), (Ask(Words("Transfers: Art. 28(3)(a)", "Transferts : art. 28(3)(a)"), "clauses.a_transfers"),)),
            Clause("8", Words("Assistance to the controller", "Assistance au responsable du traitement"), (
                Words(
                    "The processor passes on what a person concerned asks, answers nothing itself unless told to, "
                    "and helps with security, breaches, impact assessments and prior consultation. It says so when "
                    "it learns that data are inaccurate or out of date.",
                    "Le sous-traitant transmet ce qu'une personne concernée demande, n'y répond pas lui-même sauf "
                    "instruction, et aide pour la sécurité, les violations, les analyses d'impact et la "
                    "consultation préalable. Il signale les données qu'il apprend inexactes ou périmées.",
                ),
            ), (
                Ask(Words("Rights of the persons concerned: Art. 28(3)(e)",
                          "Droits des personnes concernées : art. 28(3)(e)"), "clauses.e_data_subject_rights"),
                Ask(Words("Articles 32 to 36: Art. 28(3)(f)", "Articles 32 à 36 : art. 28(3)(f)"),
                    "clauses.f_assistance"),
            )),
            Clause("9", Words("Notification of a personal data breach", "Notification d'une violation de données"), (
                Words(
                    "9.1. Of a breach of data that the controller processes, the processor helps to notify the "
                    "authority and to tell the persons (GDPR Art. 33 and 34).",
                    "9.1. Pour une violation de données que traite le responsable, le sous-traitant l'aide à "
                    "notifier l'autorité et à informer les personnes (RGPD, art. 33 et 34).",
                ),
                Words(
                    "9.2. Of a breach of data that the processor processes, it tells the controller without undue "
                    "delay: the nature, the persons and records concerned as far as known, a contact, the likely "
                    "consequences, what was done. What is not known yet follows.",
                    "9.2. Pour une violation de données que traite le sous-traitant, il en informe le responsable "
                    "dans les meilleurs délais : la nature, les personnes et enregistrements concernés autant qu'on "
                    "sache, un point de contact, les conséquences probables, ce qui a été fait. Ce qui n'est pas "
                    "encore su suit.",
                ),
            ), (Ask(Words("Breach notice: Art. 28(3)(f), Art. 33(2)", "Notification : art. 28(3)(f), art. 33(2)"),
                    "clauses.f_breach_notice"),)),
        ),
    ),
    (
        Words("Section III: final provisions", "Section III : dispositions finales"),
        (
            Clause("10", Words("Non-compliance and termination", "Non-respect et résiliation"), (
                Words(
                    "If the processor does not keep to this agreement, the controller may suspend the processing, "
                    "and end the agreement if that is not mended within a reasonable time, or at once if the breach "
                    "is grave or lasting. The processor may end it if the controller insists on an instruction of "
                    "which it has said that it is unlawful. Until the data are deleted or returned, this agreement "
                    "goes on holding for them.",
                    "Si le sous-traitant ne respecte pas ce contrat, le responsable peut suspendre le traitement, "
                    "et résilier le contrat si rien n'y remédie dans un délai raisonnable, ou aussitôt si le "
                    "manquement est grave ou persistant. Le sous-traitant peut le résilier si le responsable "
                    "maintient une instruction dont il a signalé l'illicéité. Tant que les données ne sont ni "
                    "effacées ni restituées, ce contrat continue de valoir pour elles.",
                ),
            ), (
                Ask(Words("At the end: Art. 28(3)(g)", "À la fin : art. 28(3)(g)"), "clauses.g_end_of_service"),
                Ask(Words("Copies and certificate", "Copies et certificat"), "clauses.g_copies"),
            )),
        ),
    ),
)  # fmt: skip
