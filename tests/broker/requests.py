"""Requests of every kind, for the properties that hold for all of them."""

from __future__ import annotations

from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    Access,
    Bind,
    Connect,
    ConnectHost,
    Execute,
    Forbidden,
    Metadata,
    Open,
    Operation,
    PathChange,
    ServerName,
    Socket,
    UnixConnect,
    Watch,
)
from tests.broker.worlds import CALLER, paths


def change(
    operation: Operation,
    path: str,
    own: bool = False,
    target: str | None = None,
    directory: bool = True,
) -> PathChange:
    return PathChange(CALLER, operation, path, own, target, directory)


any_text = st.text(max_size=20)
any_path = st.one_of(paths, paths, any_text)
operations = st.sampled_from([*Operation])
any_access = st.integers(0, ALL_ACCESS.value).map(Access)
requests = st.one_of(
    st.builds(Open, st.just(CALLER), any_path, any_access, st.booleans()),
    st.builds(
        PathChange,
        st.just(CALLER),
        operations,
        any_path,
        st.booleans(),
        st.none() | any_path,
        st.booleans(),
    ),
    st.builds(Metadata, st.just(CALLER), any_text, any_path, st.booleans()),
    st.builds(Watch, st.just(CALLER), any_path, st.booleans()),
    st.builds(Execute, st.just(CALLER), any_path),
    st.builds(UnixConnect, st.just(CALLER), any_path, st.booleans()),
    st.builds(
        Connect, st.just(CALLER), any_text, st.integers(), st.none() | any_text, st.booleans()
    ),
    st.builds(ConnectHost, st.just(CALLER), any_text, st.integers()),
    st.builds(ServerName, st.just(CALLER), any_text, st.integers(), st.none() | any_text),
    st.builds(Bind, st.just(CALLER), any_text, st.integers()),
    st.builds(Socket, st.just(CALLER), any_text),
    st.builds(Forbidden, st.just(CALLER), any_text | st.sampled_from(["ptrace", "clone"])),
)
"""Of paths and of the network, canonical or not."""

hosts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="aApi.example0:1-_\0ü。", max_size=30),
    st.sampled_from(["api.example.org", "a.cdn.example.org", "10.0.0.5", "::1", "localhost"]),
    st.ip_addresses().map(str),
)
ports = st.one_of(st.integers(), st.sampled_from([0, 80, 443, 5432, 6379, 9418, 65535]))
network_requests = st.one_of(
    st.builds(ConnectHost, st.just(CALLER), hosts, ports),
    st.builds(Connect, st.just(CALLER), hosts, ports, st.none() | hosts, st.booleans()),
    st.builds(ServerName, st.just(CALLER), hosts, ports, st.none() | hosts),
    st.builds(Bind, st.just(CALLER), hosts, ports),
    st.builds(Socket, st.just(CALLER), hosts),
)
"""Of the network, with names, addresses and ports that rules speak of."""
