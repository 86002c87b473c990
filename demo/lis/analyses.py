"""The laboratory's analyses: local code, bench, units, ranges, and what an order would call them.

LOINC codes and categories are what the source profile is expected to supply: the legacy base has none. Codes
quoted in domain.md section 5 are verified there; 21668-9 was read in a public terminology; the others are from general
knowledge, not verified.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Analysis:
    """One line of ANALYSES, plus how to draw its results.

    ``low``, ``high`` and ``digits`` draw numbers in ``unit``; ``second`` is (unit, factor, digits) for the other unit;
    ``texts`` replaces numbers. ``loinc`` is None for a local code that maps to nothing (unclassifiable). ``decimal``
    and ``group`` are the marks this analysis is written with; ``glued``: sometimes with its unit after the number.
    """

    code: str
    label: str
    bench: str
    nabm: str
    unit: str
    reference: str
    low: float = 0.0
    high: float = 0.0
    digits: int = 0
    second: tuple[str, float, int] | None = None
    texts: tuple[str, ...] = ()
    loinc: str | None = None
    category: str | None = None
    decimal: str = ","
    group: str = ""
    glued: bool = False


_GERMS = ("Présence de Escherichia coli", "Présence de Proteus mirabilis", "Absence de germe", "Flore polymorphe")
_NEGATIVE = ("Négatif",) * 8 + ("Positif",)

_USUAL = (
    Analysis("NA", "Sodium", "BIOCHIMIE", "1610", "mmol/L", "136 - 145", 131, 148, 0, loinc="2951-2"),
    Analysis("K", "Potassium", "BIOCHIMIE", "1610", "mmol/L", "3,5 - 5,1", 3.2, 5.6, 1, loinc="2823-3"),
    Analysis("CL", "Chlorures", "BIOCHIMIE", "1610", "mmol/L", "98 - 107", 95, 110, 0, loinc="2075-0"),
    Analysis(
        "CREA",
        "Créatinine",
        "BIOCHIMIE",
        "0592",
        "µmol/L",
        "45 - 104",
        40,
        190,
        0,
        ("mg/L", 0.1131, 1),
        loinc="14682-9",
    ),
    Analysis(
        "GLY", "Glycémie", "BIOCHIMIE", "0552", "g/L", "0,70 - 1,05", 0.6, 2.4, 2, ("mmol/L", 5.55, 1), loinc="2345-7"
    ),
    Analysis("UREE", "Urée", "BIOCHIMIE", "0591", "mmol/L", "2,8 - 8,1", 2, 14, 1, loinc="22664-7"),
    Analysis("CRP", "Protéine C réactive", "BIOCHIMIE", "1804", "mg/L", "inf. à 5,00", 0.2, 90, 1, loinc="1988-5"),
    Analysis("ASAT", "ASAT", "BIOCHIMIE", "0522", "UI/L", "10 - 40", 9, 90, 0, loinc="1920-8"),
    Analysis("ALAT", "ALAT", "BIOCHIMIE", "0522", "UI/L", "10 - 40", 8, 110, 0, loinc="1742-6"),
    Analysis("GGT", "Gamma GT", "BIOCHIMIE", "0519", "UI/L", "inf. à 55", 7, 160, 0, loinc="2324-2"),
    Analysis("CHOL", "Cholestérol total", "BIOCHIMIE", "0996", "g/L", "inf. à 2,00", 1.1, 3.1, 2, loinc="2093-3"),
    Analysis("HDL", "Cholestérol HDL", "BIOCHIMIE", "0996", "g/L", "sup. à 0,40", 0.25, 0.9, 2, loinc="2085-9"),
    Analysis("TRIG", "Triglycérides", "BIOCHIMIE", "0996", "g/L", "inf. à 1,50", 0.4, 3.5, 2, loinc="2571-8"),
    Analysis("FERR", "Ferritine", "BIOCHIMIE", "0888", "µg/L", "20 - 250", 5, 420, 0, loinc="2276-4"),
    Analysis(
        "TSH", "TSH ultrasensible", "HORMONES", "1208", "mUI/L", "0,27 - 4,20", 0.1, 7.5, 2, loinc="3016-3", decimal="."
    ),
    Analysis("VITD", "Vitamine D (25-OH)", "HORMONES", "1139", "ng/mL", "sup. à 30", 6, 60, 0, loinc="62292-8"),
    Analysis(
        "HBA1C", "Hémoglobine glyquée", "BIOCHIMIE", "1577", "%", "4,0 - 6,0", 4.5, 10.5, 1, loinc="4548-4", glued=True
    ),
    Analysis("HB", "Hémoglobine", "HEMATO", "1104", "g/dL", "12,0 - 16,0", 8, 17.5, 1, loinc="718-7", glued=True),
    Analysis(
        "HT", "Hématocrite", "HEMATO", "1104", "%", "37,0 - 47,0", 28, 54, 1, loinc="4544-3", decimal=".", glued=True
    ),
    Analysis(
        "GB",
        "Leucocytes",
        "HEMATO",
        "1104",
        "G/L",
        "4,0 - 10,0",
        2.5,
        18,
        1,
        ("/mm3", 1000, 0),
        loinc="6690-2",
        group=".",
    ),
    Analysis(
        "PLT",
        "Plaquettes",
        "HEMATO",
        "1104",
        "/mm3",
        "150.000 - 400.000",
        8e4,
        5e5,
        0,
        ("G/L", 0.001, 0),
        loinc="777-3",
        group=".",
    ),
    Analysis("INR", "INR", "HEMOSTASE", "0126", "", "", 0.9, 4.2, 1, loinc="6301-6"),
    Analysis("BUNIT", "Nitrites urinaires", "BACTERIO", "5201", "", "Négatif", texts=_NEGATIVE, loinc="5802-4"),
    Analysis("ECBU", "ECBU, culture", "BACTERIO", "5201", "", "", texts=_GERMS, loinc="630-4"),
    Analysis("AGHBS", "Antigène HBs", "SEROLOGIE", "0322", "", "Négatif", texts=_NEGATIVE, loinc="5196-1"),
)

_BLOOD = ("A POS", "O POS", "B POS", "AB POS", "A NEG", "O NEG")
_HETERO = ("Absence de mutation", "Absence de mutation", "Hétérozygote", "Homozygote")

_SENSITIVE = (
    Analysis("VIH", "VIH Ag/Ac", "SEROLOGIE", "0388", "", "Négatif", texts=_NEGATIVE, loinc="56888-1", category="hiv"),
    Analysis(
        "VIHCV",
        "VIH charge virale",
        "SEROLOGIE",
        "4122",
        "copies/mL",
        "inf. à 20",
        15,
        9e4,
        0,
        loinc="25836-8",
        category="hiv",
    ),
    Analysis(
        "PSA",
        "PSA total",
        "HORMONES",
        "7318",
        "ng/mL",
        "inf. à 4,00",
        0.1,
        12,
        2,
        loinc="2857-1",
        category="oncology",
        decimal=".",
    ),
    Analysis(
        "ACE",
        "Antigène carcino-embryonnaire",
        "HORMONES",
        "7327",
        "ng/mL",
        "inf. à 5,0",
        0.5,
        20,
        1,
        loinc="2039-6",
        category="oncology",
    ),
    Analysis(
        "FVL", "Facteur V Leiden", "GENETIQUE", "1009", "", "", texts=_HETERO, loinc="21668-9", category="genetics"
    ),
    Analysis(
        "HFE", "Gène HFE, C282Y", "GENETIQUE", "0988", "", "", texts=_HETERO, loinc="21695-2", category="genetics"
    ),
    Analysis(
        "HCG", "Bêta-hCG", "HORMONES", "7402", "UI/L", "inf. à 5", 1, 9e4, 0, loinc="21198-7", category="pregnancy"
    ),
    Analysis(
        "THC", "Cannabis, urines", "TOXICO", "0658", "", "Négatif", texts=_NEGATIVE, loinc="3426-4", category="drugs"
    ),
    Analysis(
        "ETHA",
        "Éthanol",
        "TOXICO",
        "1588",
        "g/L",
        "inf. à 0,10",
        0.0,
        2.5,
        2,
        loinc="5643-2",
        category="drugs",
        decimal=".",
    ),
    Analysis(
        "GROUPE", "Groupe ABO RH1", "IMMUNOHEMATO", "1140", "", "", texts=_BLOOD, loinc="882-1", category="blood_group"
    ),
    Analysis(
        "RAI",
        "Recherche d'agglutinines irrégulières",
        "IMMUNOHEMATO",
        "1141",
        "",
        "Négatif",
        texts=_NEGATIVE,
        loinc="890-4",
        category="blood_group",
    ),
)

_LOCAL = (
    Analysis("ZDIV", "Divers", "DIVERS", "", "", "", texts=("Voir courrier", "Transmis", "1")),
    Analysis("ENVOI", "Analyse transmise à un confrère", "DIVERS", "", "", "", texts=("Reçu le 12", "En attente")),
    Analysis("XLOC7", "Indice local 7", "DIVERS", "", "U", "10 - 40", 5, 60, 1),
    Analysis(
        "CMT",
        "Commentaire libre",
        "DIVERS",
        "",
        "",
        "",
        texts=(
            "Patiente suivie pour VIH, ne pas prévenir le conjoint",
            "Sous Levothyrox, mère atteinte de la même maladie",
            "Cancer du sein traité en 2014",
        ),
    ),
)

ANALYSES: tuple[Analysis, ...] = _USUAL + _SENSITIVE + _LOCAL
USUAL, SENSITIVE, LOCAL = _USUAL, _SENSITIVE, _LOCAL
BY_CODE: dict[str, Analysis] = {analysis.code: analysis for analysis in ANALYSES}
