from pydantic_ai import Agent, RunContext
from pydantic_ai.workspaces import WorkspaceRef, WorkspaceTimeoutError, WorkspaceUnavailableError
from pydantic_ai_harness.filesystem import FileSystem
from pydantic_ai_harness.shell import Shell

from nono.adapters.pydantic_ai import NonoBackend, NonoSandbox

# Tools of one's own, and those of the harness.
sandbox = NonoSandbox(below=HERE)
agent = Agent(capabilities=[sandbox, FileSystem(), Shell()])


@agent.tool
async def attempt(ctx: RunContext, command: str, seconds: float) -> str:
    try:
        return (await ctx.workspace.run(command, shell=True, timeout=seconds)).stdout
    except WorkspaceTimeoutError as error:
        return f"late after {error.stdout!r}"


calls = [
    ("write_file", {"path": "note.txt", "content": "one\ntwo\n"}),
    ("read_file", {"path": "note.txt"}),
    ("list_directory", {"path": "."}),
    ("run_command", {"command": f"wc -l < note.txt; sleep {LINGERING} >/dev/null &"}),
    ("run_command", {"command": HOSTILE}),
    ("attempt", {"command": "echo begun; sleep 60", "seconds": 2}),
    ("attempt", {"command": "cat planted || echo no", "seconds": 30}),
]
done = agent.run_sync("go", model=calling(*calls))
_, read, listed, counted, hostile, late, planted = done.output.split("\n----\n")
assert "two" in read and "note.txt" in listed and "2" in counted, done.output
check_hostile(hostile)
assert late == "late after 'begun\\n'" and planted.strip() == "no", done.output
until(lambda: not is_running(LINGERING))

# The workspace outlives the run, the conversation goes on there; a new one is apart.
reference = done.all_messages()[-1].workspace_ref
assert reference.provider == "nono" and os.path.isdir(os.path.join(HERE, reference.id))
again = agent.run_sync("go", model=calling(calls[1]), message_history=[done.all_messages()[-1]])
assert "two" in again.output and again.all_messages()[-1].workspace_ref == reference
other = agent.run_sync("go", model=calling(("list_directory", {"path": "."})))
assert other.all_messages()[-1].workspace_ref != reference and "note" not in other.output
assert os.environ["HOME"] not in repr(os.listdir(HERE))


async def the_rest():
    # Files that are refused, and links, by whatever way.
    async with NonoBackend(below=HERE) as backend:
        await backend.run(["ln", "-s", os.path.expanduser("~/.ssh/id_ed25519"), "planted"])
        place = await backend.working_dir()
        for path in (f"{place}/planted", os.path.expanduser("~/.ssh/id_ed25519")):
            for function in (backend.read_bytes, lambda path: backend.write_bytes(path, b"x")):
                try:
                    raise AssertionError(await function(path))
                except (PermissionError, RuntimeError) as error:
                    assert "nono: refused: " in str(error) or "planted" in path, error
        await backend.write_bytes(f"{place}/large", b"x" * (11 << 20))
        failed = await backend.run(["no-such-program"])
        assert (failed.exit_code, "not found" in failed.stderr) == (127, True), failed
        try:
            raise AssertionError(await backend.run(["cat", "large"]))
        except RuntimeError as error:
            assert error.limit == 10 << 20 and error.stdout.startswith("xxx")
        await backend.destroy()
    assert not os.path.exists(place)
    # A reference opens what was made by it, and nothing else.
    outside = [WorkspaceRef(provider="nono", id=name) for name in ("/", HERE, "../x", "..", "work")]
    assert not any(sandbox.get_workspace(None, ref=ref) for ref in outside[:3])
    for ref in (*outside[3:], WorkspaceRef(provider="nono", id=os.path.basename(place))):
        try:
            raise AssertionError(await sandbox.backend(ref).working_dir())
        except WorkspaceUnavailableError:
            pass
    for ref in (reference, other.all_messages()[-1].workspace_ref):
        await sandbox.destroy(ref)
    assert sorted(os.listdir(HERE)) == ["work"], os.listdir(HERE)


asyncio.run(the_rest())
print("== the example")
