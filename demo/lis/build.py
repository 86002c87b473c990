"""Draw the legacy LIS, mark it, write it, and say what an order must get from it."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from demo.lis import schema, tables, work
from demo.lis.people import People, draft_people
from demo.lis.schema import Row
from demo.lis.scope import DEMO_SCOPE, Marks, Scope

Expected = dict[str, dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class Built:
    """The naive reference: what an order for ``scope`` must yield, and why the rest must not.

    ``expected``: entity → source key → catalogue field → text as stored (links ``patient``, ``request`` and helper
    ``site`` included; an observation's ``value`` and ``comparator`` are those meant by its raw text). ``out_of_scope``:
    entity → source key → reason. ``by_year_site``: entity → (year, site) → rows in scope. ``readable_names``: proper
    family and given names of the patients stored with broken encoding.
    """

    path: Path
    scope: Scope
    rows: dict[str, int]
    expected: dict[str, Expected]
    by_year_site: dict[str, dict[tuple[int, str], int]]
    out_of_scope: dict[str, dict[str, str]]
    readable_names: dict[str, tuple[str, str | None]]
    out_marks: int
    in_marks: int

    def counts(self) -> dict[str, int]:
        """Rows in scope, per entity."""
        return {entity: len(rows) for entity, rows in self.expected.items()}

    def reasons(self, entity: str) -> dict[str, int]:
        """Rows out of scope, per reason."""
        return dict(Counter(self.out_of_scope[entity].values()))


def build(path: Path, *, patients: int = 2000, seed: int = 42, scope: Scope = DEMO_SCOPE) -> Built:
    """Write the legacy LIS to a new SQLite file at ``path``.

    Raises:
        FileExistsError: something is there already; it is left alone.
        ValueError: no patient is asked for.
    """
    if patients < 1:
        raise ValueError("at least one patient is needed")
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    rng = Random(f"{seed}:{patients}")
    draft = _Draft.drawn(rng, patients, scope)
    verdict = _judge(draft, scope)
    marks = Marks(scope)
    content = _mark(rng, draft, verdict, marks)
    expected = _expected(draft, verdict)
    rng.shuffle(content["RESULTATS"])
    with closing(sqlite3.connect(path)) as connection:
        schema.write(connection, content)
    return Built(
        path=path,
        scope=scope,
        rows={table: len(rows) for table, rows in content.items()},
        expected=expected,
        by_year_site=_by_year_site(expected),
        out_of_scope={
            "patient": _refused(verdict.patients),
            "request": _refused(verdict.requests),
            "observation": _refused(verdict.results),
        },
        readable_names=draft.people.readable_names,
        out_marks=marks.out_count,
        in_marks=marks.in_count,
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    people: People
    requests: list[Row]
    results: list[Row]
    meant: list[tuple[str | None, str | None]]

    @classmethod
    def drawn(cls, rng: Random, patients: int, scope: Scope) -> "_Draft":
        """Draw everything that the scope is judged on."""
        people = draft_people(rng, patients)
        numbers = [_int(row["NUMPAT"]) for row in people.rows]
        requests = work.draft_requests(rng, numbers, scope)
        results = work.Results(rng)
        for request in requests:
            results.of_request(request)
        results.strays([request for request in requests if _refusal(request, scope) is None])
        return cls(people, requests, results.rows, results.meant)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Why each row is out of scope, by key; None when it is in."""

    patients: dict[object, str | None]
    requests: dict[object, str | None]
    results: dict[object, str | None]


def _refusal(request: Row, scope: Scope) -> str | None:
    registered, site = _text(request["DATE_ENR"]), _text(request["CODE_SITE"])
    return scope.refuses_request(registered, site, _int(request["NUMPAT"]))


def _judge(draft: _Draft, scope: Scope) -> _Verdict:
    requests = {row["ID_DOSSIER"]: _refusal(row, scope) for row in draft.requests}
    wanted = {row["NUMPAT"] for row in draft.requests if requests[row["ID_DOSSIER"]] is None}
    patients: dict[object, str | None] = {}
    for row in draft.people.rows:
        key = row["NUMPAT"]
        patients[key] = None if key in wanted else "person" if key in scope.exclude_patients else "no dossier in scope"
    results = {
        row["ID_RESULTAT"]: requests.get(row["ID_DOSSIER"], "orphan") or scope.refuses_code(_text(row["CODE_ANA"]))
        for row in draft.results
    }
    return _Verdict(patients, requests, results)


def _mark(rng: Random, draft: _Draft, verdict: _Verdict, marks: Marks) -> dict[str, list[Row]]:
    """Plant the markers in the drafted rows, and draw the tables around them."""
    _mark_patients(draft.people.rows, verdict, marks)
    prescribers = _mark_requests(draft.requests, verdict, marks)
    _mark_results(draft.results, verdict, marks)
    others = {
        "TUBES": work.draft_tubes(rng, draft.requests),
        "COMMENTAIRES": work.draft_comments(rng, draft.requests),
        "COMPTES_RENDUS": work.draft_reports(rng, draft.requests),
    }
    for table, column in (("TUBES", "LOT"), ("COMMENTAIRES", "TEXTE"), ("COMPTES_RENDUS", "NOM_FICHIER")):
        for row in others[table]:
            row[column] = marks.out(_text(row[column]))
    for row in others["COMPTES_RENDUS"]:
        row["CORPS"] = f"%PDF-1.4\n% {row['NOM_FICHIER']}\n%%EOF\n".encode()
    return {
        **tables.reference_tables(rng, marks, prescribers),
        **others,
        "PATIENTS": draft.people.rows,
        "PORTAIL": tables.portal(rng, marks, [_int(row["NUMPAT"]) for row in draft.people.rows]),
        "DOSSIERS": draft.requests,
        "RESULTATS": list(draft.results),
    }


def _mark_patients(rows: list[Row], verdict: _Verdict, marks: Marks) -> None:
    for row in rows:
        row["ADRESSE"] = marks.out(_text(row["ADRESSE"]))
        for column in ("NOM_JF", "TEL", "COURRIEL", "NOTE"):
            if row[column]:
                row[column] = marks.out(_text(row[column]))
        if verdict.patients[row["NUMPAT"]] is None:
            row["PRENOM"] = marks.inside(_text(row["PRENOM"]))
        else:
            row["NOM"] = marks.out(_text(row["NOM"]))


def _mark_requests(rows: list[Row], verdict: _Verdict, marks: Marks) -> list[str]:
    """Mark dossiers; return every prescriber's code, those twins included that only marked dossiers name."""
    twins: dict[str, str] = {}
    codes = dict.fromkeys(work.PRESCRIBERS)
    for row in rows:
        row["RENSEIGNEMENTS"] = marks.out(_text(row["RENSEIGNEMENTS"]))
        code = str(row["CODE_MED"])
        if verdict.requests[row["ID_DOSSIER"]] is None:
            row["CODE_MED"] = marks.inside(code)
        else:
            row["CODE_MED"] = twins[code] if code in twins else twins.setdefault(code, str(marks.out(code)))
        codes[str(row["CODE_MED"])] = None
    return list(codes)


def _mark_results(rows: list[Row], verdict: _Verdict, marks: Marks) -> None:
    for rank, row in enumerate(rows):
        row["LOT"] = marks.out(f"L{rank % 97:03d}")
        if row["COMMENT_RES"]:
            row["COMMENT_RES"] = marks.out(_text(row["COMMENT_RES"]))
        refused = verdict.results[row["ID_RESULTAT"]] is not None
        row["NORMES"] = marks.ordered(_text(row["NORMES"]), refused=refused)
        if refused and marks.raw_values:
            row["VALEUR"] = marks.out(_text(row["VALEUR"]))


def _expected(draft: _Draft, verdict: _Verdict) -> dict[str, Expected]:
    """Rows in scope, as stored once marked."""
    return {
        "patient": {
            str(row["NUMPAT"]): _patient(row) for row in draft.people.rows if verdict.patients[row["NUMPAT"]] is None
        },
        "request": {
            str(row["ID_DOSSIER"]): _request(row)
            for row in draft.requests
            if verdict.requests[row["ID_DOSSIER"]] is None
        },
        "observation": {
            str(row["ID_RESULTAT"]): _observation(row, meant)
            for row, meant in zip(draft.results, draft.meant, strict=True)
            if verdict.results[row["ID_RESULTAT"]] is None
        },
    }


def _by_year_site(expected: dict[str, Expected]) -> dict[str, dict[tuple[int, str], int]]:
    places = {key: (int(str(row["registered_on"])[:4]), str(row["site"])) for key, row in expected["request"].items()}
    observations = Counter(places[str(row["request"])] for row in expected["observation"].values())
    return {"request": dict(Counter(places.values())), "observation": dict(observations)}


def _refused(verdicts: dict[object, str | None]) -> dict[str, str]:
    return {str(key): reason for key, reason in verdicts.items() if reason is not None}


def _renamed(row: Row, names: dict[str, str]) -> dict[str, str | None]:
    return {name: _text(row[column]) for name, column in names.items()}


def _patient(row: Row) -> dict[str, str | None]:
    return _renamed(
        row,
        {
            "source_id": "NUMPAT",
            "family_name": "NOM",
            "given_names": "PRENOM",
            "birth_date": "DATE_NAISS",
            "sex": "TITRE",
            "nir": "NUM_SS",
        },
    )


def _request(row: Row) -> dict[str, str | None]:
    return _renamed(
        row,
        {
            "source_id": "ID_DOSSIER",
            "patient": "NUMPAT",
            "site": "CODE_SITE",
            "registered_on": "DATE_ENR",
            "prescriber": "CODE_MED",
        },
    )


def _observation(row: Row, meant: tuple[str | None, str | None]) -> dict[str, str | None]:
    stored = _renamed(
        row,
        {
            "source_id": "ID_RESULTAT",
            "request": "ID_DOSSIER",
            "code": "CODE_ANA",
            "raw_value": "VALEUR",
            "unit": "UNITE",
            "reference_range": "NORMES",
            "status": "STATUT",
        },
    )
    return stored | {"value": meant[0], "comparator": meant[1]}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a key is a whole number")
    return value
