"""A warning's letter: what is sealed, and the secret by which its anonymous reporter follows it up (R10).

A letter is a ZIP of stored members (``text.txt``, ``about.txt``, ``attachments/…``), sealed as one age file, so that
stock tools open it too. Nothing in it is parsed where it arrives.

The reporter's secret has 125 bits. Of it the room keeps what :func:`hashlib.scrypt` makes, and an age identity locked
under it: answers are sealed to that identity's recipient, and only the secret opens them.
"""

import hashlib
import hmac
import io
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ecluse.domain.errors import InternalError, MalformedError
from ecluse.seal.sealing import Identity

MAX_TEXT: Final = 20_000
MAX_FILES: Final = 5
MAX_BYTES: Final = 2 * 2**20
"""Characters of a letter; attachments, and their bytes together."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no letter is taken for a figure
_LOOKALIKES: Final = str.maketrans("OIL", "011")
_SECRET: Final = 25
_RECEIPT: Final = 8
_GROUP: Final = 5
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_TEXT, _ABOUT, _FOLDER = "text.txt", "about.txt", "attachments/"
_LONGEST: Final = 64 * 2**20
_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it came; nobody here looks into it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody wrote. ``about``: whom or what it concerns, in their words."""

    text: str
    about: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """What is kept of a reporter's secret, and the mailbox that it opens."""

    salt: bytes
    verifier: bytes
    mailbox: str
    lock: bytes


def check_letter(text: str, attachments: Sequence[Attachment]) -> None:
    """Refuse what is empty or larger than a letter may be.

    Raises:
        MalformedError: says which.
    """
    if not text.strip():
        raise MalformedError("a warning has at least a few words")
    if len(text) > MAX_TEXT:
        raise MalformedError(f"a warning has at most {MAX_TEXT} characters; attach the rest")
    if len(attachments) > MAX_FILES or sum(len(each.data) for each in attachments) > MAX_BYTES:
        raise MalformedError(f"a warning has at most {MAX_FILES} attachments, {MAX_BYTES // 2**20} MiB together")


def pack(letter: Letter) -> bytes:
    """A letter as bytes to be sealed. Attachments' names are made harmless; their content is not touched."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        _put(made, _TEXT, letter.text.encode("utf-8", "replace"))
        if letter.about:
            _put(made, _ABOUT, letter.about.encode("utf-8", "replace"))
        for place, each in enumerate(letter.attachments, 1):
            _put(made, f"{_FOLDER}{place:02}-{safe_name(each.name)}", each.data)
    return out.getvalue()


def _put(made: zipfile.ZipFile, name: str, data: bytes) -> None:
    made.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_STORED)


def unpack(data: bytes) -> Letter:
    """A letter from its bytes, once opened.

    Raises:
        MalformedError: not a letter of ours.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            members = held.infolist()
            plain = all(each.compress_type == zipfile.ZIP_STORED for each in members)
            if not plain or sum(each.file_size for each in members) > _LONGEST:
                raise MalformedError("not a warning's letter")
            found = {each.filename: held.read(each) for each in members}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise MalformedError("not a warning's letter") from None
    if _TEXT not in found:
        raise MalformedError("not a warning's letter")
    files = [
        Attachment(safe_name(name.removeprefix(_FOLDER)), each)
        for name, each in found.items()
        if name.startswith(_FOLDER)
    ]
    return Letter(_plain(found[_TEXT]), _plain(found.get(_ABOUT, b"")), tuple(files))


def _plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def safe_name(name: str) -> str:
    """A file's name without folders, controls or anything that a shell, a page or a header reads as its own."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = re.sub(r"[^\w.-]+", "-", last)[-_NAME:].strip(".-")
    return kept or "file"


def shown_text(text: str) -> str:
    """A text as a terminal may show it: without control characters but line ends and tabs."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C")


def new_receipt() -> str:
    """A warning's public number, ``W-7K3Q-9X2M``: 40 random bits, so that it tells nothing of the others."""
    drawn = _draw(_RECEIPT)
    return f"W-{drawn[:4]}-{drawn[4:]}"


def new_secret() -> str:
    """A reporter's secret: 125 bits in five groups of five."""
    drawn = _draw(_SECRET)
    return "-".join(drawn[at : at + _GROUP] for at in range(0, _SECRET, _GROUP))


def read_receipt(text: str) -> str:
    """A receipt as a person typed it, in its one form; whatever else they typed stays what it is not."""
    typed = _typed(text)
    if len(typed) == _RECEIPT + 1:
        typed = typed.removeprefix("W")
    return f"W-{typed[:4]}-{typed[4:]}" if len(typed) == _RECEIPT else ""


def _draw(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))


def _typed(text: str) -> str:
    upper = re.sub(r"[\s\u2010-\u2015-]+", "", text[:200].upper())
    return upper.translate(_LOOKALIKES)


def lock_mailbox(secret: str) -> Lock:
    """A new mailbox that only ``secret`` opens."""
    identity, salt = Identity.generate(), secrets.token_bytes(16)
    key, verifier = _stretched(secret, salt)
    # One key for one message: the salt makes another each time, and a nonce is not needed.
    lock = ChaCha20Poly1305(key).encrypt(bytes(12), identity._secret.encode("ascii"), None)  # noqa: SLF001 - this layer's
    return Lock(salt, verifier, identity.recipient, lock)


def open_mailbox(secret: str, kept: Lock | None) -> Identity | None:
    """The identity that a secret opens, or None; without ``kept`` the same work is done for nothing."""
    key, verifier = _stretched(secret, kept.salt if kept else bytes(16))
    if not hmac.compare_digest(verifier, kept.verifier if kept else bytes(32)) or kept is None:
        return None
    try:
        opened = ChaCha20Poly1305(key).decrypt(bytes(12), kept.lock, None)
    except InvalidTag:
        raise InternalError("a reporter's mailbox does not open by the secret that it was locked with") from None
    return Identity(kept.mailbox, opened.decode("ascii"))


def _stretched(secret: str, salt: bytes) -> tuple[bytes, bytes]:
    # 16 MiB and some tens of milliseconds (RFC 7914); the secret is strong without it.
    made = hashlib.scrypt(_typed(secret).encode("utf-8", "replace"), salt=salt, n=2**14, r=8, p=1, dklen=64)
    return made[:32], made[32:]
