"""Keyed fingerprints of the marks of ordered rows (``domain.tracing``), for whole batches at once (R11).

A tuple's normal form is hashed to 16 bytes by the row digest's function under a public constant, once whatever the
key; AES-256 under the trace key makes a pseudo-random number of that. Of it 60 bits are kept, under the 4 of the
tuple's kind. Without the key, which only the controller can open, a fingerprint is a random number, and nobody can
make the one of a person he thinks of. Why so: ``docs/decisions/0019-trace.md``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ecluse.domain.errors import InternalError
from ecluse.domain.tracing import (
    BY_CODE,
    BY_KIND,
    FAMILY_LETTERS,
    FORMAT,
    GIVEN_LETTERS,
    MARITAL,
    MAX_NUMBER,
    NIR_BODY,
    ORIGINS,
    Form,
    Kind,
    Origin,
    Rule,
)
from ecluse.migration.canary import markers
from ecluse.migration.dates import text_bytes
from ecluse.migration.digest import row_digests

Prints = npt.NDArray[np.uint64]
Blocks = npt.NDArray[np.uint64]

KEY_BYTES = 32
KIND_SHIFT = np.uint64(60)
_CONTEXT = FORMAT.encode()
_MASK = np.uint64((1 << 60) - 1)
_ASCII = 0x80
_SHARES = np.ones(16, np.uint64)
_SHARES[list(BY_CODE)] = [rule.share for rule in BY_CODE.values()]


class Prf:
    """The trace key's function of hashed tuples."""

    def __init__(self, key: bytes) -> None:
        """``key`` is 32 random bytes, used for nothing else. Raises InternalError for another length."""
        if len(key) != KEY_BYTES:
            raise InternalError("a trace key has 32 bytes")
        derived = HKDF(SHA256(), length=32, salt=None, info=_CONTEXT).derive(key)
        # Blocks are a pseudo-random function's arguments; no text is ever encrypted, nothing is decrypted.
        self._encryptor = Cipher(algorithms.AES(derived), modes.ECB()).encryptor()  # noqa: S305

    def __call__(self, blocks: Blocks, code: int | Prints) -> Prints:
        """Fingerprints of an n x 2 array of hashed tuples of the kind of that code, or each of its own."""
        if not len(blocks):
            return np.empty(0, np.uint64)
        out = np.empty((len(blocks) + 1, 2), np.uint64)
        self._encryptor.update_into(blocks.data.cast("B"), out.data.cast("B"))
        made: Prints = (out[:-1, 0] & _MASK) | (np.asarray(code, np.uint64) << KIND_SHIFT)
        return made


def fingerprints(rows: pa.Table, entity: str, key: bytes) -> Prints:
    """Fingerprints of all marks of one ordered batch, ascending, each once; columns that are not there leave none."""
    prf, found = Prf(key), []
    for rule, blocks in _hashed(rows, entity):
        prints = prf(blocks, rule.code)
        found.append(prints[stored(prints)])
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)


def stored(prints: Prints) -> npt.NDArray[np.bool_]:
    """Which a filter holds, or would hold: of each kind one of its ``share``, told by the fingerprint itself."""
    held: npt.NDArray[np.bool_] = prints % _SHARES[(prints >> KIND_SHIFT).astype(np.int64)] == 0
    return held


def canary_fingerprints(canary_key: bytes, parcels: Sequence[str], n: int, key: bytes) -> Mapping[str, Prints]:
    """Fingerprints of the markers of each parcel's ``n`` canary rows, by the parcel's name (R12)."""
    prf, made = Prf(key), {}
    rule = BY_KIND[Kind.CANARY]
    for parcel in parcels:
        texts = pa.array([marker.decode() for marker in markers(canary_key, [parcel], n)], pa.string())
        made[parcel] = prf(hashed(rule, [texts]), rule.code)
    return made


def hashed(rule: Rule, forms: Sequence[pa.Array | pa.ChunkedArray]) -> Blocks:
    """Hashes of tuples of normal forms without nulls: an n x 2 array, the same whatever the key."""
    table = pa.table(list(forms), names=[str(place) for place in range(len(forms))])
    return row_digests(table, _CONTEXT + rule.kind.encode()).view(np.uint64)


def _hashed(rows: pa.Table, entity: str) -> Iterator[tuple[Rule, Blocks]]:
    normal: dict[tuple[str, Form], pa.Array] = {}
    for origin in ORIGINS.get(entity, ()):
        if not set(origin.fields) <= set(rows.column_names):
            continue
        rule = BY_KIND[origin.kind]
        for name, form in zip(origin.fields, rule.forms, strict=True):
            if (name, form) not in normal:
                normal[name, form] = normalised(rows.column(name), form)
        forms = _whole([normal[pair] for pair in _pairs(origin, rule)])
        if len(forms[0]):
            yield rule, hashed(rule, forms)


def _pairs(origin: Origin, rule: Rule) -> list[tuple[str, Form]]:
    return list(zip(origin.fields, rule.forms, strict=True))


def _whole(forms: list[pa.Array]) -> list[pa.Array]:
    """The rows in which no form is null."""
    held = forms[0].is_valid()
    for other in forms[1:]:
        held = pc.and_(held, other.is_valid())
    return forms if pc.all(held).as_py() else [form.filter(held) for form in forms]


def normalised(column: pa.ChunkedArray, form: Form) -> pa.Array:
    """Normal forms of a column's values, each different value looked at once; null where there is none."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    encoded = column.dictionary_encode()
    values = encoded.dictionary.cast(pa.string())
    return _FORMS[form](values).take(encoded.indices)


def _letters(texts: pa.Array) -> pa.Array:
    if not _is_ascii(texts):
        texts = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKD"), r"\p{Mn}+", "")
        for ligature, plain in (("œ", "OE"), ("æ", "AE"), ("ø", "O"), ("ł", "L"), ("đ", "D"), ("ß", "SS")):
            texts = pc.replace_substring(pc.replace_substring(texts, ligature, plain), ligature.upper(), plain)
        texts = pc.replace_substring(texts, "ẞ", "SS")
    return pc.utf8_trim(pc.replace_substring_regex(pc.utf8_upper(texts), "[^A-Z]+", " "), " ")


def _is_ascii(texts: pa.Array) -> bool:
    starts, widths, data = text_bytes(texts)
    if not len(starts):
        return True
    held = data[starts[0] : starts[-1] + widths[-1]]
    return not len(held) or int(held.max()) < _ASCII


def _if(held: pa.Array, texts: pa.Array) -> pa.Array:
    return pc.if_else(held, texts, pa.scalar(None, pa.string()))


def _family(texts: pa.Array) -> pa.Array:
    names = pc.replace_substring_regex(_letters(texts), MARITAL, "")
    names = pc.replace_substring_regex(names, r"^(?:(?:D|DE|DU|DES|L|LA|LE|LES) )+([A-Z])", r"\1")
    return _at_least_two(pc.utf8_slice_codeunits(pc.replace_substring(names, " ", ""), 0, FAMILY_LETTERS))


def _given(texts: pa.Array) -> pa.Array:
    first = pc.replace_substring_regex(_letters(texts), " .*$", "")
    return _at_least_two(pc.utf8_slice_codeunits(first, 0, GIVEN_LETTERS))


def _at_least_two(names: pa.Array) -> pa.Array:
    return _if(pc.greater(pc.binary_length(names), 1), names)


def _day(texts: pa.Array) -> pa.Array:
    texts = pc.utf8_trim_whitespace(texts)
    held = pc.match_substring_regex(texts, r"^[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:[T ].*)?)?)?$")
    held = pc.and_not(held, pc.starts_with(texts, "0000"))
    digits = pc.replace_substring(pc.utf8_slice_codeunits(texts, 0, 10), "-", "")
    return _if(held, pc.replace_substring_regex(digits, "^([0-9]{4})(?:00(?:..)?|([0-9]{2})00)$", r"\1\2"))


def _nir(texts: pa.Array) -> pa.Array:
    compact = pc.replace_substring_regex(pc.utf8_upper(texts), "[^0-9A-Z]+", "")
    held = pc.match_substring_regex(compact, "^[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}(?:[0-9]{2})?$")
    return _if(held, pc.utf8_slice_codeunits(compact, 0, NIR_BODY))


def _phone(texts: pa.Array) -> pa.Array:
    digits = pc.replace_substring_regex(texts, "[^0-9]+", "")
    held = pc.match_substring_regex(digits, "^(?:0|33|0033|330|00330)?[1-9][0-9]{8}$")
    digits = pc.utf8_slice_codeunits(digits, -9)
    made_up = pc.match_substring_regex(digits, "^(?:1{9}|2{9}|3{9}|4{9}|5{9}|6{9}|7{9}|8{9}|9{9})$")
    return _if(pc.and_not(held, made_up), digits)


def _postcode(texts: pa.Array) -> pa.Array:
    texts = pc.utf8_trim_whitespace(texts)
    return _if(pc.match_substring_regex(texts, "^[0-9]{4,5}$"), pc.utf8_lpad(texts, 5, "0"))


def _email(texts: pa.Array) -> pa.Array:
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return _if(pc.match_substring_regex(texts, r"^[^\s@]{1,64}@[^\s@]{1,255}$"), texts)


def _number(texts: pa.Array) -> pa.Array:
    plain = pc.replace_substring_regex(pc.utf8_upper(texts), "[^0-9A-Z]+", "")
    plain = pc.ascii_ltrim(plain, "0")
    size = pc.binary_length(plain)
    return _if(pc.and_(pc.greater(size, 0), pc.less_equal(size, MAX_NUMBER)), plain)


_FORMS: Mapping[Form, Callable[[pa.Array], pa.Array]] = {
    Form.FAMILY: _family,
    Form.GIVEN: _given,
    Form.DAY: _day,
    Form.NIR: _nir,
    Form.PHONE: _phone,
    Form.POSTCODE: _postcode,
    Form.EMAIL: _email,
    Form.NUMBER: _number,
}
