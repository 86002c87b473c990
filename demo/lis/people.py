"""Patients: identities with their dirt, families that share an insured's number, merged records."""

import datetime as dt
from dataclasses import dataclass, field
from random import Random

from demo.lis import dirt
from demo.lis.names import COMMENTS, FAMILY, FEMALE, MALE, STREETS, TOWNS
from demo.lis.schema import Row
from demo.lis.scope import EXCLUDED_PATIENTS, FIRST_PATIENT

_IDENTITY = ("NOM", "PRENOM", "NOM_JF", "DATE_NAISS", "TITRE", "NUM_SS")
# Merged record, into which: a duplicate of an excluded person, a chain of three, a cycle of two.
_MERGES = ((100008, 100007), (100032, 100033), (100031, 100032), (100042, 100041), (100041, 100042))


@dataclass(slots=True)
class People:
    """Rows of PATIENTS, in order of NUMPAT, and the proper names behind the mojibake."""

    rows: list[Row] = field(default_factory=list)
    readable_names: dict[str, tuple[str, str | None]] = field(default_factory=dict)


def draft_people(rng: Random, count: int) -> People:
    """Draw ``count`` patients, numbered from 100001."""
    people = People()
    for rank in range(count):
        numpat = FIRST_PATIENT + rank
        row = _draft(rng, numpat)
        people.rows.append(row)
        if numpat in EXCLUDED_PATIENTS:
            continue  # their identities stay clean: excluding them by number or by NIR must mean the same
        _share_insured(rng, row, people.rows)
        if rng.random() < 0.03:  # noqa: PLR2004
            _spoil(rng, row, people)
    _merge(rng, people)
    return people


def _draft(rng: Random, numpat: int) -> Row:
    clean = numpat in EXCLUDED_PATIENTS
    female = rng.random() < 0.54  # noqa: PLR2004
    earliest = dt.date(2016 if rng.random() < 0.05 else 1925, 1, 1)  # noqa: PLR2004
    birth = dirt.day(rng, earliest, dt.date(2018, 12, 31))
    body = dirt.nir_body(rng, female=female, birth=birth, serial=numpat - FIRST_PATIENT)
    return _civil(rng, birth, female=female) | {
        "NUMPAT": numpat,
        "DATE_NAISS": birth.strftime("%d/%m/%Y") if clean else dirt.birth_text(rng, birth),
        "NUM_SS": body + dirt.nir_key(body) if clean else dirt.nir_text(rng, body),
        **_contact(rng),
        "MILITAIRE": "O" if rng.random() < 0.01 else "N",  # noqa: PLR2004
        "NOTE": rng.choice(COMMENTS) if rng.random() < 0.12 else rng.choice(("", None)),  # noqa: PLR2004
        "FUSION_VERS": None,
        "DATE_CREATION": dirt.day(rng, dt.date(2015, 1, 1), dt.date(2017, 12, 31)).strftime("%Y%m%d"),
    }


def _civil(rng: Random, birth: dt.date, *, female: bool) -> Row:
    adult = birth.year < 2003  # noqa: PLR2004
    titles = ("F", "MME", "MME", "MLLE") if female else ("M", "M", "M")
    titles = titles if adult else ("ENFANT", "BEBE" if birth.year > 2015 else "ENFANT", "F" if female else "M")  # noqa: PLR2004
    title: str | None = rng.choice(titles)
    if rng.random() < 0.06:  # noqa: PLR2004
        title = rng.choice(("", None, "DR", "SOEUR" if female and adult else title))
    given: str | None = rng.choice(FEMALE if female else MALE)
    if rng.random() < 0.1:  # noqa: PLR2004
        given = f"{given} {rng.choice(FEMALE if female else MALE)}"
    if title == "BEBE" and rng.random() < 0.5:  # noqa: PLR2004
        given = rng.choice(("", None))
    return {
        "NOM": rng.choice(FAMILY),
        "PRENOM": given,
        "NOM_JF": rng.choice(FAMILY) if title == "MME" else rng.choice(("", None)),
        "TITRE": title,
    }


def _contact(rng: Random) -> Row:
    postcode, town = rng.choice(TOWNS)
    return {
        "ADRESSE": f"{rng.randrange(1, 120)} {rng.choice(STREETS)}"[:24],
        "CODE_POSTAL": postcode,
        "VILLE": town,
        "TEL": f"0199{rng.randrange(1000000):06d}" if rng.random() < 0.9 else rng.choice(("", None)),  # noqa: PLR2004
        "COURRIEL": f"patient{rng.randrange(10**6)}@example.org" if rng.random() < 0.4 else None,  # noqa: PLR2004
    }


def _share_insured(rng: Random, row: Row, earlier: list[Row]) -> None:
    """A child is often filed under a parent's number."""
    if row["TITRE"] in {"ENFANT", "BEBE"} and rng.random() < 0.6:  # noqa: PLR2004
        parent = rng.choice(earlier)
        if parent["NUMPAT"] not in EXCLUDED_PATIENTS and parent is not row:
            row["NUM_SS"], row["NOM"] = parent["NUM_SS"], parent["NOM"]


def _spoil(rng: Random, row: Row, people: People) -> None:
    family, given = row["NOM"], row["PRENOM"]
    if not isinstance(family, str) or (given is not None and not isinstance(given, str)):
        raise TypeError("a name is text")
    row["NOM"] = dirt.mojibake(rng, family)
    row["PRENOM"] = dirt.mojibake(rng, given) if given else given
    if (family, given) != (row["NOM"], row["PRENOM"]):
        people.readable_names[str(row["NUMPAT"])] = (family, given)


def _merge(rng: Random, people: People) -> None:
    rows = people.rows
    simple = [
        (FIRST_PATIENT + gone, FIRST_PATIENT + kept)
        for gone, kept in ((rng.randrange(60, len(rows)), rng.randrange(43, 60)) for _ in range(len(rows) // 100))
    ]
    for gone, kept in (*_MERGES, *simple):
        if max(gone, kept) - FIRST_PATIENT >= len(rows):
            continue
        loser, keeper = rows[gone - FIRST_PATIENT], rows[kept - FIRST_PATIENT]
        loser.update({name: keeper[name] for name in _IDENTITY}, FUSION_VERS=kept)
        people.readable_names.pop(str(gone), None)
        if str(kept) in people.readable_names:
            people.readable_names[str(gone)] = people.readable_names[str(kept)]
