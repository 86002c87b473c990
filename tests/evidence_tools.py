"""Taking bundles apart and putting them together again, well or badly; journals rewritten with a given key."""

import base64
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.store import MemoryStore
from ecluse.verify import Report, verify_bundle
from ecluse.wire.canonical import canonical, digest
from synthetic_evidence import NOW, Keys

Members = dict[str, bytes]


@dataclass(frozen=True)
class Genuine:
    """Bundles by stage, and the private keys behind them."""

    bundles: dict[str, Path]
    keys: Keys
    log_keys: dict[str, LogKey]
    checkpoints: dict[str, dict[str, bytes]]


def unpack(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(members: Members, *, manifest: bool = True) -> bytes:
    """A container as the exporter makes it; with ``manifest``, its manifest is made to fit."""
    members = dict(members)
    if manifest:
        listed = {name: digest(data) for name, data in members.items() if name != "manifest.json"}
        members["manifest.json"] = canonical({"format": "ecluse.manifest/1", "members": listed})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, members[name])
    return buffer.getvalue()


def audit(members: Members, folder: Path, *, manifest: bool = True, trust: Path | None = None) -> Report:
    path = folder / "tampered.zip"
    path.write_bytes(pack(members, manifest=manifest))
    return verify_bundle(path, trust=trust, now=NOW)


def first_failure(report: Report) -> str:
    assert report.failed, "nothing failed"
    assert report.exit_code == 17
    return report.failed[0].name


def find(members: Members, place: str, kind: str, ending: str = ".json") -> str:
    """The first member of a kind in a place."""
    return min(name for name in members if name.startswith(f"{place}/artefacts/{kind}/") and name.endswith(ending))


def signatures_of(members: Members, name: str) -> list[str]:
    stem = name.removesuffix("json")
    return sorted(each for each in members if each.startswith(stem) and each.endswith(".sig"))


def flipped(data: bytes, position: int | None = None) -> bytes:
    """One bit flipped, in the middle by default."""
    at = len(data) // 2 if position is None else position
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def entries_of(members: Members, place: str) -> list[bytes]:
    entries = []
    for name in sorted(n for n in members if n.startswith(f"{place}/journal/tile/entries/")):
        data, at = members[name], 0
        while at < len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            entries.append(data[at + 2 : end])
            at = end
    return entries


def journal_of(entries: Sequence[bytes], key: LogKey) -> Members:
    """A journal's files, signed by ``key``."""
    store = MemoryStore()
    journal = Journal.open(store, key)
    journal.append(list(entries))
    files = {name: store.read(name) or b"" for name in store.names("")}
    return files | {"vkey": f"{key.vkey}\n".encode()}


def rewritten(
    members: Members, place: str, key: LogKey, change: Callable[[list[bytes]], list[bytes]], *, vkey: bool = True
) -> Members:
    """The bundle with a place's journal rewritten and signed by ``key``; allowed_signers follows with ``vkey``."""
    prefix = f"{place}/journal/"
    old = members[f"{prefix}vkey"]
    rest = {name: data for name, data in members.items() if not name.startswith(prefix)}
    files = journal_of(change(entries_of(members, place)), key)
    made = rest | {prefix + name: data for name, data in files.items()}
    if vkey:
        made["allowed_signers"] = made["allowed_signers"].replace(_ssh(old), _ssh(files["vkey"]))
    else:
        made[f"{prefix}vkey"] = old
    return made


def _ssh(vkey: bytes) -> bytes:
    """A log's key as allowed_signers spells it."""
    raw = base64.b64decode(vkey.strip().split(b"+", 2)[2])[1:]
    return base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + raw)
