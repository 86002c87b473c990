"""Annex III as Écluse proposes it: measures that it really enforces, each with the law behind it and the proof.

Nothing here is a promise of the processor's own organisation (premises, staff, backups): those the parties add. A
measure stands here only if a test tries to break it; ``tests/unit/control/test_measures.py`` looks for each.
"""

import textwrap
from dataclasses import dataclass

from ecluse.control.report_words import Lang, Reader, Words
from ecluse.domain.agreement import Measure

_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Proposal:
    """One measure: its words, its articles, the law of design.md (1 to 10), the facts of domain.md (R-numbers).

    ``tests`` prove it: paths in this repository.
    """

    heading: Words
    description: Words
    articles: str
    law: int
    facts: tuple[str, ...]
    tests: tuple[str, ...]

    def measure(self, lang: Lang) -> Measure:
        """As an agreement carries it."""
        say = Reader(lang).say
        return Measure(say(self.heading), say(self.description))

    def because(self, lang: Lang) -> str:
        """Where it comes from, in one line for engineers and counsel."""
        return Reader(lang).say(_BECAUSE, articles=self.articles, law=self.law, facts=", ".join(self.facts))


_BECAUSE = Words("GDPR Art. {articles}; law {law}; {facts}", "RGPD, art. {articles} ; loi {law} ; {facts}")

PROPOSALS: tuple[Proposal, ...] = (
    Proposal(
        Words("Minimisation", "Minimisation"),
        Words(
            "Rows and columns that leave the source are those of the signed order: sites, dates, entities, fields. "
            "Independent checks hold them to it: the compiled query, the gate before sealing, the recipient before "
            "loading. What is not named stays.",
            "Les lignes et colonnes qui quittent la source sont celles de l'ordre signé : sites, dates, entités, "
            "champs. Des contrôles indépendants les y tiennent : la requête compilée, la porte avant le scellement, "
            "le destinataire avant le chargement. Ce qui n'est pas nommé reste.",
        ),
        "5(1)(c), 25, 32", 1, ("R2", "R3", "R16"),
        ("tests/integration/laws/test_scope_end_to_end.py", "tests/integration/laws/test_gate_attacks.py"),
    ),
    Proposal(
        Words("Default configuration", "Configuration par défaut"),
        Words(
            "The default is nothing: an unknown field or category and a missing date are refused, never completed. "
            "Passwords and other secrets cannot be ordered; they are reset at the destination.",
            "Par défaut, rien : un champ ou une catégorie inconnus, une date absente sont refusés, jamais "
            "complétés. Mots de passe et autres secrets ne peuvent être ordonnés ; ils sont refaits à la "
            "destination.",
        ),
        "25(2), 32", 1, ("R2", "R13", "R14"),
        ("tests/unit/domain/test_order.py", "tests/unit/domain/test_catalogue.py"),
    ),
    Proposal(
        Words("Sensitive categories", "Catégories sensibles"),
        Words(
            "Results are sorted by curated code lists (HIV, oncology, genetics, pregnancy, drugs, blood group). A "
            "category that the order leaves out stays, with the comments on its results. Results that no list can "
            "sort stay too, unless the order takes them in.",
            "Les résultats sont classés par des listes de codes (VIH, cancer, génétique, grossesse, médicaments, "
            "groupe sanguin). Une catégorie que l'ordre exclut reste, avec les commentaires sur ses résultats. Les "
            "résultats qu'aucune liste ne classe restent aussi, sauf si l'ordre les admet.",
        ),
        "9, 32", 1, ("R13",),
        ("tests/unit/domain/test_categories.py", "tests/integration/laws/test_comments.py"),
    ),
    Proposal(
        Words("Persons who stay out", "Personnes exclues"),
        Words(
            "The order can carry a list of persons as keyed hashes, of which the controller holds the key; their "
            "rows do not leave.",
            "L'ordre peut porter une liste de personnes en empreintes à clé, dont le responsable garde la clé ; "
            "leurs lignes ne sortent pas.",
        ),
        "25, 32(1)(a)", 1, ("R19",), ("tests/unit/migration/test_persons.py",),
    ),
    Proposal(
        Words("Encryption", "Chiffrement"),
        Words(
            "Each parcel is sealed in memory (age, X25519, ChaCha20-Poly1305) to the destination's key alone, "
            "before the first write. Carrying it gives no access to its content.",
            "Chaque colis est scellé en mémoire (age, X25519, ChaCha20-Poly1305) pour la seule clé de la "
            "destination, avant la première écriture. Le transporter ne donne aucun accès à son contenu.",
        ),
        "32(1)(a)", 2, ("R5",),
        ("tests/unit/seal/test_seal_sealing.py", "tests/integration/laws/test_at_rest.py"),
    ),
    Proposal(
        Words("Nothing in clear at rest", "Rien en clair au repos"),
        Words(
            "No file, log, temporary area, core dump or error message of Écluse's holds a patient's data; the "
            "destination's own tables are the only place in clear.",
            "Aucun fichier, journal, espace temporaire, vidage mémoire ou message d'erreur d'Écluse ne contient de "
            "donnée de patient ; les tables de la destination sont le seul endroit en clair.",
        ),
        "32(1)(b)", 2, ("R3", "R5"), ("tests/integration/laws/test_at_rest.py",),
    ),
    Proposal(
        Words("Least privilege", "Moindre privilège"),
        Words(
            "Écluse writes, for each order, the statements that make a read-only role of its own in the source, "
            "which sees views of that order's scope and nothing else (PostgreSQL, MariaDB, MySQL). The source's "
            "administrator runs them; the migration then reads through these views.",
            "Écluse écrit, pour chaque ordre, les instructions qui créent dans la source un rôle à lui, en lecture "
            "seule, qui voit les vues de la portée de cet ordre et rien d'autre (PostgreSQL, MariaDB, MySQL). "
            "L'administrateur de la source les exécute ; la migration lit alors par ces vues.",
        ),
        "25, 32(1)(b)", 1, ("R3",), ("tests/functional/cli/test_views.py",),
    ),
    Proposal(
        Words("Transmission", "Transmission"),
        Words(
            "Each parcel is bound to its order, plan and batch and announced by a signed receipt: one that is "
            "swapped, dropped, repeated or altered is noticed and not loaded.",
            "Chaque colis est lié à son ordre, son plan et son lot et annoncé par un reçu signé : un colis échangé, "
            "perdu, répété ou altéré se voit et n'est pas chargé.",
        ),
        "32(1)(b)", 3, ("R5", "R12"),
        ("tests/unit/control/test_transfer.py", "tests/integration/laws/test_lying_sender.py"),
    ),
    Proposal(
        Words("Instructions and approval", "Instructions et approbation"),
        Words(
            "Nothing moves without an order signed by the controller's director, on an agreement in force signed by "
            "both parties, and a second approval where it asks for one. Whoever the agreement names can stop a "
            "migration; the director alone lets it go on.",
            "Rien ne bouge sans un ordre signé du directeur du responsable, sur un contrat en vigueur signé des "
            "deux parties, et une seconde approbation s'il la demande. Quiconque est nommé au contrat peut arrêter "
            "une migration ; le directeur seul la laisse reprendre.",
        ),
        "28(3)(a), 29, 32(4)", 9, ("R1", "R4"),
        ("tests/unit/domain/test_policies.py", "tests/unit/domain/test_lifecycle.py",
         "tests/unit/control/test_instruct.py"),
    ),
    Proposal(
        Words("Identification", "Identification"),
        Words(
            "One person, one signing key; one machine, one key. An id or a key that stands for two is refused, and "
            "so is a signature by anybody whom the agreement does not name.",
            "Une personne, une clé de signature ; une machine, une clé. Un identifiant ou une clé qui en désigne "
            "deux est refusé, comme la signature de quiconque n'est pas nommé au contrat.",
        ),
        "32(1)(b), 32(4)", 6, ("R8",), ("tests/unit/domain/test_agreement.py",),
    ),
    Proposal(
        Words("Data quality", "Qualité des données"),
        Words(
            "The original text of a value travels beside its parsed form. A row that cannot be read is set aside "
            "with its reason, sealed and counted, never dropped or guessed. Rows are read back from the destination "
            "and compared by keyed digests; every difference is listed for the controller's decision.",
            "Le texte d'origine d'une valeur voyage à côté de sa forme interprétée. Une ligne illisible est mise de "
            "côté avec son motif, scellée et comptée, jamais perdue ni devinée. Les lignes sont relues dans la "
            "destination et comparées par empreintes à clé ; chaque écart est listé pour décision du responsable.",
        ),
        "5(1)(d), 32(1)(b)", 3, ("R4",),
        ("tests/unit/migration/test_normalise.py", "tests/property/migration/test_digest_properties.py"),
    ),
    Proposal(
        Words("Resilience", "Résilience"),
        Words(
            "Each step can be killed at any instant and resumed: no row is lost, none is loaded twice.",
            "Chaque étape peut être tuée à tout instant et reprise : aucune ligne n'est perdue, aucune chargée deux "
            "fois.",
        ),
        "32(1)(b), (c)", 4, ("R4",), ("tests/crash/run/test_run_killed.py",),
    ),
    Proposal(
        Words("Logging", "Journalisation"),
        Words(
            "Each effect is written beforehand to a tamper-evident journal (RFC 6962 tree, signed checkpoints, "
            "which the controller can witness), free of patient data. A journal set back or rewritten is noticed.",
            "Chaque effet est écrit au préalable dans un journal inviolable (arbre RFC 6962, points de contrôle "
            "signés, dont le responsable peut être témoin), sans donnée de patient. Un journal remis en arrière ou "
            "réécrit se voit.",
        ),
        "5(2), 32", 5, ("R9", "R18"),
        ("tests/unit/journal/test_journal_tamper.py", "tests/crash/journal/test_journal_crash.py"),
    ),
    Proposal(
        Words("Traceability of leaks", "Traçabilité des fuites"),
        Words(
            "Each parcel carries canary rows of its own, derived from a secret of the migration and never loaded: a "
            "copy that surfaces names its parcel.",
            "Chaque colis porte des lignes témoins qui lui sont propres, tirées d'un secret de la migration et "
            "jamais chargées : une copie qui reparaît dit son colis.",
        ),
        "32, 33", 7, ("R11", "R12"), ("tests/unit/migration/test_canary.py",),
    ),
    Proposal(
        Words("Limited retention and erasure", "Conservation limitée et effacement"),
        Words(
            "All that is made for the way is born with an erase-by date; once it has come, nothing moves any more "
            "but the erasure. Keys are destroyed, parcels erased, the places scanned again for canaries, and a "
            "signed certificate lists what is gone.",
            "Tout ce qui est fait pour la route naît avec une date d'effacement ; quand elle est venue, plus rien "
            "ne bouge que l'effacement. Les clés sont détruites, les colis effacés, les lieux relus à la recherche "
            "des lignes témoins, et un certificat signé dit ce qui a disparu.",
        ),
        "5(1)(e), 28(3)(g)", 7, ("R6",),
        ("tests/unit/control/test_erase.py", "tests/unit/control/test_rescan.py",
         "tests/functional/cli/test_erase_by.py"),
    ),
    Proposal(
        Words("Demonstration of compliance", "Démonstration de la conformité"),
        Words(
            "One evidence bundle holds every signed artefact and both journals; anybody verifies it offline, with "
            "public keys and stock OpenSSH tools, without trusting who made it.",
            "Un dossier de preuves contient chaque artefact signé et les deux journaux ; chacun le vérifie hors "
            "ligne, avec les clés publiques et les outils d'OpenSSH, sans se fier à qui l'a fait.",
        ),
        "5(2), 28(3)(h), 32(1)(d)", 10, ("R18",),
        ("tests/unit/verify/test_verify_bundle.py", "tests/unit/verify/test_tamper_insiders.py"),
    ),
)  # fmt: skip


def proposed(lang: Lang) -> tuple[Measure, ...]:
    """The proposals as measures of an agreement."""
    return tuple(proposal.measure(lang) for proposal in PROPOSALS)


def proposed_yaml(lang: Lang) -> str:
    """The same as the ``measures`` of a draft that people edit, each under a comment that says where it comes from."""
    made = ["measures:"]
    for proposal in PROPOSALS:
        words = proposal.measure(lang)
        text = _typed(words.description)
        made += [
            f"  # {_typed(proposal.because(lang))}",
            f"  - heading: {_typed(words.heading)}",
            "    description: >-",
        ]
        made += textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False)
    return "\n".join(made) + "\n"


def _typed(text: str) -> str:
    """As people type it: a draft is edited by hand."""
    return text.replace("\u00a0", " ").replace("’", "'")
