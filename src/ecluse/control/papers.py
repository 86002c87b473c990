"""Artefacts as files on somebody's desk.

``X.yaml`` is what a person writes; ``X.json`` beside it, its canonical form; ``X.json.<signer>.sig``, a signature.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ecluse.domain.errors import Location, SignatureError, UsageError
from ecluse.wire.artefacts import decode, digest_of, encode
from ecluse.wire.canonical import digest
from ecluse.workspace.files import read, write_atomic

T = TypeVar("T")
_BUNDLED = re.compile(r"[0-9a-f]{64}\.json")


@dataclass(frozen=True, slots=True)
class Paper(Generic[T]):
    """An artefact read from its canonical file, with the signatures that lie beside it, by signer; not yet believed."""

    value: T
    signatures: dict[str, bytes]
    file: Path

    @property
    def digest(self) -> str:
        """Its content address."""
        return digest_of(self.value)


def canonical_file(path: Path) -> Path:
    """Where the canonical form of a document lies: ``X.json`` for ``X.yaml``; ``X.json`` itself."""
    return path if path.suffix == ".json" else path.with_suffix(".json")


def read_paper(cls: type[T], path: Path) -> Paper[T]:
    """An artefact and its signatures, from ``X.json`` or from the name of the ``X.yaml`` beside it.

    Raises:
        UsageError: there is no canonical file.
        MalformedError: it is not canonical, or not of this kind.
    """
    file = canonical_file(path)
    if not file.is_file():
        hint = "it is made by signing the draft" if file != path else None
        raise UsageError("there is no such file", location=Location(file=str(file)), hint=hint)
    return Paper(decode(cls, read(file), file=str(file)), signatures_beside(file), file)


def signatures_beside(file: Path) -> dict[str, bytes]:
    """Signatures that lie beside a canonical file, by signer; also as an unpacked evidence bundle names them.

    There, ``<sha256>.json`` has ``<sha256>.<signer>.sig``.
    """
    stem = f"{file.name}."
    if _BUNDLED.fullmatch(file.name) and not any(path.name.startswith(stem) for path in file.parent.iterdir()):
        stem = f"{file.stem}."
    found = sorted(path for path in file.parent.iterdir() if path.name.startswith(stem) and path.suffix == ".sig")
    return {path.name.removeprefix(stem).removesuffix(".sig"): read(path) for path in found}


def keep_canonical(value: object, path: Path) -> Path:
    """Write the canonical form beside a draft, or make sure that the one there is the same; returns its file.

    Raises:
        SignatureError: another text has been signed under this name.
    """
    file, data = canonical_file(path), encode(value)
    if file.is_file() and digest(read(file)) != digest(data):
        if signatures_beside(file):
            raise SignatureError(
                "signatures were made over another text than the draft's present one",
                location=Location(file=str(file)),
                hint="a signed text is never changed: give the new draft another name",
            )
        file.unlink()
    if not file.is_file():
        write_atomic(file, data, mode=0o644)
    return file


def keep_signature(file: Path, signer: str, signature: bytes) -> Path:
    """Write a signature beside its canonical file; returns its file."""
    made = file.with_name(f"{file.name}.{signer}.sig")
    write_atomic(made, signature, mode=0o644)
    return made


def write_new(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file; never over another file.

    Raises:
        UsageError: the name is taken, or the folder is missing.
        StorageError: the disk is full or protected.
    """
    place = Location(file=str(path))
    if path.exists() or path.is_symlink():
        raise UsageError("a file with this name exists already", location=place, hint="choose another name")
    if not path.parent.is_dir():
        raise UsageError("the folder does not exist", location=place)
    write_atomic(path, text.encode("utf-8"), mode=mode)
