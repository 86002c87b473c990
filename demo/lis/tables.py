"""Reference tables and never-ordered tables: every row of them is marked as never to leave."""

from random import Random

from demo.lis import dirt
from demo.lis.analyses import ANALYSES
from demo.lis.names import (
    FAMILY,
    FEMALE,
    INSURERS,
    MALE,
    PASSWORDS,
    SITE_TOWNS,
    SPECIALTIES,
    STREETS,
)
from demo.lis.schema import Row
from demo.lis.scope import Marks
from demo.lis.work import BIOLOGISTS, COLLECTORS
from demo.lis.work import INSURERS as INSURER_CODES


def reference_tables(rng: Random, marks: Marks, prescribers: list[str]) -> dict[str, list[Row]]:
    """Sites, users, prescribers, collectors, insurers, analyses."""
    return {
        "SITES": [_site(rng, marks, rank, code) for rank, code in enumerate(SITE_TOWNS)],
        "UTILISATEURS": [_user(rng, marks, code) for code in (*BIOLOGISTS, "SECR1", "SECR2", "TECH1", "ADMIN")],
        "MEDECINS": [_prescriber(rng, marks, rank, code) for rank, code in enumerate(prescribers)],
        "PRELEVEURS": [
            {"CODE_PREL": code, "NOM": marks.out(rng.choice(FAMILY)), "TEL": marks.out(f"0199{rank:06d}")}
            for rank, code in enumerate(COLLECTORS)
        ],
        "MUTUELLES": [
            {"CODE_MUT": code, "LIBELLE": marks.out(name), "NUM_AMC": f"99{rank:06d}", "TEL": marks.out("0199000000")}
            for rank, (code, name) in enumerate(zip(INSURER_CODES, INSURERS, strict=True))
        ],
        "ANALYSES": [_analysis(marks, rank) for rank in range(len(ANALYSES))],
    }


def _site(rng: Random, marks: Marks, rank: int, code: str) -> Row:
    return {
        "CODE_SITE": code,
        "LIBELLE": SITE_TOWNS[code],
        "FINESS": dirt.luhn_closed(f"99000{rank:03d}"),
        "ADRESSE": marks.out(rng.choice(STREETS)),
        "TEL": marks.out(f"01990000{rank:02d}"),
    }


def _user(rng: Random, marks: Marks, code: str) -> Row:
    return {
        "CODE_UTIL": code,
        "NOM": marks.out(rng.choice(FAMILY)),
        "MOT_PASSE": marks.out(rng.choice(PASSWORDS)),
        "PROFIL": code[:3],
    }


def _prescriber(rng: Random, marks: Marks, rank: int, code: str) -> Row:
    return {
        "CODE_MED": code,
        "NOM": marks.out(rng.choice(FAMILY)),
        "PRENOM": rng.choice(FEMALE + MALE),
        "RPPS": dirt.luhn_closed(f"999{rank:07d}"),
        "ADELI": rng.choice((f"359{rank:06d}", "", None)),
        "SPECIALITE": rng.choice(SPECIALTIES),
        "ADRESSE": marks.out(rng.choice(STREETS)),
        "TEL": marks.out(f"0199{rank:06d}"),
    }


def _analysis(marks: Marks, rank: int) -> Row:
    analysis = ANALYSES[rank]
    return {
        "CODE_ANA": analysis.code,
        "LIBELLE": analysis.label,
        "PAILLASSE": analysis.bench,
        "NABM": analysis.nabm,
        "UNITE": analysis.unit,
        "UNITE2": analysis.second[0] if analysis.second else None,
        "NORMES": analysis.reference,
        "NOTE_INTERNE": marks.out("Paramétrage 2009"),
    }


def portal(rng: Random, marks: Marks, patients: list[int]) -> list[Row]:
    """Portal accounts of one patient in three, with the password in clear (R14)."""
    return [
        {
            "NUMPAT": numpat,
            "IDENTIFIANT": f"pat{numpat}",
            "MOT_PASSE": marks.out(rng.choice(PASSWORDS)),
            "QUESTION": "Nom de jeune fille de votre mère ?",
            "REPONSE": marks.out(rng.choice(FAMILY)),
        }
        for numpat in patients
        if rng.random() < 0.33  # noqa: PLR2004
    ]
