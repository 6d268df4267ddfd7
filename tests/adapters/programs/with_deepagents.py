from deepagents import create_deep_agent
from langchain_core.messages import HumanMessage, ToolMessage

from nono.adapters.deepagents import NonoSandbox

def said_by(sandbox, *calls, awaited=False):
    agent = create_deep_agent(model=Calling(calls=list(calls)), backend=sandbox)
    given = {"messages": [HumanMessage("go")]}
    done = asyncio.run(agent.ainvoke(given)) if awaited else agent.invoke(given)
    return [str(each.content) for each in done["messages"] if isinstance(each, ToolMessage)]


key = os.path.expanduser("~/.ssh/id_ed25519")
with NonoSandbox(below=HERE) as sandbox, NonoSandbox(below=HERE) as other:
    place = sandbox.workdir
    note, long = f"{place}/src/note.txt", "x" * 40_000
    calls = [
        ("write_file", {"file_path": note, "content": "one\ntwo\n"}),
        ("edit_file", {"file_path": note, "old_string": "two", "new_string": "three"}),
        ("read_file", {"file_path": note}),
        ("ls", {"path": f"{place}/src"}),
        ("glob", {"pattern": "**/*.txt", "path": place}),
        ("grep", {"pattern": "three", "path": place}),
        ("execute", {"command": f"wc -l < src/note.txt; sleep {LINGERING} & true"}),
        ("execute", {"command": HOSTILE}),
        ("execute", {"command": "echo begun; sleep 60", "timeout": 2}),
        ("read_file", {"file_path": f"{place}/planted"}),
        ("write_file", {"file_path": key, "content": "mine"}),
        ("edit_file", {"file_path": note, "old_string": "three", "new_string": long}),
        ("execute", {"command": "tr -d '\\n' < src/note.txt | wc -c"}),
    ]
    for awaited in (False, True):
        said = said_by(sandbox, *calls, awaited=awaited)
        assert len(said) == len(calls), said
        _, _, read, listed, globbed, found, counted, hostile, late, planted, written, _, size = said
        assert "three" in read and "two" not in read, read
        assert all("note.txt" in each for each in (listed, globbed, found)), said
        assert counted.startswith("2"), counted
        check_hostile(hostile)
        assert "begun" in late and "not done in 2 s" in late, late
        assert "nono: refused: read" in planted and SECRET not in planted, planted
        assert "nono: refused: " in written, written
        assert size.startswith("40003"), size
    assert pathlib.Path(key).read_text().strip() == SECRET

    # Two of them are apart; uploads and downloads tell what is wrong with each.
    assert other.workdir != place and "xxx" not in other.execute(f"ls; cat {note}").output
    up = other.upload_files([("a/b", b"\0x"), (key, b"mine"), (other.workdir, b""), ("/tmp/nono-up", b"t")])
    assert [each.error and each.error.split("\n")[0] for each in up] == [None, "permission_denied", "is_directory", None]
    down = other.download_files(["a/b", key, "none", "/tmp/nono-up", "a"])
    assert [each.content for each in down] == [b"\0x", None, None, b"t", None], down
    assert "nono: refused: read" in down[1].error and down[2].error == "file_not_found", down
    assert other.execute("rm /tmp/nono-up; kill -9 $$").exit_code == 137


    async def cancelled():
        task = asyncio.create_task(other.aexecute(f"sleep {LINGERING}"))
        while not is_running(LINGERING):
            await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])

    sandbox.close()
    until(lambda: not is_running(LINGERING))
    asyncio.run(cancelled())
    until(lambda: not is_running(LINGERING))
    assert other.execute("head -c 20000000 /dev/zero").truncated
    # Nor does a module of the workspace's take part in deepagents' own tools.
    other.execute("echo 'forged' > real.txt; for name in json base64 re; do echo 'raise SystemExit(0)' > $name.py; done")
    assert "forged" in str(other.read(f"{other.workdir}/real.txt")), other.read(f"{other.workdir}/real.txt")
    other.execute("rm *.py real.txt")
    # What never ends is no file, whatever leads there; nor is one that is too large.
    assert other.execute("mkfifo fifo; ln -s fifo lf; ln -s /dev/zero z; truncate -s 3T big; ln -s big lb").exit_code == 0
    never = [f"{other.workdir}/{name}" for name in ("fifo", "lf", "z", "big", "lb")]
    assert all(each.error and each.content is None for each in other.download_files(never))
    assert all(each.error for each in other.upload_files([(name, b"x") for name in never[:3]]))
    fake = other.execute_with_offload("echo 'nono: refused: X'", f"{other.workdir}/out", max_inline_bytes=1000).response
    assert fake.output.startswith("program: nono: refused: X"), fake
until(lambda: not is_running(LINGERING))
assert os.path.isdir(place)
for each in (sandbox, other):
    each.destroy()
assert sorted(os.listdir(HERE)) == ["work"], os.listdir(HERE)
print("== the example")
