"""The data of the network profiles: upstream's names and hosts, each of them usable."""

from __future__ import annotations

import pytest

from nono.broker import (
    Allow,
    ConnectHost,
    Deny,
    HostName,
    HostSuffix,
    Mode,
    Network,
    OriginKind,
    PolicyError,
    UnknownName,
)
from nono.broker.network.host_groups import (
    network_groups,
    network_profile,
    network_profiles,
    network_rules_of,
)
from tests.broker.worlds import CALLER

UPSTREAM_GROUPS = {
    "llm_apis": """
        api.openai.com api.anthropic.com claude.ai platform.claude.com
        generativelanguage.googleapis.com aiplatform.googleapis.com api.groq.com api.mistral.ai
        api.cohere.com api.together.xyz api.fireworks.ai api.deepseek.com api.perplexity.ai
        inference.cerebras.ai openrouter.ai api.x.ai
    """,
    "package_registries": """
        registry.npmjs.org pypi.org files.pythonhosted.org crates.io static.crates.io
        index.crates.io rubygems.org packagist.org repo.maven.apache.org repo1.maven.org
        plugins.gradle.org registry.yarnpkg.com cdn.jsdelivr.net unpkg.com esm.sh
    """,
    "github": """
        github.com api.github.com codeload.github.com raw.githubusercontent.com
        objects.githubusercontent.com github-releases.githubusercontent.com ghcr.io
        pkg-containers.githubusercontent.com
    """,
    "gitlab": "gitlab.com cloud.gitlab.com registry.gitlab.com",
    "sigstore": """
        rekor.sigstore.dev fulcio.sigstore.dev tuf-repo-cdn.sigstore.dev oauth2.sigstore.dev
    """,
    "documentation": """
        docs.python.org docs.rs doc.rust-lang.org developer.mozilla.org nodejs.org go.dev
        pkg.go.dev learn.microsoft.com
    """,
    "google_cloud": "*.googleapis.com",
    "azure": "*.openai.azure.com *.cognitiveservices.azure.com",
    "aws_bedrock": "*.bedrock.amazonaws.com *.bedrock-runtime.amazonaws.com",
}
DEVELOPER = {"llm_apis", "package_registries", "github", "gitlab", "sigstore", "documentation"}
UPSTREAM_PROFILES = {
    "minimal": {"llm_apis"},
    "developer": DEVELOPER,
    "enterprise": DEVELOPER | {"google_cloud", "azure", "aws_bedrock"},
    "opencode": DEVELOPER,
    "codex": DEVELOPER,
    "claude-code": DEVELOPER,
}


def test_the_groups_have_upstreams_names_and_hosts() -> None:
    ours = {name: set(group.hosts) for name, group in network_groups().items()}
    assert ours == {name: set(hosts.split()) for name, hosts in UPSTREAM_GROUPS.items()}


def test_the_profiles_have_upstreams_names_and_groups() -> None:
    assert {name: set(each.groups) for name, each in network_profiles().items()} == (
        UPSTREAM_PROFILES
    )


def test_each_has_words_and_no_host_twice() -> None:
    for group in network_groups().values():
        assert group.description and len(set(group.hosts)) == len(group.hosts)
    for profile in network_profiles().values():
        assert profile.description and len(set(profile.groups)) == len(profile.groups)


@pytest.mark.parametrize("name", UPSTREAM_PROFILES)
def test_the_rules_open_the_hosts_of_the_profile_and_say_where_they_come_from(name: str) -> None:
    rules = network_rules_of(network_profile(name))
    network = Network(Mode.FILTERED, rules=tuple(rules))
    for group in network_profile(name).groups:
        for host in network_groups()[group].hosts:
            request = ConnectHost(CALLER, host.replace("*", "some.model"), 443)
            verdict = network.decide(request)
            assert isinstance(verdict, Allow)
            assert isinstance(verdict.rule.pattern, HostName | HostSuffix)
            assert verdict.rule.pattern.ports == (80, 443)
            origins = {str(rule.origin) for rule in network.considered(request)}
            assert f"group {group} of network profile {name}" in origins
    assert all(rule.origin.kind is OriginKind.GROUP for rule in rules)
    assert isinstance(network.decide(ConnectHost(CALLER, "example.org", 443)), Deny)


def test_the_smallest_profile_opens_no_package_registry() -> None:
    network = Network(Mode.FILTERED, rules=tuple(network_rules_of(network_profile("minimal"))))
    for host in ("pypi.org", "github.com", "storage.googleapis.com", "openai.azure.com"):
        assert isinstance(network.decide(ConnectHost(CALLER, host, 443)), Deny)


def test_an_unknown_profile_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        network_profile("developper")
    assert (caught.value.what, caught.value.name) == ("network profile", "developper")
    assert caught.value.nearest == "developer" and "'developer'" in caught.value.hint
    with pytest.raises(PolicyError) as far:
        network_profile("zzz")
    assert all(name in far.value.hint for name in UPSTREAM_PROFILES)
