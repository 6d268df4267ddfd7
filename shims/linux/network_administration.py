"""What administers a network by a socket in it: refused in every mode, as data.

Whoever made a user namespace has every capability over the networks in it, and so has every process
of the same user outside of it (user_namespaces(7)). A program has sockets of such a network: its
datagram sockets, where hosts are named. On them the kernel would allow all of this; one request
would even give the namespace itself. On every other socket the kernel refuses it anyhow, since a
program has no capability over the machine's network: nobody misses it there, and a socket may be
handed from one sandbox to another.

Sources: capabilities(7), netdevice(7), ip(7), ipv6(7), and the kernel's uapi headers sockios.h,
in.h, in6.h, netfilter_ipv4/ip_tables.h, netfilter_ipv6/ip6_tables.h.
"""

from __future__ import annotations

from typing import Final

IPPROTO_IP: Final = 0
IPPROTO_IPV6: Final = 41

SOCKET_REQUESTS: Final = 0x8900
"""ioctl(2) requests of sockets and interfaces, with any last byte."""

LOOKING_REQUESTS: Final[dict[str, int]] = {
    "FIOSETOWN": 0x8901,
    "SIOCSPGRP": 0x8902,
    "FIOGETOWN": 0x8903,
    "SIOCGPGRP": 0x8904,
    "SIOCATMARK": 0x8905,
    "SIOCGSTAMP": 0x8906,
    "SIOCGSTAMPNS": 0x8907,
    "SIOCGIFNAME": 0x8910,
    "SIOCGIFCONF": 0x8912,
    "SIOCGIFFLAGS": 0x8913,
    "SIOCGIFADDR": 0x8915,
    "SIOCGIFDSTADDR": 0x8917,
    "SIOCGIFBRDADDR": 0x8919,
    "SIOCGIFNETMASK": 0x891B,
    "SIOCGIFMETRIC": 0x891D,
    "SIOCGIFMTU": 0x8921,
    "SIOCGIFHWADDR": 0x8927,
    "SIOCGIFSLAVE": 0x8929,
    "SIOCGIFINDEX": 0x8933,
    "SIOCGIFPFLAGS": 0x8935,
    "SIOCGIFTXQLEN": 0x8942,
    # It sets as well: of `lo`, all that a network of a program's own has, how it cuts packets.
    "SIOCETHTOOL": 0x8946,
    "SIOCOUTQNSD": 0x894B,
    "SIOCGARP": 0x8954,
    "SIOCGIFMAP": 0x8970,
    "SIOCBONDSLAVEINFOQUERY": 0x8993,
    "SIOCBONDINFOQUERY": 0x8994,
    "SIOCGHWTSTAMP": 0x89B1,
}
"""Those of them that programs look at a network with."""

Options = dict[int, dict[str, int]]
"""Level -> name -> number of options of setsockopt(2) and getsockopt(2)."""

POLICY_OPTIONS: Final[Options] = {
    IPPROTO_IP: {"IP_IPSEC_POLICY": 16, "IP_XFRM_POLICY": 17},
    IPPROTO_IPV6: {"IPV6_IPSEC_POLICY": 34, "IPV6_XFRM_POLICY": 35},
}
"""To encrypt or drop what is sent."""

TABLE_OPTIONS: Final[Options] = {
    IPPROTO_IPV6: {"IP6T_BASE_CTL": 64, "IP6T_SO_SET_ADD_COUNTERS": 65},
}
"""Netfilter's that lie among the options of a socket: to set, and to get."""

REVISION_OPTIONS: Final[Options] = {
    IPPROTO_IPV6: {"IP6T_SO_GET_REVISION_MATCH": 68, "IP6T_SO_GET_REVISION_TARGET": 69},
}
"""To get: the kernel loads a module by its name for them."""

FIRST_FOREIGN_OPTION: Final[dict[int, int]] = {IPPROTO_IP: 64, IPPROTO_IPV6: 128}
"""Level -> a power of two: from here on the numbers are no options of a socket, but those of
netfilter, ARP tables, bridges, IPVS and multicast routing."""

SO_ORIGINAL_DST: Final = 80
"""One of netfilter's that only tells, and of the socket itself."""
