"""What makes a release trustworthy stands in the workflow, where a change would be seen last."""

import re

from tests.conftest import CHECKOUT

WORKFLOWS = {each.name: each.read_text() for each in (CHECKOUT / ".github/workflows").glob("*.yml")}


def job(text: str, name: str) -> str:
    return text.partition(f"\n  {name}:\n")[2].split("\n\n  ")[0]


def test_a_release_is_published_without_a_password_and_attested() -> None:
    release = WORKFLOWS["release.yml"]
    publish = job(release, "publish")
    assert "\npermissions: {}\n" in release and "needs: [wheels, version]" in publish
    assert re.search(r"permissions:\n +id-token: write\n +attestations: write\n", publish)
    assert "uses: actions/attest-build-provenance@" in publish
    published = publish.partition("uses: pypa/gh-action-pypi-publish@")[2]
    assert published and "attestations: true" in published
    assert release.count("id-token: write") == 1, "no other job may publish"


def test_no_workflow_has_a_password_or_a_right_that_it_does_not_name() -> None:
    for name, text in WORKFLOWS.items():
        assert "secrets." not in text and "password" not in text.partition("\nname:")[2], name
        assert re.search(r"^ *permissions:", text, re.M), name
