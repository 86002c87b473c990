"""An independent look at what ``make demo-real`` migrated: plain Python over clinosim's files and the target's tables.

It shares nothing with Écluse: it reads the FHIR output that clinosim made of the same patients, the target by SQL, and
asks whether every row is right and none is missing.
"""

import csv
import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query on the target."""


SIMULATED_UNTIL = dt.date(2024, 12, 31)
"""The last day that ``demo.real`` has clinosim simulate."""


class Result(NamedTuple):
    """What makes a numeric result the same: whose, which LOINC code, obtained when (to the second), how much."""

    patient: str
    loinc: str
    obtained: str
    value: Decimal


@dataclass(frozen=True)
class Truth:
    """What FHIR says: encounters of each numeric result, encounters' first days, patients, and what is no number."""

    results: dict[Result, list[str]]
    started: dict[str, dt.date]
    patients: dict[str, tuple[str, str, str]]
    textual: int


@dataclass(frozen=True)
class Count:
    """One line of the account; ``holds`` is None where it only informs."""

    en: str
    fr: str
    holds: bool | None = None


def read_truth(fhir: Path) -> Truth:
    """What clinosim's FHIR output says."""
    patients = {p["id"]: p for p in _ndjson(fhir / "Patient.ndjson")}
    encounters = {e["id"]: e for e in _ndjson(fhir / "Encounter.ndjson")}
    results, textual = defaultdict(list), 0
    for each in _ndjson(fhir / "Observation.ndjson"):
        if each["category"][0]["coding"][0]["code"] != "laboratory":
            continue
        if "valueQuantity" not in each:
            textual += 1
            continue
        who = _key(patients[_id(each["subject"])])
        value = Decimal(str(each["valueQuantity"]["value"]))
        result = Result(who, each["code"]["coding"][0]["code"], each["issued"][:19], value)
        results[result].append(_key(encounters[_id(each["encounter"])]))
    started = {_key(e): dt.date.fromisoformat(e["period"]["start"][:10]) for e in encounters.values()}
    people = {_key(p): (p["name"][0]["family"], p["name"][0]["given"][0], p["gender"]) for p in patients.values()}
    return Truth(dict(results), started, people, textual)


def account(rows: Rows, output: Path, dates: tuple[dt.date, dt.date]) -> Iterator[Count]:
    """Compare the target with FHIR. ``dates`` are the order's, both included."""
    truth = read_truth(output / "fhir_r4")
    total = sum(map(len, truth.results.values()))
    yield Count(
        f"FHIR holds {total + truth.textual} laboratory observations; {truth.textual} are no numbers (cultures and "
        "susceptibilities): they are not in lab_results.csv, and microbiology.csv is not part of this profile",
        f"FHIR contient {total + truth.textual} observations de laboratoire ; {truth.textual} ne sont pas des nombres "
        "(cultures, antibiogrammes) : lab_results.csv ne les a pas, et microbiology.csv n'est pas dans ce profil",
    )
    migrated = _migrated(rows)
    yield from _results(truth, migrated, _ambiguous(output / "csv"), dates)
    yield from _requests(truth, rows, dates)
    found = {key: tuple(rest) for key, *rest in rows("SELECT legacy_id, last_name, first_names, sex FROM person")}
    used = {who for (who,) in rows("SELECT DISTINCT person FROM request")}
    same = all(truth.patients[key] == names for key, names in found.items())
    yield Count(
        f"{len(found)} of {len(truth.patients)} patients, each reached by a request, names and sex as in FHIR",
        f"{len(found)} patients sur {len(truth.patients)}, chacun atteint par un dossier, noms et sexe comme en FHIR",
        same and set(found) == used,
    )


def _results(
    truth: Truth, migrated: dict[Result, list[str]], ambiguous: Counter[tuple[str, str]], dates: tuple[dt.date, dt.date]
) -> Iterator[Count]:
    matched, wrong, outside, missing, undecided, late = 0, 0, 0, 0, 0, 0
    for result in truth.results.keys() | migrated.keys():
        right, got = truth.results.get(result, []), migrated.get(result, [])
        attributed = [request for request in got if "@" not in request]
        own = [request for request in got if "@" in request]
        if _day(result) > SIMULATED_UNTIL and not right:
            late += len(got)
        else:
            wrong += sum((Counter(attributed) - Counter(right)).values()) + max(0, len(got) - len(right))
        wrong += sum(not _inside(truth.started[r], dates) for r in attributed)
        wrong += sum(not _inside(_day(result), dates) for _ in own)
        undecided += len(own)
        matched += len(got) if right else 0
        for encounter in (Counter(right) - Counter(attributed)).elements():
            if own:
                own.pop()
            else:
                untold = (result.patient, result.obtained) in ambiguous and not _inside(_day(result), dates)
                out = untold or not _inside(truth.started[encounter], dates)
                outside, missing = outside + out, missing + (not out)
    yield Count(
        f"{matched} numeric results migrated: each is in FHIR with the same patient, LOINC code, time and value",
        f"{matched} résultats numériques migrés : chacun est en FHIR, même patient, code LOINC, heure et valeur",
        wrong == 0,
    )
    if late:
        yield Count(
            f"{late} more come after the simulation's last day: clinosim's CSV files hold them, its FHIR does not",
            f"{late} autres sont d'après le dernier jour simulé : les CSV de clinosim les contiennent, pas son FHIR",
        )
    yield Count(
        f"{undecided} of them name no encounter, for the CSV files do not tell which; none of the others a wrong one",
        f"{undecided} d'entre eux ne nomment pas de venue, car les CSV ne disent pas laquelle ; aucun des autres n'en "
        "nomme une fausse",
        wrong == 0,
    )
    yield Count(
        f"{outside} numeric results stay: their request is outside the order's dates; {missing} are missing",
        f"{outside} résultats numériques restent : leur dossier est hors des dates de l'ordre ; il en manque {missing}",
        missing == 0,
    )


def _requests(truth: Truth, rows: Rows, dates: tuple[dt.date, dt.date]) -> Iterator[Count]:
    found = {key for (key,) in rows("SELECT legacy_id FROM request")}
    inside = {key for key, day in truth.started.items() if _inside(day, dates)}
    emergency = {key for key in inside if key.endswith("-ED")}
    encounters = {key for key in found if "@" not in key}
    yield Count(
        f"{len(encounters)} encounters migrated, all those that begin in the order's dates "
        f"(FHIR splits {len(emergency)} emergency stays off; the CSV files do not)",
        f"{len(encounters)} venues migrées, toutes celles qui commencent dans les dates de l'ordre "
        f"(FHIR détache {len(emergency)} passages aux urgences ; pas les CSV)",
        encounters == inside - emergency,
    )


def _migrated(rows: Rows) -> dict[Result, list[str]]:
    sql = (
        "SELECT q.person, r.loinc, to_char(r.obtained_at, 'YYYY-MM-DD\"T\"HH24:MI:SS'), r.value, r.request "
        "FROM result r JOIN request q ON q.legacy_id = r.request WHERE r.value IS NOT NULL"
    )
    made: dict[Result, list[str]] = defaultdict(list)
    for patient, loinc, obtained, value, request in rows(sql):
        made[Result(patient, loinc, obtained, value.normalize() + 0)].append(request)
    return made


def _ambiguous(folder: Path) -> Counter[tuple[str, str]]:
    """Results, by patient and time, that the orders of the day before leave to no encounter or to several."""
    orders = defaultdict(list)
    for each in _csv(folder / "orders.csv"):
        if each["order_type"] == "lab":
            moment = dt.datetime.fromisoformat(each["ordered_datetime"])
            orders[each["patient_id"], each["display_name"]].append((moment, each["encounter_id"]))
    found: Counter[tuple[str, str]] = Counter()
    for each in _csv(folder / "lab_results.csv"):
        at = dt.datetime.fromisoformat(each["result_datetime"])
        asked = orders[each["patient_id"], each["lab_name"]]
        near = {encounter for moment, encounter in asked if moment <= at <= moment + dt.timedelta(days=1)}
        found[each["patient_id"], each["result_datetime"][:19]] += len(near) != 1
    return +found


def _day(result: Result) -> dt.date:
    return dt.date.fromisoformat(result.obtained[:10])


def _inside(day: dt.date, dates: tuple[dt.date, dt.date]) -> bool:
    return dates[0] <= day <= dates[1]


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _ndjson(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _id(reference: dict[str, str]) -> str:
    return reference["reference"].rpartition("/")[2]


def _key(resource: dict[str, Any]) -> str:
    key: str = resource["identifier"][0]["value"]
    return key
