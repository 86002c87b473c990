"""The published vectors of the journal's formats: each good one is read, each bad one fails as it says."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ecluse.domain import errors
from ecluse.domain.errors import MalformedError
from ecluse.journal.checkpoint import Checkpoint
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_consistency, verify_inclusion
from ecluse.journal.note import Note, VerifierKey
from ecluse.journal.store import MemoryStore
from ecluse.journal.tiles import Tile, bundles, encode_entries, hash_tiles, parse_entries, parse_hashes


def load(name: str) -> dict[str, Any]:
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def named(rows: list[dict[str, Any]]) -> list[Any]:
    assert len({row["name"] for row in rows}) == len(rows) > 0
    return [pytest.param(row, id=row["name"]) for row in rows]


def note_bytes(row: dict[str, Any]) -> bytes:
    return row["note"].encode() if "note" in row else base64.b64decode(row["note_base64"])


NOTES = load("notes.json")
KEYS = load("keys.json")
CHECKPOINTS = load("checkpoints.json")
TILES = load("tiles.json")
MERKLE = load("merkle.json")


@pytest.mark.parametrize("row", named(NOTES["good"]))
def test_good_note(row: dict[str, Any]) -> None:
    note = Note.parse(note_bytes(row))
    times = VerifierKey.parse(row["vkey"]).verify(note)
    assert note.encode() == note_bytes(row)
    if "times" in row:
        assert list(times) == row["times"]


@pytest.mark.parametrize("row", named(NOTES["bad"]))
def test_bad_note(row: dict[str, Any]) -> None:
    key = VerifierKey.parse(row["vkey"])
    with pytest.raises(errors.EcluseError) as caught:
        key.verify(Note.parse(note_bytes(row)))
    assert type(caught.value) is getattr(errors, row["error"])


@pytest.mark.parametrize("row", named(KEYS["good"]))
def test_good_verifier_key(row: dict[str, Any]) -> None:
    key = VerifierKey.parse(row["vkey"])
    assert (key.name, key.id.hex(), key.kind, str(key)) == (row["key_name"], row["id"], row["kind"], row["vkey"])


@pytest.mark.parametrize("row", named(KEYS["bad"]))
def test_bad_verifier_key(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        VerifierKey.parse(row["vkey"])


def test_every_mangled_verifier_key_is_refused() -> None:
    vkey = KEYS["good"][1]["vkey"]
    mangled = {vkey[i:j] for i in range(len(vkey) + 1) for j in range(i, len(vkey) + 1)} - {vkey}
    mangled |= {vkey[:i] + chr(ord(vkey[i]) + 1) + vkey[i + 1 :] for i in range(len(vkey))}
    for text in mangled:
        with pytest.raises(MalformedError):
            VerifierKey.parse(text)


@pytest.mark.parametrize("row", named(CHECKPOINTS["good"]))
def test_good_checkpoint(row: dict[str, Any]) -> None:
    checkpoint = Checkpoint.parse(row["text"])
    assert checkpoint == Checkpoint(row["origin"], row["size"], bytes.fromhex(row["root"]), tuple(row["extensions"]))
    assert checkpoint.text == row["text"]


@pytest.mark.parametrize("row", named(CHECKPOINTS["bad"]))
def test_bad_checkpoint(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Checkpoint.parse(row["text"])


def test_published_roots_of_the_ct_tree() -> None:
    leaves = [bytes.fromhex(leaf) for leaf in MERKLE["leaves"]]
    assert [leaf_hash(leaf).hex() for leaf in leaves] == MERKLE["leaf_hashes"]
    roots = [Frontier().grown(map(leaf_hash, leaves[:n]))[0].root.hex() for n in range(len(leaves) + 1)]
    assert roots == MERKLE["roots"]
    assert roots[0] == EMPTY_ROOT.hex()


def ct_journal() -> Journal:
    journal = Journal.open(MemoryStore(), LogKey.generate("ct.example"))
    journal.append([bytes.fromhex(leaf) for leaf in MERKLE["leaves"]])
    return journal


@pytest.mark.parametrize("row", MERKLE["inclusion"], ids=lambda row: f"{row['index']} in {row['size']}")
def test_published_inclusion_proofs(row: dict[str, Any]) -> None:
    proof = tuple(map(bytes.fromhex, row["proof"]))
    assert ct_journal().inclusion_proof(row["index"], row["size"]) == proof
    leaf, root = (bytes.fromhex(MERKLE[k][row[i]]) for k, i in (("leaf_hashes", "index"), ("roots", "size")))
    verify_inclusion(leaf, row["index"], row["size"], proof, root)


@pytest.mark.parametrize("row", MERKLE["consistency"], ids=lambda row: f"{row['old']} to {row['new']}")
def test_published_consistency_proofs(row: dict[str, Any]) -> None:
    proof = tuple(map(bytes.fromhex, row["proof"]))
    assert ct_journal().consistency_proof(row["old"], row["new"]) == proof
    old, new = (bytes.fromhex(MERKLE["roots"][row[size]]) for size in ("old", "new"))
    verify_consistency(row["old"], old, row["new"], new, proof)


@pytest.mark.parametrize("row", TILES["paths"], ids=lambda row: row["path"])
def test_good_tile_path(row: dict[str, Any]) -> None:
    tile = Tile(row["level"], row["index"], row["width"])
    assert tile.path == row["path"]
    assert Tile.parse(row["path"]) == tile


@pytest.mark.parametrize("path", TILES["bad_paths"], ids=repr)
def test_bad_tile_path(path: str) -> None:
    with pytest.raises(MalformedError):
        Tile.parse(path)


@pytest.mark.parametrize("row", TILES["layouts"], ids=lambda row: str(row["size"]))
def test_files_of_a_tree(row: dict[str, Any]) -> None:
    expected: dict[str, list[int]] = {}
    for tile in hash_tiles(row["size"]):
        counts = expected.setdefault(str(tile.level), [0, 0])
        if tile.width == 256:
            counts[0] += 1
        else:
            counts[1] = tile.width
    assert expected == row["files"]
    full, partial = row["files"].get("0", [0, 0])
    widths = [bundle.width for bundle in bundles(row["size"])]
    assert widths == [256] * full + ([partial] if partial else [])


@pytest.mark.parametrize("row", named(TILES["bundles"]))
def test_good_bundle(row: dict[str, Any]) -> None:
    entries = tuple(map(bytes.fromhex, row["entries"]))
    assert encode_entries(entries).hex() == row["hex"]
    assert parse_entries(bytes.fromhex(row["hex"]), len(entries)) == entries


@pytest.mark.parametrize("row", named(TILES["bad_bundles"]))
def test_bad_bundle(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        parse_entries(bytes.fromhex(row["hex"]), row["width"])


@pytest.mark.parametrize("row", named(TILES["bad_hashes"]))
def test_bad_hash_tile(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        parse_hashes(bytes.fromhex(row["hex"]), row["width"])
