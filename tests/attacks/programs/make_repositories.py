"""Repositories that a run leaves below `v`, each of which git would take for one later."""

import os

EVIL = "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = touch ran; false\n"
PLAIN = "[core]\n\trepositoryformatversion = 0\n"
MADE: list[str] = []


def place(name: str) -> str:
    path = f"v/{name}"
    os.makedirs(path)
    MADE.append(path)
    return path


def write(path: str, text: str = "#!/bin/sh\n") -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


def fill(path: str, config: str = EVIL) -> None:
    """What is_git_directory of git asks for."""
    for name in ("objects", "refs/heads"):
        os.makedirs(f"{path}/{name}")
    write(f"{path}/HEAD", "ref: refs/heads/main\n")
    write(f"{path}/config", config)


for name, text in {
    "a line more": "gitdir: ../../kept/g\nx",
    "a NUL": "gitdir: ../../kept/g\0",
    "a carriage return": "gitdir: ../../kept/g\r\n",
    "to nowhere": "gitdir: ../../kept/none\n",
    "no path": "gitdir: ",
    "outside": "gitdir: /tmp\n",
}.items():
    write(f"{place(name)}/.git", text)
fill("kept/g", PLAIN)
os.symlink(".link", f"{place('a link to a file')}/.git")
write("v/a link to a file/.link", "gitdir: ../../kept/g")
os.symlink("../../kept/g", f"{place('a link to a directory')}/.git")
os.symlink("nothing", f"{place('a link to nothing')}/.git")
os.mkfifo(f"{place('a fifo')}/.git")

for name, text in {
    "common, a line more": "../../../kept/g\nx",
    "common, a NUL": "../../../kept/g\0",
    "common to nowhere": "../../../kept/none\n",
}.items():
    fill(f"{place(name)}/.git", PLAIN)
    write(f"v/{name}/.git/commondir", text)

fill(f"{place('of a common one')}/.git", PLAIN)
fill("v/of a common one/common", PLAIN + "\tworktree = ../../../kept\n")
write("v/of a common one/.git/commondir", "../common\n")

fill(f"{place('deep')}/a/b/c/d/e/f/g/.git")
fill(f"{place('modules')}/node_modules/x/.git")
fill(f"{place('bare')}/lib")
fill(f"{place('beside an empty one')}", PLAIN)
os.mkdir("v/beside an empty one/.git")
write(f"{place('common alone')}/lib/HEAD", "ref: refs/heads/main\n")
write("v/common alone/lib/commondir", "../../../kept/evil")
fill("kept/evil")
MADE.append("kept/evil")

fill(f"{place('many samples')}/.git", PLAIN)
for number in range(2500):
    write(f"v/many samples/.git/hooks/{number}.sample")
write("v/many samples/.git/hooks/post-checkout")

for name in ("config", "hooks", "HEAD"):
    fill(f"{place(f'{name} as a link')}/.git", PLAIN)
    git = f"v/{name} as a link/.git"
    if name != "hooks":
        os.rename(f"{git}/{name}", f"{git}/other")
    os.symlink("other", f"{git}/{name}")

fill(f"{place('config that is not understood')}/.git", "[core]\n\tpager = 'x\\q\n")
fill(f"{place('commands in a list')}/.git", PLAIN)
write("v/commands in a list/.git/rebase-merge/git-rebase-todo", "exec x\n")
fill(f"{place('alternates')}/.git", PLAIN)
write("v/alternates/.git/objects/info/alternates", "/tmp/objects\n")

inside = f"{os.environ['TMPDIR']}/moved"
fill(f"{inside}/x/.git")
os.rename(inside, f"{place('moved in')}/moved")
fill(f"{place('not to be listed')}/.git")
os.chmod("v/not to be listed", 0o311)
fill(f"{place('not to be entered')}/d/.git")
os.chmod("v/not to be entered/d", 0)
fill(f"{place('to be listed only')}/d/.git")
os.chmod("v/to be listed only/d", 0o600)

fill(f"{place('nothing that runs')}/.git", PLAIN)
fill("v/nothing that runs/lib.git", PLAIN)
MADE.remove("v/nothing that runs")
print("\n".join(MADE))
