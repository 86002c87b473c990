"""Every rule of the inspector, and the words of its evidence: of servers and of data, gathered."""

from typing import Final

from ecluse.inspector.rule import Rule, Words
from ecluse.inspector.rules_data import COUNTED_DATA, FACTS_DATA, RULES_DATA
from ecluse.inspector.rules_servers import COUNTED_SERVERS, FACTS_SERVERS, RULES_SERVERS
from ecluse.inspector.rules_tls import FACTS_TLS, RULES_TLS

__all__ = ["ARTICLES", "COUNTED", "FACTS", "FAILINGS", "RULES", "Rule", "Words"]

RULES: Final[dict[str, Rule]] = {rule.id: rule for rule in (*RULES_SERVERS, *RULES_TLS, *RULES_DATA)}
"""By id."""

COUNTED: Final[dict[str, tuple[str, str]]] = {**COUNTED_SERVERS, **COUNTED_DATA}
"""What a count counts: English and French, read before the number."""

FACTS: Final[dict[str, tuple[str, str]]] = {**FACTS_SERVERS, **FACTS_TLS, **FACTS_DATA}
"""The fixed words of evidence: English and French. A fact that is not here is a technical name and is told as it is."""

FAILINGS: Final[dict[str, tuple[str, str]]] = {
    "R5": ("files sent in clear, and no encryption on the server",
           "des fichiers envoyés en clair, et aucun chiffrement sur le serveur"),
    "R6": ("no automatic erasure after the migration", "aucun effacement automatique après la migration"),
    "R7": ("a public FTP zone that asked for no authentication",
           "une zone FTP publique qui ne demandait aucune authentification"),
    "R8": ("accounts shared by several employees", "des comptes partagés par plusieurs salariés"),
    "R9": ("no supervision and no alert", "ni supervision ni alerte"),
    "R12": ("a maintenance server that held patient data",
            "un serveur de télémaintenance qui contenait des données de patients"),
    "R14": ("passwords in clear, and social security numbers", "des mots de passe en clair, et des NIR"),
}  # fmt: skip
"""What happened in the case of 2022, by row of the design's table (domain.md, section 1, each from its sources)."""

ARTICLES: Final[dict[str, tuple[str, str]]] = {
    "5(1)(c)": ("data minimisation", "minimisation des données"),
    "5(1)(e)": ("storage limitation", "limitation de la conservation"),
    "5(1)(f)": ("integrity and confidentiality", "intégrité et confidentialité"),
    "28(3)(g)": ("deletion or return at the end", "suppression ou restitution à la fin"),
    "32(1)(a)": ("pseudonymisation and encryption", "pseudonymisation et chiffrement"),
    "32(1)(b)": ("lasting confidentiality, integrity, availability, resilience",
                 "confidentialité, intégrité, disponibilité et résilience constantes"),
    "32(1)(d)": ("regular testing of the measures", "vérification régulière des mesures"),
    "32(2)": ("security fit for the risk", "sécurité adaptée au risque"),
}  # fmt: skip
"""Articles of the GDPR that rules name."""
