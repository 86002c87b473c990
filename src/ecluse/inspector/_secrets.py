"""Passwords written down and private keys without a passphrase, in bytes. No secret leaves this module."""

import base64
import binascii
import re
from collections.abc import Set as AbstractSet

WORDS = frozenset({b"passw", b"de_passe", b"de passe", b"mdp", b"pwd"})
"""Words for a password, in lower case."""
KEYS = frozenset({b"private key-----", b"age-secret-key-1", b"putty-user-key"})
"""Marks of private keys, in lower case."""
_PAIR = re.compile(
    rb"(?:ord|d|ort)?[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    rb"(?!(?:null|none|true|false|yes|no|change_?me|secret|password|passwd|example|your\w*|my\w*|test|string|required"
    rb"|optional|admin|x{3,}|\*{3,})\b)"
    rb"([^\s\"'<>{}$%()\[\],;*\\]{6,64})(?=[\s\"';,]|$)",
    re.IGNORECASE,
)
"""After the word: what it is."""
_URL = re.compile(rb"://[^\s:/@\"'<>{}$]{1,60}:([^\s:/@\"'<>{}$*]{4,60})@[A-Za-z0-9]")
_MOST = 1000
_TYPES = re.compile(rb"(?:varchar\S*|bool\S*|option\S*|\w+\.\w+\S*|[a-z]+_[a-z_]+|[a-z]+)", re.IGNORECASE)
_KEY = re.compile(
    rb"-----BEGIN ((?:RSA |EC |DSA |OPENSSH )?)PRIVATE KEY-----\s{1,4}"
    rb"(?:(Proc-Type: 4,ENCRYPTED)|((?:[A-Za-z0-9+/=]{16,76}\s{1,4}){1,80}))"
)
_AGE = re.compile(rb"AGE-SECRET-KEY-1[0-9A-Z]{58}")
_PUTTY = re.compile(rb"PuTTY-User-Key-File-\d: [^\n]{1,60}\nEncryption: none")
_CIPHER_AT = 15
"""Where the name of the cipher begins in an OpenSSH private key: after its 15 bytes of magic."""
_NONE = b"\0\0\0\4none"


def keys(text: bytes) -> int:
    """Private keys that need no passphrase, in a window that has one of their marks."""
    return sum(map(_bare, _KEY.finditer(text))) + len(_AGE.findall(text)) + len(_PUTTY.findall(text))


def _bare(match: re.Match[bytes]) -> bool:
    if match[2]:
        return False
    if match[1] != b"OPENSSH ":
        return True
    try:
        head = base64.b64decode(match[3][:60].translate(None, b" \t\r\n")[:40])
    except binascii.Error:
        return False
    return head[_CIPHER_AT : _CIPHER_AT + len(_NONE)] == _NONE


def passwords(text: bytes, low: bytes, hits: AbstractSet[bytes]) -> int:
    """Passwords written beside the word for it, or in an address; not names of variables nor places left to fill in."""
    number = 0
    for word in WORDS & hits:
        at, tried = low.find(word), 0
        while at >= 0 and tried < _MOST:
            at, tried = at + len(word), tried + 1
            match = _PAIR.match(text, at)
            number += match is not None and _looks_real(match[1])
            at = low.find(word, at)
    if b"@" in text:
        number += sum(_looks_real(match[1]) for match in _URL.finditer(text))
    return number


def _looks_real(word: bytes) -> bool:
    """Letters with digits or signs among them, of more than one kind: nobody's variable."""
    if _TYPES.fullmatch(word) or word.startswith((b"/", b".", b"-", b"#", b"@", b"&", b"!", b"~")):
        return False
    return any(48 <= byte <= 57 for byte in word) and any(chr(byte).isalpha() for byte in word)  # noqa: PLR2004 - a digit
