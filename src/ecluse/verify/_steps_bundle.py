"""Steps 1 to 3: the bundle as a container."""

import hashlib
from typing import Any

from ecluse.domain.errors import MalformedError
from ecluse.verify._case import Case, fits, sort_members
from ecluse.verify.report import FailedError, Words
from ecluse.wire.canonical import canonical, digest, parse

_MANIFEST = "manifest.json"
_FORMAT = "ecluse.manifest/1"


def container(case: Case) -> Words:
    """The file is a ZIP with one reading, within bounds."""
    case.members = case.load()
    size = sum(map(len, case.members.values()))
    return Words(f"{len(case.members)} members, {size} bytes", f"{len(case.members)} membres, {size} octets")


def manifest(case: Case) -> Words:
    """The manifest is canonical and lists every member with its digest, and no other; every name belongs."""
    listed = _listed(case.members.get(_MANIFEST))
    present = {name for name in case.members if name != _MANIFEST}
    for name in sorted(present ^ listed.keys()):
        fits(name in present, f"{name}: listed but missing", f"{name} : annoncé mais absent")
        raise FailedError(f"{name}: present but not listed", f"{name} : présent mais non annoncé")
    for name in sorted(present):
        fits(digest(case.members[name]) == listed[name], f"{name}: another digest", f"{name} : autre empreinte")
    for name in ("README.txt", "LISEZMOI.txt", "allowed_signers"):
        fits(name in present, f"{name}: missing", f"{name} : absent")
    sort_members(case)
    fits(case.places, "the bundle holds no place", "le lot ne contient aucun lieu")
    names = ", ".join(sorted(case.places))
    return Words(
        f"{len(present)} digests match; places: {names}", f"{len(present)} empreintes exactes ; lieux : {names}"
    )


def _listed(data: bytes | None) -> dict[str, str]:
    if data is None:
        raise FailedError(f"{_MANIFEST}: missing", f"{_MANIFEST} : absent")
    try:
        value: Any = parse(data)
        sound = canonical(value) == data and value.keys() == {"format", "members"} and value["format"] == _FORMAT
        members: dict[str, str] = value["members"] if sound else {}
        sound = sound and all(isinstance(each, str) for each in members.values())
    except (MalformedError, AttributeError):
        sound = False
    if not sound:
        raise FailedError(f"{_MANIFEST}: not a canonical manifest", f"{_MANIFEST} : pas un manifeste canonique")
    return members


def addresses(case: Case) -> Words:
    """Every artefact is named by its own SHA-256, and every signature stands beside its artefact."""
    count = 0
    for place in case.places.values():
        for paper in place.papers.values():
            name = f"{place.name}/{paper.kind}/{paper.address}"
            if paper.data is None:
                raise FailedError(f"{name}: signatures without artefact", f"{name} : signatures sans artefact")
            found = f"sha256:{hashlib.sha256(paper.data).hexdigest()}"
            fits(found == paper.address, f"{name}: not these bytes", f"{name} : ce ne sont pas ces octets")
            count += 1
    return Words(f"{count} artefacts are what their names say", f"{count} artefacts conformes à leur nom")
