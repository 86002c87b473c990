"""Whether bytes are an age file as far as one can tell without its key: header, recipients, length, randomness.

Format: age-encryption.org/v1 (C2SP age.md). A relay opens nothing: what it can check is that the header is well formed,
that each stanza is for an X25519 recipient and their number the order's, that the payload's length is one that age
makes, and that it does not compress, as ciphertext never does and a laboratory's records always do.
"""

import re
import secrets
import zlib
from pathlib import Path
from typing import BinaryIO

from ecluse.domain.errors import RefusedError

MAGIC = b"age-encryption.org/v1\n"
MAX_HEADER = 4096
_STANZA = re.compile(rb"-> X25519 [A-Za-z0-9+/]{43}\n[A-Za-z0-9+/]{43}\n")
_GREASE = re.compile(rb"-> [!-~]*-grease(?: [!-~]+)*\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n")
"""age's own tools may add one such stanza, which stands for nobody."""
_MAC = re.compile(rb"--- [A-Za-z0-9+/]{43}\n")
_UNFINISHED = re.compile(
    rb"(?:(?:-> [!-~ ]+|[A-Za-z0-9+/]{0,64})\n)*(?:-> [!-~ ]*|-?>?|[A-Za-z0-9+/]{0,64}|---? ?[A-Za-z0-9+/]{0,43})"
)
"""The beginning of a header that goes on."""
_NONCE, _TAG, _CHUNK = 16, 16, 64 * 1024
_SAMPLE, _SAMPLES = 32 * 1024, 8
_RANDOM = 0.98
"""A sample of random bytes deflates to slightly more than itself; what comes below this share is no ciphertext."""
_LEAST_SAMPLE, _APART = 512, 128 * 1024
_DISTINCT = 0.8
"""Of the values that so many random bytes have on average (251 in a kibibyte, 221 in half of one), what none falls
below in the age of the world; letters, digits and base 64 have less than half of them."""
SAMPLE = 1024
"""Bytes of a piece that are looked at together."""


class UnsealedError(RefusedError):
    """What came is not a sealed parcel. The reason is a fixed word; nothing of the content is told."""


def header_length(head: bytes, recipients: int) -> int:
    """The header's length in bytes; ``head`` are the file's first :data:`MAX_HEADER` bytes, or all of it.

    Raises:
        UnsealedError: not an age header, or for another number of recipients.
    """
    if not head.startswith(MAGIC):
        raise UnsealedError("not an age file")
    at, found = len(MAGIC), 0
    while True:
        stanza, grease, mac = _STANZA.match(head, at), _GREASE.match(head, at), _MAC.match(head, at)
        if stanza:
            at, found = stanza.end(), found + 1
        elif grease:
            at = grease.end()
        elif mac:
            at = mac.end()
            break
        else:
            raise UnsealedError("not an age header for X25519 recipients")
    if found != recipients:
        raise UnsealedError(f"sealed to {found} recipients, not to the order's {recipients}")
    return at


def check_sealed(path: Path, recipients: int) -> None:
    """Refuse a file that is not sealed, as far as that can be told.

    Raises:
        UnsealedError: says why in fixed words.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = header_length(file.read(MAX_HEADER), recipients)
        size = file.seek(0, 2)
        _check_length(size - start)
        for offset in _offsets(start + _NONCE, size):
            _check_random(file, offset)


def _check_length(payload: int) -> None:
    """A nonce, then chunks of 64 KiB and a tag each; the last one shorter, and empty only if it is the only one."""
    rest = payload - _NONCE
    last = rest % (_CHUNK + _TAG)
    if rest < _TAG or 0 < last < _TAG or (last == _TAG and rest > _TAG):
        raise UnsealedError("not as long as any age file")


def _offsets(start: int, size: int) -> tuple[int, ...]:
    """Where samples begin: spread over the whole payload, always the same for one size."""
    room = size - start
    if room <= _SAMPLE * _SAMPLES:
        return tuple(range(start, size, _SAMPLE))
    return tuple(start + (room - _SAMPLE) * n // (_SAMPLES - 1) for n in range(_SAMPLES))


def _check_random(file: BinaryIO, offset: int) -> None:
    file.seek(offset)
    sample = file.read(_SAMPLE)
    if len(sample) >= _LEAST_SAMPLE and _compresses(sample):
        raise UnsealedError("what follows the header is not sealed")


def check_part(offset: int, data: bytes | memoryview, recipients: int) -> None:
    """Refuse a piece of an upload that no age file has at that place, before anything of it is stored.

    One kibibyte of each 128 KiB, at a place that nobody can foresee, must have as many different bytes as random ones
    have; so must the first and the last; and one of all these, again nobody knows which, must not compress.

    Raises:
        UnsealedError: says why in fixed words.
    """
    if offset < len(MAGIC) and bytes(data[: len(MAGIC) - offset]) != MAGIC[offset : offset + len(data)]:
        raise UnsealedError("not an age file")
    first = max(0, MAX_HEADER - offset)
    if offset == 0 and len(data) >= _LEAST_SAMPLE:
        head = bytes(data[:MAX_HEADER])
        if len(head) < MAX_HEADER and _UNFINISHED.fullmatch(head, len(MAGIC)):
            return  # the header goes on in the next piece, which is looked at with this one
        first = header_length(head, recipients)
    if len(data) - first < _LEAST_SAMPLE:
        return
    samples = [data[at : at + SAMPLE] for at in _places(first, len(data)) if len(data) - at >= _LEAST_SAMPLE]
    if not all(map(_is_varied, samples)) or _compresses(secrets.choice(samples)):
        raise UnsealedError("what follows the header is not sealed")


def _is_varied(sample: bytes | memoryview) -> bool:
    expected = 256 * (1 - (255 / 256) ** len(sample))
    return len(set(sample)) >= _DISTINCT * expected


def _compresses(sample: bytes | memoryview) -> bool:
    return len(zlib.compress(sample, 1)) < _RANDOM * len(sample)


def _places(first: int, end: int) -> set[int]:
    """Where samples of a piece begin: its two ends, and one anywhere in each span."""
    spans = range(first, end, _APART)
    anywhere = {at + secrets.randbelow(max(1, min(_APART, end - at) - SAMPLE + 1)) for at in spans}
    return {first, max(first, end - SAMPLE), *anywhere}
