"""The bundle's container, read by the letter: a ZIP (APPNOTE 6.3) of stored members, with one possible reading.

Every byte is accounted for: members lie one after the other from the first byte, the directory follows, its end
record ends the file. Nothing is compressed, so nothing can swell; nothing is a link, a folder or hidden; dates and
attributes are constant, so that no bit of the file is free.
"""

import re
import struct
import zlib
from pathlib import Path
from typing import Any

from ecluse.domain.errors import Location, StorageError
from ecluse.verify.report import FailedError

MAX_BYTES = 1 << 30
MAX_MEMBERS = 0xFFFE
MAX_MEMBER_BYTES = 64 << 20

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*", re.ASCII)
_NAME_MAX = 300
_REGULAR_0644 = 0o100644 << 16
_MADE, _NEEDED, _TIME, _DATE = 3 << 8 | 20, 20, 0, 1 << 5 | 1


def read(path: Path) -> dict[str, bytes]:
    """Members by name.

    Raises:
        FailedError: not such a container.
        StorageError: the file cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FailedError(f"larger than {MAX_BYTES} bytes", f"plus de {MAX_BYTES} octets")
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=Location(file=str(path))) from None
    return parse(data)


def parse(data: bytes) -> dict[str, bytes]:
    """Members of a container's bytes; see :func:`read`."""
    count, directory, end = _end_record(data)
    members: dict[str, bytes] = {}
    position, place = 0, directory
    for _ in range(count):
        if place + _CENTRAL.size > end:
            raise _bad("the directory is cut short", "le répertoire est tronqué")
        header = _CENTRAL.unpack_from(data, place)
        name, place = _name(data, place + _CENTRAL.size, header[10], end)
        _check_central(header, name, position)
        if members and name <= next(reversed(members)):
            raise _bad("names are repeated or unsorted", "des noms sont répétés ou en désordre", name)
        members[name], position = _member(data, position, directory, header, name)
    if place != end or position != directory:
        raise _bad("bytes that belong to no member", "des octets n'appartiennent à aucun membre")
    return members


def _end_record(data: bytes) -> tuple[int, int, int]:
    end = len(data) - _END.size
    if end < 0:
        raise _bad("too short for a ZIP", "trop court pour un ZIP")
    magic, disk, disk2, here, count, size, offset, comment = _END.unpack_from(data, end)
    if magic != b"PK\x05\x06" or comment:
        raise _bad("not a ZIP that ends with its end record", "pas un ZIP terminé par son enregistrement de fin")
    if disk or disk2 or here != count or count > MAX_MEMBERS or offset + size != end:
        raise _bad("the end record contradicts the file", "l'enregistrement de fin contredit le fichier")
    return count, offset, end


def _name(data: bytes, start: int, length: int, limit: int) -> tuple[str, int]:
    if length > _NAME_MAX or start + length > limit:
        raise _bad("a name is too long", "un nom est trop long")
    try:
        name = data[start : start + length].decode("ascii")
    except UnicodeDecodeError:
        name = ""
    if _NAME.fullmatch(name) is None:
        raise _bad(
            "a member's name is not a plain relative path", "un nom de membre n'est pas un chemin relatif simple"
        )
    return name, start + length


def _check_central(header: tuple[Any, ...], name: str, position: int) -> None:
    flags, method, packed, size = header[3], header[4], header[8], header[9]
    extra, comment, disk, attributes, offset = header[11], header[12], header[13], header[15], header[16]
    if flags or method or packed != size:
        raise _bad("a member is compressed, encrypted or flagged", "un membre est compressé, chiffré ou marqué", name)
    if size > MAX_MEMBER_BYTES:
        raise _bad("a member is too large", "un membre est trop grand", name)
    if attributes != _REGULAR_0644 or header[14]:
        raise _bad("a member is a link, a folder or no plain file", "un membre est un lien, un dossier, ou autre", name)
    if (header[1], header[2], header[5], header[6]) != (_MADE, _NEEDED, _TIME, _DATE):
        raise _bad("a member's date or version is not the constant one", "date ou version non constante", name)
    if header[0] != b"PK\x01\x02" or extra or comment or disk or offset != position:
        raise _bad("a member is not where it belongs", "un membre n'est pas à sa place", name)


def _member(data: bytes, start: int, limit: int, central: tuple[Any, ...], name: str) -> tuple[bytes, int]:
    """The bytes of a member; its local header must say what the directory says."""
    if start + _LOCAL.size > limit:
        raise _bad("a member is cut short", "un membre est tronqué", name)
    local = _LOCAL.unpack_from(data, start)
    body = start + _LOCAL.size + local[9]
    end = body + central[9]
    if local[0] != b"PK\x03\x04" or local[10] or local[1:10] != central[2:11]:
        raise _bad("a member's two headers differ", "les deux en-têtes d'un membre diffèrent", name)
    if end > limit or data[start + _LOCAL.size : body] != name.encode("ascii"):
        raise _bad("a member is cut short or misnamed", "un membre est tronqué ou mal nommé", name)
    content = data[body:end]
    if zlib.crc32(content) != central[7]:
        raise _bad("a member's checksum is wrong", "la somme de contrôle d'un membre est fausse", name)
    return content, end


def _bad(en: str, fr: str, name: str = "") -> FailedError:
    prefix = f"{name}: " if name else ""
    return FailedError(prefix + en, prefix + fr)
