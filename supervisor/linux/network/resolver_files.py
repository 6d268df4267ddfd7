"""The files by which a program finds its resolver, as it sees them in the filtered mode.

glibc, musl, Go and c-ares read /etc/resolv.conf; glibc and Go ask /etc/nsswitch.conf which
sources there are, and all of them look into /etc/hosts first. The machine's own would lead to
servers, daemons and addresses that the program has no way to. See resolv.conf(5),
nsswitch.conf(5), hosts(5).
"""

from __future__ import annotations

from _socket import gethostname
from collections.abc import Collection, Mapping

from nono.broker.compiled import pattern_of
from nono.supervisor.network.hosts_file import is_ipv6_as_well, of_this_machine
from nono.supervisor.places import HOSTS, NSSWITCH_CONF, RESOLV_CONF

_RESOLV_CONF = b"nameserver 127.0.0.1\noptions use-vc ndots:0 timeout:10 attempts:2\n"
_NSSWITCH_CONF = b"""passwd: files
group: files
shadow: files
gshadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
"""
_LOOPBACK_OF_IPV6 = "ip6-localhost ip6-loopback"
_HOST_NAME = pattern_of(r"[A-Za-z0-9._-]{1,253}")


def resolver_files(copies: Mapping[str, str]) -> dict[str, bytes]:
    """The content of each file, by path; `copies` is as in `decisions.complete.Complete`."""
    contents = {
        RESOLV_CONF: _RESOLV_CONF,
        NSSWITCH_CONF: _NSSWITCH_CONF,
        HOSTS: _hosts(gethostname(), of_this_machine("localhost")),
    }
    return {path: contents[name] for path, name in copies.items()}


def _hosts(name: str, localhost: Collection[str]) -> bytes:
    """The names of this machine, which are not looked up: everything else is.

    Where its own file has `localhost` for IPv4 alone, so has this one: servers listen there, and
    many programs try nothing but the first address, which would be the other.
    """
    own = f" {name}" if _HOST_NAME.fullmatch(name) else ""
    is_both = is_ipv6_as_well(localhost)
    last = f"localhost {_LOOPBACK_OF_IPV6}" if is_both else _LOOPBACK_OF_IPV6
    return f"127.0.0.1 localhost{own}\n::1 {last}\n".encode()
