"""From the network's options to the network of a policy."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nono.broker import (
    Access,
    Allow,
    Ask,
    Bind,
    Connect,
    ConnectHost,
    Deny,
    Effect,
    Floor,
    HostName,
    Mode,
    Network,
    Origin,
    OriginKind,
    PolicyError,
    Rule,
    ServerName,
    UnixConnect,
)
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, UsageError, make_plan
from nono.supervisor.decisions.decide import Decisions

ME = RecordedProcess(1)


def network(**options: object) -> Network:
    return make_plan(Options(**options)).policy.network  # type: ignore[arg-type]


def reaches(made: Network, host: str, port: int = 443) -> bool:
    return isinstance(made.decide(ConnectHost(ME, host, port)), Allow)


def test_without_an_option_the_network_is_unrestricted() -> None:
    assert network() == Network()
    assert make_plan(Options()).nameservers == ()


def test_a_host_that_a_profile_asks_about_is_no_open_one(tmp_path: Path) -> None:
    """Though something else opens it: by what a person answers, and by nothing else."""
    profile = tmp_path / "p.json"
    profile.write_text(
        '{"network": {"allow_domain": ["*.example.org"], "ask_domain": ["ask.example.org"]}}'
    )
    plan = make_plan(Options(profile=str(profile)))
    made = plan.policy.network
    asked = made.decide(ConnectHost(ME, "ask.example.org", 443))
    assert isinstance(asked, Ask) and "network.ask_domain" in asked.rule.origin.name
    assert reaches(made, "a.example.org") and not reaches(made, "ask.example.com")
    decisions = Decisions(plan.policy, Floor())
    with pytest.raises(OSError, match="refused"):  # nobody is asked without --ask
        decisions.require(ConnectHost(ME, "ask.example.org", 443))
    yes = Rule(
        HostName("ask.example.org", (443,)),
        Access.CONNECT,
        Effect.ALLOW,
        Origin(OriginKind.ANSWER, "1, 14:02"),
    )
    assert reaches(plan.policy.extended([yes]).network, "ask.example.org")


def test_a_run_without_them_loads_nothing_for_them() -> None:
    program = (
        "import sys, nono.supervisor.cli.run; from nono.supervisor import Options, make_plan;"
        "make_plan(Options(), ['true']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "nono.broker.network.network" in loaded
    assert not loaded & {
        "idna",
        "dns",
        "trio",
        "nono.broker.network.host_groups",
        "nono.broker.network.host_entries",
        "nono.supervisor.planning.network.network_rules",
    }


@pytest.mark.parametrize(
    "options",
    [
        {"network_profile": "minimal"},
        {"allow_domain": ["pypi.org"]},
        {"open_port": [6379]},
        {"listen_port": [8000]},
        {"allow_connect_port": [22]},
    ],
)
def test_each_of_these_options_filters_the_network(options: dict[str, object]) -> None:
    made = network(**options)
    assert made.mode is Mode.FILTERED
    assert not reaches(made, "evil.example")


def test_the_options_add_up() -> None:
    made = network(
        network_profile="minimal",
        allow_domain=["huggingface.co", "*.pythonhosted.org", "10.0.0.0/8:5432"],
        open_port=[6379],
        listen_port=[8000],
        allow_connect_port=[9418],
        no_sni_check=["huggingface.co"],
    )
    assert reaches(made, "api.openai.com") and reaches(made, "huggingface.co")
    assert reaches(made, "files.pythonhosted.org") and not reaches(made, "pypi.org")
    assert reaches(made, "anything.example", 9418)
    for address, port in (("10.1.2.3", 5432), ("127.0.0.1", 6379)):
        assert isinstance(made.decide(Connect(ME, address, port)), Allow)
        assert isinstance(made.decide(Connect(ME, address, port + 1)), Deny)
    assert isinstance(made.decide(Bind(ME, "0.0.0.0", 8000)), Allow)
    assert isinstance(made.decide(Bind(ME, "0.0.0.0", 8001)), Deny)
    assert isinstance(made.decide(ServerName(ME, "huggingface.co", 443, None)), Allow)
    assert isinstance(made.decide(ServerName(ME, "api.openai.com", 443, None)), Deny)


def test_ranges_of_ports() -> None:
    made = network(open_port=["3000-3100"], listen_port=["8000-8001"], allow_connect_port=["22-23"])
    for port, allowed in ((2999, Deny), (3000, Allow), (3100, Allow), (3101, Deny)):
        assert isinstance(made.decide(Connect(ME, "127.0.0.1", port)), allowed)
    for port, allowed in ((7999, Deny), (8000, Allow), (8001, Allow), (8002, Deny)):
        assert isinstance(made.decide(Bind(ME, "0.0.0.0", port)), allowed)
    assert [reaches(made, "a.example", port) for port in (21, 22, 23, 24)] == [
        False,
        True,
        True,
        False,
    ]
    spelled = [rule.pattern.spelled for rule in (*made.rules, *made.listen)]
    assert spelled == [
        "ports 22 to 23 of every public host",
        "ports 3000 to 3100 of this machine",
        "ports 8000 to 8001 of this machine",
    ]


def test_a_refused_host_stays_refused() -> None:
    made = network(
        allow_domain=["*.example.org", "*.example.org:8443", "10.0.0.0/8"],
        allow_connect_port=[22],
        deny_domain=[
            "bad.example.org",
            "*.worse.example.org",
            "10.1.0.0/16",
            "half.example.org:80",
        ],
    )
    assert reaches(made, "good.example.org") and reaches(made, "worse.example.org", 8443)
    for host in ("bad.example.org", "BAD.example.org.", "a.worse.example.org"):
        assert not any(reaches(made, host, port) for port in (80, 443, 8443, 22))
    assert reaches(made, "half.example.org") and not reaches(made, "half.example.org", 80)
    assert isinstance(made.decide(Connect(ME, "10.2.0.1", 443)), Allow)
    # By whatever name: an address is refused as well where a name leads there.
    for name in (None, "good.example.org"):
        verdict = made.decide(Connect(ME, "10.1.2.3", 443, name))
        assert isinstance(verdict, Deny)
        assert str(verdict.rule.origin) == "flag --deny-domain 10.1.0.0/16"


def test_loopback_only(tmp_path: Path) -> None:
    profile = tmp_path / "wide.json"
    profile.write_text('{"network": {"allow_domain": ["a.example"], "open_port": [5432]}}')
    made = network(loopback_only=True, open_port=[6379], listen_port=[80], profile=str(profile))
    assert made.mode is Mode.FILTERED and not reaches(made, "a.example")
    verdict = made.decide(Connect(ME, "8.8.8.8", 443))
    assert isinstance(verdict, Deny) and str(verdict.rule.origin) == "flag --loopback-only"
    for port, allowed in ((5432, Allow), (6379, Allow), (80, Deny)):
        assert isinstance(made.decide(Connect(ME, "127.0.0.1", port)), allowed)
    assert isinstance(made.decide(Connect(ME, "127.0.0.1", 80, own=True)), Allow)
    assert isinstance(made.decide(Bind(ME, "0.0.0.0", 80)), Allow)

    profile.write_text('{"network": {"loopback_only": true, "allow_domain": ["a.example"]}}')
    assert not reaches(network(profile=str(profile)), "a.example")
    with pytest.raises(UsageError, match="--allow-domain opens nothing: the network is loopback"):
        network(profile=str(profile), allow_domain=["b.example"])
    profile.write_text('{"network": {"credentials": ["openai"]}}')
    with pytest.raises(UsageError, match="a service is a host"):
        network(profile=str(profile), loopback_only=True)
    profile.write_text('{"network": {"deny_domain": ["a.example"]}}')
    with pytest.raises(UsageError, match="deny_domain says something only where"):
        network(profile=str(profile))
    assert not reaches(network(profile=str(profile), allow_domain=["a.example"]), "a.example")


def test_every_rule_names_its_flag() -> None:
    made = network(
        allow_domain=["PyPI.org:443"], open_port=[1], listen_port=[2], no_sni_check=["pypi.org"]
    )
    rules = (*made.rules, *made.listen, *made.unchecked)
    assert [str(rule.origin) for rule in rules] == [
        "flag --allow-domain PyPI.org:443",
        "flag --open-port 1",
        "flag --listen-port 2",
        "flag --no-sni-check pypi.org",
    ]


def test_no_network_is_blocked_by_its_flag() -> None:
    made = network(block_net=True)
    verdict = made.decide(ConnectHost(ME, "pypi.org", 443))
    assert made.mode is Mode.BLOCKED
    assert isinstance(verdict, Deny) and str(verdict.rule.origin) == "flag --block-net"


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("9.9.9.9", ("9.9.9.9", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("2620:fe::fe", ("2620:fe::fe", 53)),
        ("[2620:fe::fe]:5353", ("2620:fe::fe", 5353)),
    ],
)
def test_the_servers_for_names(text: str, server: tuple[str, int]) -> None:
    assert make_plan(Options(allow_domain=["x.org"], dns=[text])).nameservers == (server,)


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        ({"block_net": True, "allow_domain": ["x.org"]}, "--block-net", "leave out --allow-domain"),
        ({"block_net": True, "network_profile": "minimal"}, "contradict", "--network-profile"),
        ({"block_net": True, "open_port": [1]}, "contradict", "--open-port"),
        ({"block_net": True, "dns": ["9.9.9.9"]}, "contradict", "--dns"),
        ({"no_sni_check": ["x.org"]}, "--no-sni-check", "--allow-domain"),
        ({"dns": ["9.9.9.9"]}, "--dns", "--allow-domain"),
        ({"allow_domain": ["x.org"], "dns": ["dns.google"]}, "dns.google", "9.9.9.9"),
        ({"allow_domain": ["x.org"], "dns": ["9.9.9.9:0"]}, "not a port", "65535"),
        ({"allow_domain": ["x.org"], "dns": ["10.0.0.0/8"]}, "not an IP address", "9.9.9.9"),
        ({"allow_domain": ["https://x.org/"]}, "--allow-domain", "x.org"),
        ({"allow_domain": [""]}, "--allow-domain", "example.org"),
        ({"allow_domain": ["x.org"], "no_sni_check": ["10.0.0.1"]}, "--no-sni-check", "leave"),
        ({"allow_domain": ["x.org"], "no_sni_check": ["x.org/a"]}, "--no-sni-check", "x.org"),
        ({"open_port": [0]}, "--open-port 0", "1 to 65535"),
        ({"open_port": ["9-8"]}, "--open-port 9-8", "8-9"),
        ({"open_port": ["9-"]}, "--open-port 9-", "1 to 65535"),
        ({"open_port": ["1-2-3"]}, "--open-port 1-2-3", "1 to 65535"),
        ({"deny_domain": ["x.org"]}, "--deny-domain", "--allow-domain"),
        ({"allow_domain": ["x.org"], "deny_domain": ["*"]}, "--deny-domain", "*.example.org"),
        ({"loopback_only": True, "allow_domain": ["x.org"]}, "contradict", "--allow-domain"),
        ({"loopback_only": True, "proxy_credential": ["openai"]}, "contradict", "credential"),
        ({"loopback_only": True, "block_net": True}, "contradict", "--loopback-only"),
        ({"listen_port": [65536]}, "--listen-port 65536", "1 to 65535"),
        ({"allow_connect_port": [-1]}, "--allow-connect-port -1", "1 to 65535"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(
    options: dict[str, object], said: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        network(**options)
    assert said in str(caught.value) and hint in caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["minimla", "", "Minimal "])
def test_an_unknown_profile_opens_nothing(name: str) -> None:
    with pytest.raises(PolicyError, match="minimal"):
        network(network_profile=name)


def test_the_metadata_addresses_are_not_opened() -> None:
    with pytest.raises(PolicyError, match="metadata"):
        network(allow_domain=["169.254.169.254"])


def test_a_unix_socket_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        (tmp_path / "link").symlink_to(path)
        for given in (path, tmp_path / "link"):
            policy = make_plan(Options(allow_unix_socket=[str(given)])).policy
            assert isinstance(policy.decide(UnixConnect(ME, str(path))), Allow)
            assert isinstance(policy.decide(UnixConnect(ME, str(tmp_path / "other"))), Deny)
    later = make_plan(Options(allow_unix_socket=[str(tmp_path / "later.sock")])).policy
    assert isinstance(later.decide(UnixConnect(ME, str(tmp_path / "later.sock"))), Allow)
    assert later.network.mode is Mode.UNRESTRICTED


def test_a_unix_socket_is_no_directory_nor_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, said in (
        (tmp_path, "is a directory"),
        (tmp_path / "file", "not a socket"),
        (tmp_path / "absent" / "x", "No such file"),
    ):
        with pytest.raises(UsageError, match=said):
            make_plan(Options(allow_unix_socket=[str(path)]))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "one sock"))
        with pytest.raises(UsageError) as caught:
            make_plan(Options(allow_unix_socket=[str(tmp_path)]))
    assert caught.value.hint == f"--allow-unix-socket '{tmp_path}/one sock'"
