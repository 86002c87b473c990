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


def network_of(address: str) -> str:
    """The network of an address, as :func:`same_network` has it: ``192.0.2.0/24``; text that is no address as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = mapped or found
    bits = _IPV4_BITS if found.version == 4 else _IPV6_BITS  # noqa: PLR2004 - the protocol's version
    rest = found.max_prefixlen - bits
    return f"{type(found)(int(found) >> rest << rest)}/{bits}"
