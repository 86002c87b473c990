"""By what a mail and an mbox are known: their first lines."""

import re

_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]{1,60}):(?:[ \t\r]|$)")
FIRST = re.compile(rb"From \S{1,300} [^\n]{0,80}\d\d:\d\d[^\n]{0,40}\d{4}")
_KNOWN = frozenset(
    (b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"received", b"mime-version", b"return-path",
     b"delivered-to", b"reply-to", b"content-type", b"x-mailer", b"dkim-signature")
)  # fmt: skip
_SURE = frozenset((b"message-id", b"received", b"mime-version", b"return-path", b"delivered-to"))
_ENOUGH = 3


def is_mail(head: bytes) -> bool:
    """Whether a file that begins like this is a mail or an mbox: header lines, some of which only mails have."""
    lines = head.split(b"\n", 80)[:80]
    boxed = FIRST.match(lines[0]) is not None
    names = set[bytes]()
    for line in lines[boxed:]:
        found = _HEADER.match(line)
        if found:
            names.add(found[1].lower())
        elif not (names and line[:1] in {b" ", b"\t"}):
            break
    known = len(names & _KNOWN)
    return known >= _ENOUGH - boxed and (boxed or bool(names & _SURE))
