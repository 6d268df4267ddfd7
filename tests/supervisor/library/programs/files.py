import errno

os.makedirs("outside", exist_ok=True)
with open("outside/secret", "w") as file:
    file.write("host")
for name in ("objects", "refs", "hooks"):
    os.makedirs(f"work/repo/.git/{name}")
for name, text in (("HEAD", "ref: refs/heads/main\n"), ("config", "[core]\n")):
    with open(f"work/repo/.git/{name}", "w") as file:
        file.write(text)
os.makedirs("work/kept/deep")
open("work/kept/.env", "w").close()
open("work/kept/deep/token", "w").close()
with nono.Sandbox(POLICY.deny("**/.env", f"{HERE}/work/kept/deep/token")) as box:
    box.write("a/b/c", "text", parents=True, mode=0o700)
    assert box.read("a/b/c") == b"text" and os.stat("work/a/b/c").st_mode & 0o777 == 0o700
    assert box.run(["cat", "a/b/c"], capture_output=True).stdout == b"text"
    box.write("a/b/c", b"x")
    assert box.read(f"{HERE}/work/a/../a/b/c", text=True) == "x"
    box.run(["sh", "-c", """
        ln -s ../outside/secret link; ln -s ../outside dir; mkfifo fifo; ln -s link chain; mkdir deep
        ln -s /proc/self/environ environ; ln -s /dev/zero zero; ln -s nowhere dangling; ln -s . self
        head -c 2000 /dev/zero > big; touch ' (deleted)'
    """], check=True)
    refused = ("link", "dir/secret", "fifo", "chain", "environ", "zero", "dangling", "self/a/b/c", "../outside/secret",
               "/etc/shadow", "/proc/self/status", "/proc/1/environ", "/dev/zero", "/dev/stdin", "/sys/kernel/notes",
               "a", "none", "", "a\0b", "big/x", " (deleted)", "/tmp/x", "/", ".", "..", "//etc/shadow")
    begin = time.monotonic()
    for path in refused:
        raises(OSError, box.read, path)
        if path != "none":
            raises(OSError, box.write, path, b"changed")
        if path in ("link", "dir/secret", "fifo", "chain", "dangling", "self/a/b/c", "/proc/self", "/etc/shadow", "zero"):
            raises(OSError, box.write, path + "/x", b"changed", parents=True)
        raises(OSError, box.get, path, "got")
    assert time.monotonic() - begin < 20
    for path in ("fifo", "link", "dir", "none", "../outside", "/proc/self/fd"):
        raises(OSError, box.listdir, path)
    raises(PermissionError, box.write, ".env", "x")
    raises(PermissionError, box.write, "deep/.env/x", "x", parents=True)
    assert open("outside/secret").read() == "host" and os.listdir("outside") == ["secret"] and not os.path.exists("got")
    assert raises(OSError, box.read, "big", 1999).errno == 27 and len(box.read("big", 2000)) == 2000
    assert raises(OSError, box.get, "big", "got", 1999).errno == 27 and not os.path.exists("got")
    assert raises(OSError, box.listdir, ".", 3).errno == 27
    kinds = {each.name: each.kind for each in box.entries()}
    assert (kinds["a"], kinds["link"], kinds["fifo"], kinds["big"]) == ("directory", "link", "other", "file")
    # What is planted at the target of a copy is replaced, not followed.
    os.symlink("outside/secret", "target")
    box.get("a/b/c", "target")
    assert open("outside/secret").read() == "host" and open("target").read() == "x"
    assert not [name for name in os.listdir(".") if name.startswith(".")]
    for name in ("work/target", "work/dir/target", f"{box.tmpdir}/target"):
        raises(OSError, box.get, "a/b/c", name)
    # What is planted at the source of one leads nowhere; a link of the host's own does.
    for name in ("link", "dir/secret", "fifo", "chain", "environ", "zero", "dangling", "none", ".", ".env"):
        raises(OSError, box.put, f"work/{name}", "copied")
    raises(OSError, box.put, f"{box.tmpdir}/none", "copied")
    os.symlink("secret", "outside/own")
    box.put("outside/own", "copied")
    assert box.read("copied") == b"host"
    os.unlink("outside/own")
    # Names: what is planted is what has the name, and no way to anywhere.
    for path, kind in (("a", "directory"), ("big", "file"), ("link", "link"), ("fifo", "other"), (".", "directory")):
        assert box.stat(path).kind == kind and box.exists(path), path
    assert box.stat("big").size == 2000 and box.stat("/etc/shadow").name == "shadow"
    assert not any(map(box.exists, ("none", "none/x", "big/x")))
    for path in ("dir/secret", "self/a", "/proc/self/status", "", "a\0b"):
        raises(OSError, box.stat, path)
        if path:
            raises(OSError, box.exists, path)
    box.mkdir("m/n/o", 0o750, parents=True)
    assert os.stat("work/m/n/o").st_mode & 0o777 == 0o750
    box.mkdir("m", exist_ok=True)
    assert raises(FileExistsError, box.mkdir, "m").filename == "m"
    for path in ("link", "big", "fifo", "dangling"):
        raises(FileExistsError, box.mkdir, path, exist_ok=True)
    for path in ("dir/new", "self/new", "dangling/new", "big/new"):
        raises(OSError, box.mkdir, path, parents=True)
        raises(OSError, box.rename, "a/b/c", path)
    for path in (".env", "m/.env/x", "../outside/new", "/etc/new", "/tmp/new", "/proc/new", "none/new"):
        raises(OSError, box.mkdir, path)
    for path in (".env", "m/.env", "../outside/new", "/etc/new", "/tmp/new", "none/new", "", "/"):
        raises(OSError, box.rename, "a/b/c", path)
    open("work/held", "w").close()
    for path in ("dir/secret", "self/big", "kept/.env", "kept/deep", "kept", "/etc/shadow", "../outside/secret", "../outside", "none", ".", "/", "", "m"):
        raises(OSError, box.remove, path)  # the last is not empty
        if path not in ("m", ""):
            raises(OSError, box.rename, path, "stolen")
    assert raises(PermissionError, box.remove, "kept/.env").filename.endswith("/work/kept/.env")
    raises(OSError, box.rename, "held", "m")
    for path in ("link", "fifo", "dangling", "zero", "m/n/o"):
        box.remove(path)
    assert not [path for path in ("link", "fifo", "dangling", "zero", "m/n/o") if os.path.lexists(f"work/{path}")]
    box.rename("m", "moved")
    box.rename("chain", "moved/chain")
    box.rename("held", "big")
    assert (box.stat("moved/n").kind, box.stat("moved/chain").kind, box.stat("big").size) == ("directory", "link", 0)
    assert open("outside/secret").read() == "host" and os.listdir("outside") == ["secret"]
    # What makes a protected repository one stays, as for a program.
    for path in ("HEAD", "config", "objects", "refs", ""):
        raises(PermissionError, box.remove, f"repo/.git/{path}")
        raises(PermissionError, box.rename, f"repo/.git/{path}", "x")
        raises(PermissionError, box.rename, "big", f"repo/.git/{path}")
    assert box.exists("repo/.git/HEAD")
    # Files of the private TMPDIR, and what the program may only read.
    box.write(f"{box.tmpdir}/t", "t")
    assert box.run(["sh", "-c", "cat $TMPDIR/t"], capture_output=True).stdout == b"t"
    assert b"root" in box.read("/etc/passwd")
    raises(PermissionError, box.write, "/etc/passwd", "")
    # Races: a name that is now a file, now a link; a directory that is now one, now a link.
    flipping = box.start(["sh", "-c", """
        mkdir d1; echo inside > d1/secret; echo inside > f1
        while :; do ln -sfn ../outside d; rm d; mv d1 d; mv d d1; ln -sf ../outside/secret f; rm f; cp f1 f; rm f; done 2> /dev/null
    """])
    until(lambda: os.path.exists("work/f1"))
    seen = 0
    end = time.monotonic() + 1.5
    while (now := time.monotonic()) < end or (not seen and now < end + 60):
        for path in ("f", "d/secret"):
            try:
                assert b"host" not in box.read(path)
                seen += 1
            except OSError:
                pass
            try:
                box.write(path, "w")
            except OSError:
                pass
    flipping.kill()
    # The same with names, until it was both ways.
    flipping = box.start(["sh", "-c", """
        while :; do mkdir -p e1; echo inside > e1/secret; ln -sfn ../outside e; rm e; mv e1 e; mv e e1; done 2> /dev/null
    """])
    outcomes, end = set(), time.monotonic() + 60
    uses = {"remove": ["e/secret"], "rename": ["e/secret", "e/other"], "mkdir": ["e/new"], "exists": ["e/secret"]}
    while time.monotonic() < end and len(outcomes) < 2 * len(uses):
        for name, paths in uses.items():
            try:
                if getattr(box, name)(*paths) is not False:
                    outcomes.add((name, "done"))
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    outcomes.add((name, "led elsewhere"))
    assert len(outcomes) == 2 * len(uses), outcomes
    flipping.kill()
    assert seen and open("outside/secret").read() == "host" and os.listdir("outside") == ["secret"]
print("done")
