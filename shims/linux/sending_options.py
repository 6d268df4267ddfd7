"""Options of sockets that make the kernel send to where connect(2) did not say, as data.

Sources: socket(7), ip(7), ipv6(7), tcp(7), RFC 791, RFC 3542 and the kernel's uapi headers of the
names used.
"""

from __future__ import annotations

from typing import Final

from nono.shims.linux.network_administration import IPPROTO_IP, IPPROTO_IPV6, Options

_SOL_SOCKET: Final = 1
_IPPROTO_TCP: Final = 6

DESTINATION_OPTIONS: Final[Options] = {
    _IPPROTO_TCP: {"TCP_FASTOPEN_CONNECT": 30},
    IPPROTO_IP: {"IP_OPTIONS": 4},
    IPPROTO_IPV6: {
        "IPV6_2292PKTOPTIONS": 6,
        "IPV6_HOPOPTS": 54,
        "IPV6_RTHDRDSTOPTS": 55,
        "IPV6_RTHDR": 57,
        "IPV6_DSTOPTS": 59,
    },
}
"""Options that send packets to a host that connect(2) did not name: a connection at the first
write, a stop on the route (RFC 791, RFC 3542). Every mode decides on connects, so none has them."""

_MULTICAST: Final[dict[str, int]] = {
    "MCAST_JOIN_GROUP": 42,
    "MCAST_BLOCK_SOURCE": 43,
    "MCAST_UNBLOCK_SOURCE": 44,
    "MCAST_LEAVE_GROUP": 45,
    "MCAST_JOIN_SOURCE_GROUP": 46,
    "MCAST_LEAVE_SOURCE_GROUP": 47,
    "MCAST_MSFILTER": 48,
}

FILTERED_OPTIONS: Final[Options] = {
    # Which interface, whatever the routes say.
    _SOL_SOCKET: {"SO_BINDTODEVICE": 25, "SO_BINDTOIFINDEX": 62},
    # Groups: a TCP socket can join some ways, and IGMP or MLD tells the network of it at once.
    IPPROTO_IP: {
        "IP_ADD_MEMBERSHIP": 35,
        "IP_DROP_MEMBERSHIP": 36,
        "IP_UNBLOCK_SOURCE": 37,
        "IP_BLOCK_SOURCE": 38,
        "IP_ADD_SOURCE_MEMBERSHIP": 39,
        "IP_DROP_SOURCE_MEMBERSHIP": 40,
        "IP_MSFILTER": 41,
        "IP_UNICAST_IF": 50,
    }
    | _MULTICAST,
    IPPROTO_IPV6: {
        "IPV6_ADD_MEMBERSHIP": 20,
        "IPV6_DROP_MEMBERSHIP": 21,
        "IPV6_UNICAST_IF": 76,
        # RFC 2292 sends by these as well; Linux only says with them what it received.
        "IPV6_2292HOPOPTS": 3,
        "IPV6_2292DSTOPTS": 4,
        "IPV6_2292RTHDR": 5,
    }
    | _MULTICAST,
    # Turns a TCP socket into one of another protocol. What wants it for TLS does without.
    _IPPROTO_TCP: {"TCP_ULP": 31},
}
"""Options that make the kernel send by itself, or another way than connect(2) alone would."""
