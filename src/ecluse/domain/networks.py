"""Whether two addresses are of one place, as far as addresses can tell."""

import ipaddress

_IPV4_BITS, _IPV6_BITS = 24, 48


def same_network(one: str, other: str) -> bool:
    """Whether two IP addresses share their first 24 bits (IPv4) or 48 (IPv6): our choice, a usual site.

    Text that is no address is of no network but its own.
    """
    try:
        first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return one == other
    if first.version != second.version:
        return False
    bits = _IPV4_BITS if first.version == 4 else _IPV6_BITS  # noqa: PLR2004 - the protocol's version
    return second in ipaddress.ip_network(f"{first}/{bits}", strict=False)
