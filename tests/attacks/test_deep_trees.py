"""What a run leaves is no reason for the next start to fail: a path may have 2,048 names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

DEEP = program_beside(__file__, "make_deep.py")
LEVELS = 1500
RUN = ("run", "--allow-cwd", "--")
LEFT = "mkdir -p .git/objects .git/refs; echo ref: refs/heads/m >.git/HEAD"


@BY_A_USER
def test_a_repository_deep_below_shuts_what_leads_to_it(
    nono: Nono, as_user: Account, project: Path
) -> None:
    done = nono(*RUN, "/usr/bin/python3", "-c", DEEP, str(LEVELS), LEFT, cwd=project)
    assert done.returncode == 0, done.stderr
    write = f"echo x >{'a/' * LEVELS}.git/config; echo x >a/new; echo x >new; echo end"
    done = nono(*RUN, "/bin/sh", "-c", write, cwd=project)
    left = as_user("/bin/sh", "-c", "ls; ls a; rm -rf a", cwd=project).stdout.split()
    assert done.stdout == "end\n", done.stderr
    assert f"{project}/a: leads to more repositories" in done.stderr
    assert left == ["a", "new", "a"]


def test_a_chain_of_links_may_have_any_length(nono: Nono, as_user: Account, project: Path) -> None:
    links = "import os\nfor n in range(1500): os.symlink(f'l{n}', f'l{n + 1}')\n"
    done = as_user("/usr/bin/python3", "-c", f"{links}os.symlink('l1500', '.vscode')", cwd=project)
    assert done.returncode == 0, done.stderr
    done = nono(*RUN, "/bin/sh", "-c", "rm .vscode; echo end", cwd=project)
    assert done.stdout == "end\n", done.stderr
    assert (project / ".vscode").is_symlink()
