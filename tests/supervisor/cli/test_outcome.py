"""What a command line comes to where it cannot be run: a hint that can be pasted as it is."""

import pytest

from tests.conftest import BY_A_USER, Nono


@BY_A_USER
@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--block-net", "--", "ls /"), "nono run --block-net -c 'ls /'"),
        (("--read", "/srv", "--", "alias"), "nono run --read /srv -c alias"),
        (("--", "ls /"), "nono run -c 'ls /'"),
        (("ls /",), "nono run -c 'ls /'"),
    ],
)
def test_the_options_stay(nono: Nono, words: tuple[str, ...], hint: str) -> None:
    done = nono("run", *words)
    assert done.returncode == 127
    assert done.stderr.splitlines()[-1] == f"hint: {hint}"
