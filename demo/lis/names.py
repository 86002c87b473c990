"""Word lists. Nobody in them is meant: any likeness comes from common names meeting."""

FAMILY: tuple[str, ...] = (
    "LE GOFF", "BÉNARD", "MÉNARD", "LE MÉE", "GUÉGUEN", "RÉHAULT", "DANIEL", "HAMON", "MOREL", "ROUSSEL", "GAUTIER",
    "LEMAÎTRE", "TRÉHEL", "PRÉVOST", "CORBEL", "D'ARCY", "DE LA VILLÉON", "KERMARREC", "LEFEUVRE", "GÉRARD", "JOUAN",
    "MARTIN-LEBRETON", "BOURDAIS", "HÉRISSÉ", "CHEVALIER", "POMMIER", "BRIAND", "SALAÜN", "QUÉRÉ", "BÔNE", "NOËL",
    "OLLIVIER", "PERRIGAULT", "RENAULT", "SIMONEAUX", "THÉBAULT", "VALLÉE", "YVON", "AUBRÉE", "CLÉMENT",
)  # fmt: skip
FEMALE: tuple[str, ...] = (
    "Hélène", "Françoise", "Anaïs", "Marie-Thérèse", "Léa", "Maëlle", "Éliane", "Chloé", "Zoé", "Noémie", "Annick",
    "Soizic", "Nolwenn", "Jeanne", "Inès", "Gaëlle", "Agnès", "Camille", "Solène", "Brigitte",
)  # fmt: skip
MALE: tuple[str, ...] = (
    "Loïc", "François", "Hervé", "Jérôme", "Maël", "Joël", "Rémi", "Stéphane", "Éric", "Théo", "Yannick", "Gaël",
    "Jean-René", "Malo", "Camille", "Noé", "André", "Benoît", "Cédric", "Tanguy",
)  # fmt: skip
TOWNS: tuple[tuple[str, str], ...] = (
    ("35000", "RENNES"), ("35200", "RENNES"), ("35500", "VITRÉ"), ("35300", "FOUGÈRES"), ("35600", "REDON"),
    ("35410", "CHÂTEAUGIRON"), ("35190", "TINTÉNIAC"), ("56130", "LA ROCHE-BERNARD"),
)  # fmt: skip
STREETS: tuple[str, ...] = (
    "RUE DU GÉNÉRAL DE GAULLE", "AVENUE ARISTIDE BRIAND", "IMPASSE DES ÉCOLES", "RÉSIDENCE LES HAUTS DE L'ILLE BÂT C",
    "CHEMIN DE LA MÉTAIRIE NEUVE", "PLACE DE LA RÉPUBLIQUE", "LIEU-DIT LE BAS CHÊNE",
)  # fmt: skip
COMMENTS: tuple[str, ...] = (
    "Séropositive depuis 2009, son mari M. KERMARREC n'est pas informé",
    "Cancer du sein gauche, sous tamoxifène, opérée par le Dr POMMIER",
    "Enceinte de 8 SA, ne rien laisser sur le répondeur de sa mère",
    "Sous Levothyrox et Kardégic, appeler la fille Mme BRIAND au besoin",
    "Maladie de Huntington chez le père, le frère refuse le dépistage",
    "Alcool: l'épouse a téléphoné le 12, à ne pas dire au patient",
    "Prélèvement difficile, voisine Mme JOUAN présente",
)
CLINICAL: tuple[str, ...] = (
    "Bilan annuel", "HTA", "Fièvre au retour de voyage", "Suivi chimiothérapie", "Grossesse, 2e trimestre",
    "Contrôle VIH sous trithérapie", "AVK, contrôle INR", "Asthénie", "",
)  # fmt: skip
PASSWORDS: tuple[str, ...] = ("soleil35", "azerty", "minou", "loulou1962", "motdepasse", "rennes", "papa", "123456")
SPECIALTIES: tuple[str, ...] = ("MG", "CARDIO", "GYNECO", "HEMATO", "PEDIATRIE", "URGENCES")
INSURERS: tuple[str, ...] = (
    "MUTUELLE DE L'ILLE",
    "SANTÉ VILAINE",
    "PRÉVOYANCE DE L'OUEST",
    "CMU",
    "MUTUELLE DES ARMÉES",
)
SITE_TOWNS: dict[str, str] = {
    "RENNES-CENTRE": "Laboratoire Rennes Centre",
    "RENNES-SUD": "Laboratoire Rennes Sud",
    "VITRE": "Laboratoire de Vitré",
    "FOUGERES": "Laboratoire de Fougères",
    "REDON": "Laboratoire de Redon",
}
