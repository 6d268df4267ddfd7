"""What leads out of a sandbox on macOS is open in no profile, whatever a policy grants."""

from __future__ import annotations

import pytest

from nono.broker import Mode, Network, Policy
from nono.broker.datafile import data
from nono.supervisor.macos.compiled import compiled
from tests.broker.worlds import allow
from tests.seatbelt.evaluator import READINGS, Asked, Rule, parse

OPERATIONS = (
    *("lsopen", "job-creation", "appleevent-send", "file-mount", "file-issue-extension"),
    *("mach-register", "mach-priv-task-port", "mach-priv-host-port", "process-exec-interpreter"),
    *("sysctl-write", "iokit-open", "user-preference-write", "distributed-notification-post"),
    *("file-write-setugid", "system-privilege", "nvram-set"),
)
SERVICES = (
    *("com.apple.coreservices.launchservicesd", "com.apple.lsd.open", "com.apple.xpc.launchd"),
    *("com.apple.coreservices.appleevents", "com.apple.pasteboard.1", "com.apple.metadata.mds"),
    *("com.apple.SecurityServer", "com.apple.securityd", "com.apple.securityd.xpc"),
    *("com.apple.security.authhost", "com.apple.trustd.agent", "com.apple.FSEvents"),
)
OF_NAMES = ("com.apple.dnssd.service", "com.apple.SystemConfiguration.DNSConfiguration")
"""Who asks them for names, asks the network."""
SOCKETS = (
    *("/private/var/run/docker.sock", "/Users/p/.docker/run/docker.sock"),
    *("/private/tmp/com.apple.launchd.x/Listeners", "/private/var/run/mDNSResponder"),
)


def _held(mode: Mode) -> list[Rule]:
    network = Network(mode)
    profile = compiled(Policy((allow("/Users/p/work"),), network=network), "nono-1", 4711).profile
    return parse(profile.text(), profile.parameters())


def _is_open(rules: list[Rule], asked: Asked) -> bool:
    found = {reading(rules, asked) for reading in READINGS.values()}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("mode", Mode)
def test_no_profile_opens_them(mode: Mode) -> None:
    rules = _held(mode)
    for operation in OPERATIONS:
        assert not _is_open(rules, Asked(operation, "/Users/p/work/x")), operation
    for service in SERVICES:
        assert not _is_open(rules, Asked("mach-lookup", service)), service
    for operation in ("signal", "process-info-pidinfo"):
        assert not _is_open(rules, Asked(operation, "others"))
    for path in SOCKETS[: len(SOCKETS) - (mode is Mode.UNRESTRICTED)]:
        asked = Asked("network-outbound", path, is_unix_socket=True)
        assert not _is_open(rules, asked), path


@pytest.mark.parametrize("mode", Mode)
def test_names_are_asked_for_where_all_of_the_network_is_open(mode: Mode) -> None:
    rules = _held(mode)
    for service in OF_NAMES:
        assert _is_open(rules, Asked("mach-lookup", service)) is (mode is Mode.UNRESTRICTED)
    for host in ("192.0.2.1:443", "169.254.169.254:80", "127.0.0.1:631"):
        asked = Asked("network-outbound", f"tcp:{host}")
        assert _is_open(rules, asked) is (mode is Mode.UNRESTRICTED), host


def test_each_line_of_what_every_program_needs_has_its_reason() -> None:
    needed = data("seatbelt")
    for line in (*needed["operations"], *needed["paths"], needed["names_of_hosts"]):
        assert line["reason"].strip()
