"""The laboratory's work: dossiers, results with their corrections, tubes, comments, reports."""

import datetime as dt
from collections import Counter
from random import Random

from demo.lis import dirt
from demo.lis.analyses import LOCAL, SENSITIVE, USUAL, Analysis
from demo.lis.names import CLINICAL, COMMENTS
from demo.lis.schema import Row
from demo.lis.scope import SITES, Scope

ORPHANS = (999999001, 999999002)
PRESCRIBERS = tuple(f"M{number:03d}" for number in range(1, 81))
COLLECTORS = tuple(f"P{number:02d}" for number in range(1, 21))
INSURERS = tuple(f"A{number}" for number in range(1, 6))
BIOLOGISTS = ("BIO1", "BIO2", "BIO3")
_FIRST_DAY, _LAST_DAY = dt.date(2015, 1, 1), dt.date(2020, 12, 31)
# Dossiers at the edges of the demo's order: (DATE_ENR, CODE_SITE).
_EDGES: tuple[tuple[str | None, str | None], ...] = (
    ("20180101", "RENNES-CENTRE"), ("20191231", "RENNES-SUD"), ("20171231", "RENNES-CENTRE"),
    ("20200101", "RENNES-SUD"), ("20180615", None), ("20180615", "RENNES"), ("20190815", "VITRE"),
)  # fmt: skip
_IMPOSSIBLE: tuple[tuple[str | None, str | None], ...] = (
    ("20190230", "RENNES-CENTRE"), ("20181301", "RENNES-CENTRE"), ("", "RENNES-SUD"), (None, "RENNES-CENTRE"),
)  # fmt: skip
_STRAY_CODES: tuple[str | None, ...] = ("vih", "VIH ", "", None)


def draft_requests(rng: Random, patients: list[int], scope: Scope) -> list[Row]:
    """Six dossiers a patient on average, then the edges; identifiers follow neither date nor patient."""
    owners = [*patients, *(rng.choice(patients) for _ in range(5 * len(patients)))]
    rng.shuffle(owners)
    rows = [_request(rng, 500001 + rank, owner) for rank, owner in enumerate(owners)]
    edges = _EDGES + (_IMPOSSIBLE if scope.impossible_dates else ())
    free = [row for row in rows if row["NUMPAT"] not in scope.exclude_patients]
    for row, (registered, site) in zip(free, edges, strict=False):
        row.update(DATE_ENR=registered, DATE_PREL=registered, CODE_SITE=site)
    met: set[object] = set()
    for row in rows:  # an excluded person would otherwise be in scope: exclusion must be what keeps them out
        if row["NUMPAT"] in scope.exclude_patients and row["NUMPAT"] not in met:
            met.add(row["NUMPAT"])
            row.update(DATE_ENR="20180703", DATE_PREL="20180703", CODE_SITE="RENNES-CENTRE")
    _number(rows)
    return rows


def _request(rng: Random, key: int, patient: int) -> Row:
    registered = dirt.day(rng, _FIRST_DAY, _LAST_DAY).strftime("%Y%m%d")
    return {
        "ID_DOSSIER": key,
        "NUM_DOSSIER": "",
        "CODE_SITE": rng.choices(SITES, (35, 20, 17, 15, 13))[0],
        "NUMPAT": patient,
        "CODE_MED": rng.choice(PRESCRIBERS),
        "CODE_PREL": rng.choice((*COLLECTORS, "", None)),
        "CODE_MUT": rng.choice((*INSURERS, None)),
        "DATE_ENR": registered,
        "HEURE_ENR": f"{rng.randrange(7, 19):02d}{rng.randrange(60):02d}" if rng.random() < 0.98 else "",  # noqa: PLR2004
        "DATE_PREL": registered,
        "URGENT": rng.choice(("N", "N", "N", "N", "O", "", None)),
        "RENSEIGNEMENTS": rng.choice(CLINICAL),
        "NUM_ORDONNANCE": str(rng.randrange(10**7, 10**8)),
    }


def _number(rows: list[Row]) -> None:
    """Printed numbers restart per site and year, so sites share them."""
    counters: Counter[tuple[object, str]] = Counter()
    for row in rows:
        year = str(row["DATE_ENR"] or "0000")[2:4]
        counters[row["CODE_SITE"], year] += 1
        row["NUM_DOSSIER"] = f"{year}{counters[row['CODE_SITE'], year]:05d}"


class Results:
    """Draws results; ``rows`` are RESULTATS, ``meant`` the (value, comparator) behind each."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.rows: list[Row] = []
        self.meant: list[tuple[str | None, str | None]] = []

    def of_request(self, request: Row) -> None:
        """Results of one dossier: usual analyses, sometimes sensitive or local ones, corrections."""
        rng = self._rng
        chosen = rng.sample(USUAL, rng.randrange(4, 11))
        if rng.random() < 0.3:  # noqa: PLR2004
            chosen.append(rng.choice(SENSITIVE))
        if rng.random() < 0.1:  # noqa: PLR2004
            chosen.append(rng.choice(LOCAL))
        for analysis in chosen:
            self._of_analysis(request, analysis)

    def _of_analysis(self, request: Row, analysis: Analysis) -> None:
        draw = self._rng.random()
        if analysis.second is None:
            self._add(request, analysis, second=False)
        else:  # either unit, or both side by side
            if draw < 0.7:  # noqa: PLR2004
                self._add(request, analysis, second=False)
            if draw > 0.55:  # noqa: PLR2004
                self._add(request, analysis, second=True)
        if draw < 0.02:  # noqa: PLR2004
            self._correct(request, analysis)

    def _correct(self, request: Row, analysis: Analysis) -> None:
        former = self.rows[-1]
        former["STATUT"] = "V"
        self._add(request, analysis, second=False)
        self.rows[-1].update(STATUT="C", VERSION=2, ID_PRECEDENT=former["ID_RESULTAT"])

    def _add(self, request: Row, analysis: Analysis, *, second: bool) -> None:
        rng = self._rng
        raw, unit, value, comparator = dirt.write_result(rng, analysis, second=second)
        status = "V" if (draw := rng.random()) < 0.91 else "T" if draw < 0.96 else "N"  # noqa: PLR2004
        self.meant.append((value, comparator))
        self.rows.append(
            {
                "ID_RESULTAT": 7000001 + len(self.rows),
                "ID_DOSSIER": request["ID_DOSSIER"],
                "CODE_ANA": analysis.code,
                "VALEUR": raw,
                "UNITE": unit,
                "NORMES": (None if draw < 0.01 else "") if second else analysis.reference,  # noqa: PLR2004
                "STATUT": status,
                "VERSION": 1,
                "ID_PRECEDENT": None,
                "DATE_RES": request["DATE_ENR"],
                "HEURE_RES": request["HEURE_ENR"],
                "AUTOMATE": f"{analysis.bench[:3]}-{1 + len(self.rows) % 3}",
                "LOT": None,
                "VALIDEUR": BIOLOGISTS[len(self.rows) % 3] if status == "V" else None,
                "COMMENT_RES": rng.choice(COMMENTS) if draw < 0.02 else None,  # noqa: PLR2004
            }
        )

    def strays(self, requests: list[Row]) -> None:
        """Add what even the smallest base must hold.

        On the given dossiers: every sensitive and local analysis, and codes that are in no table. Besides: results
        whose dossier does not exist.
        """
        serology = SENSITIVE[0]
        for rank, analysis in enumerate((*SENSITIVE, *LOCAL) if requests else ()):
            self._add(requests[rank % len(requests)], analysis, second=False)
        for request, code in zip(requests, _STRAY_CODES, strict=False):
            self._add(request, serology, second=False)
            self.rows[-1]["CODE_ANA"] = code
        for orphan in ORPHANS:
            self._add({"ID_DOSSIER": orphan, "DATE_ENR": "20180704", "HEURE_ENR": "0912"}, USUAL[0], second=False)


def draft_tubes(rng: Random, requests: list[Row]) -> list[Row]:
    """One or two tubes a dossier."""
    rows: list[Row] = []
    for request in requests:
        for kind in rng.sample(("SEC", "EDTA", "CITRATE", "URINE"), rng.choice((1, 1, 2))):
            key = len(rows) + 1
            rows.append(
                {
                    "ID_TUBE": key,
                    "ID_DOSSIER": request["ID_DOSSIER"],
                    "CODE_BARRE": f"{key:09d}",
                    "TYPE": kind,
                    "LOT": None,
                }
            )
    return rows


def draft_comments(rng: Random, requests: list[Row]) -> list[Row]:
    """Free comments on one dossier in twelve: diagnoses, third persons."""
    chosen = [request for request in requests if rng.random() < 0.08]  # noqa: PLR2004
    return [
        {
            "ID_COMMENTAIRE": key,
            "ID_DOSSIER": request["ID_DOSSIER"],
            "TEXTE": rng.choice(COMMENTS),
            "AUTEUR": rng.choice(BIOLOGISTS),
            "DATE_COM": request["DATE_ENR"],
        }
        for key, request in enumerate(chosen, 1)
    ]


def draft_reports(rng: Random, requests: list[Row]) -> list[Row]:
    """PDF-like documents for one dossier in seven; the file name is marked by the caller, the body follows it."""
    chosen = [request for request in requests if rng.random() < 0.15]  # noqa: PLR2004
    return [
        {
            "ID_CR": key,
            "ID_DOSSIER": request["ID_DOSSIER"],
            "NOM_FICHIER": f"CR_{request['ID_DOSSIER']}.pdf",
            "CORPS": b"",
            "VERSION": rng.choice((1, 1, 1, 2)),
        }
        for key, request in enumerate(chosen, 1)
    ]
