"""What lies in contrib/containers: made of our facts, and of words that the runtimes read."""

import json
import re

from tests.conftest import CHECKOUT, PACKAGES
from tests.containers import docker_profile
from tests.containers.profiles import MOBY

SHIPPED = CHECKOUT / "contrib/containers"


def test_the_profile_is_what_our_facts_make_of_it() -> None:
    """`python -m tests.containers.docker_profile > contrib/containers/seccomp.json`"""
    assert (SHIPPED / "seccomp.json").read_text() == docker_profile.text()


def test_the_profile_allows_two_calls_more_than_docker() -> None:
    rules = json.loads((SHIPPED / "seccomp.json").read_text())["syscalls"]
    allowed = {
        name: rule.get("args")
        for rule in rules
        if rule["action"] == "SCMP_ACT_ALLOW"
        for name in rule["names"]
    }
    refused = {name for names in MOBY.refused.values() for name in names.split()}
    assert {*allowed} & refused == {"pidfd_getfd", "unshare"}
    assert allowed["unshare"] == [{"index": 0, "value": 0x200, "op": "SCMP_CMP_EQ"}]
    assert allowed["clone"][0]["op"] == "SCMP_CMP_MASKED_EQ"


def test_the_dockerfile_copies_what_a_build_needs() -> None:
    text = (SHIPPED / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE)
    assert {*" ".join(copied).split()} == {"pyproject.toml", "README.md", "LICENSE", *PACKAGES}
    assert all((CHECKOUT / name).exists() for name in " ".join(copied).split())


def test_the_others_name_what_there_is() -> None:
    container = json.loads((SHIPPED / "devcontainer.json").read_text())
    (option,) = container["securityOpt"]
    profile = option.removeprefix("seccomp=${localWorkspaceFolder}/")
    assert (CHECKOUT / profile).is_file()
    dockerfile = SHIPPED / container["build"]["dockerfile"]
    assert f"useradd --create-home {container['remoteUser']}" in dockerfile.read_text()
    pod = json.loads((SHIPPED / "kubernetes.json").read_text())
    context = pod["spec"]["containers"][0]["securityContext"]
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert context["allowPrivilegeEscalation"] is False
