"""Put something into every cache that can be found, and plant links where the next run looks.

Arguments: the home, and the tag that must not be found outside. Prints an attempt a line.
"""

import errno
import os
import sys
from collections.abc import Callable
from functools import partial

HOME, TAG = sys.argv[1:3]
KNOWN = (
    ".cache/uv/archive-v0/x", ".cache/pip/wheels/x", ".cache/pypoetry/x", ".npm/_cacache/x",
    ".npm/_npx/x", ".cargo/registry/x", ".cargo/bin/x", ".m2/repository/x", ".gradle/caches/x",
    "go/pkg/mod/x", "go/bin/x", ".cache/go-build/x", ".local/share/pnpm/store/x",
    ".cache/pre-commit/x", ".cache/deno/x", ".bun/install/x", ".nuget/packages/x",
    ".cache/nono/caches/x", ".cache/nono/x", ".cache/nono/caches/node-dev/x",
    ".local/bin/x", ".local/share/uv/tools/x", ".local/share/pipx/x",
)  # fmt: skip


def attempt(name: str, deed: Callable[[], object]) -> None:
    try:
        result = deed()
        print(f"{name}\tWON {result if isinstance(result, str) else ''}")
    except OSError as error:
        print(f"{name}\t{errno.errorcode.get(error.errno or 0)}")


def write(path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(TAG)


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


def append(path: str) -> None:
    with open(path, "a") as file:
        file.write(TAG)


def replace_by_link(path: str) -> None:
    os.rename(path, path + ".old")
    os.symlink("/etc", path)


def main() -> None:
    own = os.environ["XDG_CACHE_HOME"]
    assert own.startswith(f"{HOME}/.cache/nono/caches/agent/"), own
    for each in KNOWN:
        path = os.path.join(HOME, each)
        attempt(f"make {each}", partial(write, path))
    for root, _, files in os.walk(HOME):
        if root.startswith(os.path.dirname(own)) or "/work" in root:
            continue
        for name in files:
            path = os.path.join(root, name)
            attempt(f"append {path}", partial(append, path))
            attempt(f"remove {path}", partial(os.unlink, path))
    for each in (".cache", ".cache/nono", ".cache/nono/caches", ".npm", ".cargo"):
        path = os.path.join(HOME, each)
        attempt(f"link {each}", partial(replace_by_link, path))
    other = os.path.join(HOME, ".cache/nono/caches/node-dev")
    attempt("read another's", lambda: read(f"{other}/bin/tool"))
    attempt("list another's", lambda: str(os.listdir(other)))
    attempt("list all", lambda: str(os.listdir(os.path.dirname(other))))
    attempt("link another's", lambda: os.link(f"{other}/bin/tool", f"{own}/tool"))
    attempt("move another's", lambda: os.rename(f"{other}/bin/tool", f"{own}/tool"))
    if os.fork() == 0:
        try:
            os.execv(f"{other}/bin/tool", ["tool"])
        except OSError as error:
            print(f"run another's\t{errno.errorcode.get(error.errno or 0)}")
            os._exit(0)
    os.wait()
    write(f"{own}/set-id")
    attempt("set-id in its own", lambda: os.chmod(f"{own}/set-id", 0o4755))
    for name, value in os.environ.items():
        if value.startswith(os.path.dirname(own)) and name != "PATH":
            write(value if os.path.isfile(value) else os.path.join(value, "poisoned"))
            print(f"own {name}\tmade")


main()
