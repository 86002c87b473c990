"""What a file is, by its first bytes and, where those say nothing, by its name."""

from enum import StrEnum

from ecluse.inspector._mail_marks import is_mail

HEAD = 1 << 12
"""Bytes of a file's beginning that tell what it is."""
_USTAR_AT = 257


class Nature(StrEnum):
    """How a file is looked at."""

    TEXT = "text"  # and whatever else is looked at byte by byte
    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    SQLITE = "sqlite"
    DBASE = "dbase"
    MAIL = "mail"
    SEALED = "sealed"
    CLOSED = "closed"  # an archive that we cannot open
    PDF = "pdf"
    PICTURE = "picture"


_MAGIC: tuple[tuple[bytes, Nature], ...] = (
    (b"PK\3\4", Nature.ZIP),
    (b"PK\5\6", Nature.ZIP),
    (b"\x1f\x8b\x08", Nature.GZIP),
    (b"BZh", Nature.BZIP2),
    (b"\xfd7zXZ\0", Nature.XZ),
    (b"SQLite format 3\0", Nature.SQLITE),
    (b"age-encryption.org/", Nature.SEALED),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", Nature.SEALED),
    (b"-----BEGIN PGP MESSAGE-----", Nature.SEALED),
    (b"Salted__", Nature.SEALED),
    (b"LUKS\xba\xbe", Nature.SEALED),
    (b"\x03\xd9\xa2\x9a", Nature.SEALED),
    (b"7z\xbc\xaf\x27\x1c", Nature.CLOSED),
    (b"Rar!\x1a\x07", Nature.CLOSED),
    (b"\x28\xb5\x2f\xfd", Nature.CLOSED),
    (b"\x04\x22\x4d\x18", Nature.CLOSED),
    (b"MSCF\0\0\0\0", Nature.CLOSED),
    (b"!BDN", Nature.CLOSED),  # Outlook's mailboxes, and Outlook Express's
    (b"\xcf\xad\x12\xfe", Nature.CLOSED),
    (b"%PDF-", Nature.PDF),
    (b"\xff\xd8\xff", Nature.PICTURE),
    (b"II*\0", Nature.PICTURE),
    (b"MM\0*", Nature.PICTURE),
)
_DUMPS: tuple[tuple[bytes, str], ...] = (
    (b"PGDMP", "pg_dump"),
    (b"-- PostgreSQL database dump", "pg_dump"),
    (b"-- PostgreSQL database cluster dump", "pg_dump"),
    (b"-- MySQL dump", "mysqldump"),
    (b"-- MariaDB dump", "mysqldump"),
    (b"/*M!999999\\- enable the sandbox mode */", "mysqldump"),
    (b"-- phpMyAdmin SQL Dump", "mysqldump"),
    (b"TAPE\0\0", "mssql-backup"),
    (b"\3\0\x03EXPORT:V", "oracle-export"),
    (b"\0\1\0\0Standard Jet DB", "access"),
    (b"\0\1\0\0Standard ACE DB", "access"),
)
_ENDINGS = {"fbk": "gbak", "gbk": "gbak", "fdb": "firebird", "gdb": "firebird", "mdf": "mssql", "ibd": "innodb"}
_COPIES = frozenset({"bak", "backup", "old", "sauvegarde", "sav", "dump", "dmp"})
_SEALED_ENDINGS = frozenset({"age", "gpg", "pgp", "asc"})
_SOUND_DBASE = frozenset({0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x83, 0x8B, 0x8C, 0xF5, 0xFB})
_DBASE_ENDINGS = frozenset({"dbf", "bak", "old", "sav"})


def ending(name: str) -> str:
    """The ending of a file's name, in lower case; empty if it has none."""
    stem, dot, last = name.rpartition("/")[2].rpartition(".")
    return last.lower() if dot and stem else ""


def nature_of(head: bytes, name: str) -> Nature:
    """How to look at a file that begins like this."""
    for magic, nature in _MAGIC:
        if head.startswith(magic):
            return nature
    if head[_USTAR_AT : _USTAR_AT + 5] == b"ustar":
        return Nature.TAR
    last = ending(name)
    dated = len(head) > 64 and 1 <= head[2] <= 12 and 1 <= head[3] <= 31  # noqa: PLR2004 - month and day of a header
    if last in _DBASE_ENDINGS and dated and head[0] in _SOUND_DBASE:
        return Nature.DBASE
    if last in _SEALED_ENDINGS and head[:1] >= b"\x80":
        return Nature.SEALED
    return Nature.MAIL if is_mail(head) else Nature.TEXT


def dump_of(head: bytes, name: str) -> str | None:
    """The program that made a backup in the clear, as a fact; None for what is none."""
    for magic, program in _DUMPS:
        if magic in head[:512] and (not magic.startswith(b"PGDMP") or head.startswith(magic)):
            return program
    last = ending(name)
    if last in _ENDINGS and b"\0" in head:
        return _ENDINGS[last]
    if last in _COPIES and head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    return None
