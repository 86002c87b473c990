"""Versions that servers name in their greeting, and since when each is left behind.

The dates are those of the makers' own releases; a distribution mends old versions for longer, so that a finding is
possible only. Nothing is said of a product or version that is not here.
"""

import re
from collections.abc import Iterator

from ecluse.inspector import rules_servers as rules
from ecluse.inspector.findings import Finding, Sureness
from ecluse.inspector.visit import Visit

_OLDEST: tuple[tuple[str, re.Pattern[str], tuple[int, ...]], ...] = (
    ("OpenSSH", re.compile(r"OpenSSH[_ ](\d+(?:\.\d+)*)"), (8, 2)),  # February 2020
    ("vsftpd", re.compile(r"vsFTPd (\d+(?:\.\d+)*)"), (3, 0, 3)),  # July 2015; the next is of 2021
    ("ProFTPD", re.compile(r"ProFTPD (\d+(?:\.\d+)*)"), (1, 3, 6)),  # April 2017
    ("nginx", re.compile(r"nginx/(\d+(?:\.\d+)*)"), (1, 18)),  # April 2020
    ("Apache", re.compile(r"Apache/(\d+(?:\.\d+)*)"), (2, 4, 52)),  # December 2021
    ("Microsoft-IIS", re.compile(r"Microsoft-IIS/(\d+(?:\.\d+)*)"), (10,)),  # Windows Server 2016
    ("dropbear", re.compile(r"dropbear_(\d+(?:\.\d+)*)"), (2020, 79)),  # June 2020
    ("PostgreSQL", re.compile(r"PostgreSQL (\d+(?:\.\d+)*)"), (14,)),  # 13 ended in November 2025
    ("MySQL", re.compile(r"^MySQL (\d+(?:\.\d+)*)(?!.{0,60}MariaDB)"), (8, 4)),  # 8.0 ended in April 2026
    ("MariaDB", re.compile(r"(\d+(?:\.\d+)*)-MariaDB"), (10, 5)),  # 10.4 ended in June 2024
)
_LONGEST = 400


def old(visit: Visit, greeting: str) -> Iterator[Finding]:
    """Findings of what a greeting says; the rest of it is nobody's business."""
    for product, pattern, oldest in _OLDEST:
        found = pattern.search(greeting[:_LONGEST])
        if found is None:
            continue
        version = tuple(int(part) for part in found[1].split(".")[:4])
        if version < oldest:
            facts = (product, ".".join(map(str, version)), "possibly-mended")
            yield visit.found(rules.OLD_VERSION, Sureness.POSSIBLE, facts=facts)
