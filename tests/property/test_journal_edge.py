"""A journal taken up at its edge is the same journal, and nothing wrong with its hashes goes unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.errors import TamperError
from ecluse.journal import Journal, LogKey, MemoryStore

KEY = LogKey("test", bytes(32))
SIZES = st.one_of(st.integers(0, 700), st.sampled_from([0, 1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 65793]))


def _filled(size: int) -> MemoryStore:
    store = MemoryStore()
    Journal.open(store, KEY).append([b"%d" % n for n in range(size)])
    return store


@given(SIZES, st.integers(0, 300))
def test_an_append_at_the_edge_is_an_append(size: int, more: int) -> None:
    store = _filled(size)
    at_edge = Journal.take_up(store, KEY)
    assert at_edge.append([b"more %d" % n for n in range(more)]) == size
    whole = Journal.open(store, KEY)
    assert (whole.size, whole.root) == (at_edge.size, at_edge.root) == (size + more, whole.root)
    if size:
        assert at_edge.inclusion_proof(size // 2) == whole.inclusion_proof(size // 2)
        assert next(iter(at_edge.entries(size - 1))) == b"%d" % (size - 1)


@pytest.mark.parametrize("size", [1, 255, 257, 600, pytest.param(65537 + 300, marks=pytest.mark.slow)])
def test_every_file_that_it_reads_is_checked(size: int) -> None:
    for path in _filled(size).names("tile/"):
        store = _filled(size) if size < 1000 else None
        if store is None and path.count("/") > 2 and not path.startswith(("tile/1", "tile/2")):
            continue
        store = store or _filled(size)
        data = bytearray(store.read(path) or b"")
        data[-1] ^= 1
        store.write(path, bytes(data))
        with pytest.raises(TamperError):
            journal = Journal.take_up(store, KEY)
            list(journal.entries())
            for index in range(0, size, 97):
                journal.inclusion_proof(index)
            journal.inclusion_proof(size - 1)
            journal.consistency_proof(size // 2)


def test_another_keys_journal_is_refused() -> None:
    with pytest.raises(TamperError):
        Journal.take_up(_filled(3), LogKey("test", bytes([1] * 32)))
