"""The variables by which clients find the proxy, and that no two entries name the same one."""

from __future__ import annotations

from nono.broker.datafile import data
from nono.supervisor.proxy.proxy import NetworkProxy


def test_the_table() -> None:
    entries = data("proxy_variables")["variables"]
    names = [name for entry in entries for name in entry["names"]]
    assert len(names) == len({*names})
    assert all(len(entry["reason"]) > 10 for entry in entries)


def test_what_a_program_gets() -> None:
    """In place of what it had, and with nothing that clients take for a SOCKS proxy."""
    for local, direct in ((True, "localhost,127.0.0.1,::1"), (False, "")):
        proxy = NetworkProxy(local=local)
        made = proxy.environment({"HTTPS_PROXY": "http://other.example", "A": "b"})
        url = f"http://nono:{proxy.terms.token}@127.0.0.1:{proxy.port}"
        assert {made[name] for name in ("HTTPS_PROXY", "http_proxy", "ALL_PROXY")} == {url}
        assert (made["A"], made["no_proxy"], made["NO_PROXY"]) == ("b", direct, direct)
        assert not any(value.startswith("socks") for value in made.values())
        other = NetworkProxy()
        assert other.terms.token != proxy.terms.token and len(proxy.terms.token) == 43
        proxy.close()
        other.close()
