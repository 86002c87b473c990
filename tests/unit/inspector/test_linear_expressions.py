"""Expressions that read what others wrote take time by its length, not by its square."""

import re
import time

import pytest

from ecluse.inspector import _office, _tables, accounts, web

HOSTILE: dict[str, tuple[re.Pattern[bytes] | re.Pattern[str], bytes | str]] = {
    "columns of a table": (_tables._COLUMN, b"\n" * 60_000),
    "links": (web._HREF, "<a " * 30_000),
    "strings of a sheet": (_office._T, b"<t " * 30_000),
    "entries of vsftpd": (accounts._ENTERED, "[" * 60_000),
    "entries of ProFTPD": (accounts._ENTERED, "proftpd[1] ([a]) " * 3_500),
    "failures of ProFTPD": (accounts._FAILED, "proftpd[1] ([a]) " * 3_500),
    "failures of sshd": (accounts._FAILED, "sshd[1]: Failed x for " * 2_700),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_soon(name: str) -> None:
    pattern, text = HOSTILE[name]
    begun = time.process_time()
    assert pattern.findall(text) == []  # type: ignore[arg-type]
    assert time.process_time() - begun < 1


def test_what_they_are_for() -> None:
    table = b"id int,\r\n\r\n  `nom` varchar(9),\n\n\tnaissance\n date, x\n json"
    assert _tables._COLUMN.findall(table) == [b"id", b"nom", b"naissance", b"x"]
    assert web._HREF.findall("<a class='x'\n href = \"a/\">a</a><A HREF=b>") == ["a/", "b"]
    assert _office._T.findall(b'<si><t xml:space="preserve">a</t><t>b</t></si>') == [b"a", b"b"]
