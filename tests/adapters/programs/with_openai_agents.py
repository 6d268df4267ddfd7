import tarfile

from agents import RunConfig, Runner
from agents.sandbox import LocalSnapshotSpec, Manifest, SandboxAgent, SandboxRunConfig
from agents.sandbox.entries import File
from agents.sandbox.manifest import Environment
from agents.sandbox.errors import SandboxError

from nono.adapters.openai_agents import NonoSandboxClient, NonoSandboxClientOptions

PATCH = """*** Begin Patch
*** Add File: src/note.txt
+one
+two
*** End Patch"""


async def main():
    client = NonoSandboxClient(below=HERE)
    model = Calling(
        ("apply_patch", PATCH),
        ("exec_command", {"cmd": f"cat src/note.txt given.txt; echo $NAMED; sleep {LINGERING} >/dev/null &"}),
        ("exec_command", {"cmd": HOSTILE}),
        ("exec_command", {"cmd": "echo begun; sleep 60", "yield_time_ms": 2000}),
        ("exec_command", {"cmd": "read line; echo got $line; test -t 1 && echo terminal", "tty": True, "yield_time_ms": 500}),
        ("write_stdin", {"chars": "typed\n", "yield_time_ms": 20000}),
        ("exec_command", {"cmd": "no-such-program; kill -9 $$"}),
    )
    manifest = Manifest(entries={"given.txt": File(content=b"given\n")}, environment=Environment(value={"NAMED": "by the manifest"}))
    agent = SandboxAgent(name="a", model=model, default_manifest=manifest)
    config = RunConfig(sandbox=SandboxRunConfig(client=client))
    done = await Runner.run(agent, "go", run_config=config, max_turns=20)
    patched, read, hostile, late, asked, typed, failed = model.said
    assert done.final_output == "done" and "one\ntwogiven\nby the manifest" in read, model.said
    check_hostile(hostile.partition("Output:\n")[2])
    assert "begun" in late and "session ID" in late, late
    assert "got typed" in typed and "terminal" in typed and "exited with code 0" in typed, typed
    assert "not found" in failed and "exited with code 137" in failed, failed
    until(lambda: not is_running(LINGERING))
    assert sorted(os.listdir(HERE)) == ["work"], os.listdir(HERE)

    # Sessions by hand: files, links, what is refused, a snapshot, two of them apart.
    options = NonoSandboxClientOptions(exposed_ports=(8000,))
    snapshots = LocalSnapshotSpec(base_path=pathlib.Path(HERE, "work"))
    session = await client.create(manifest=manifest, snapshot=snapshots, options=options)
    other = await client.create()
    key = os.path.expanduser("~/.ssh/id_ed25519")
    async with session, other:
        place = session.state.manifest.root
        import io

        await session.write(pathlib.Path("a/b.bin"), io.BytesIO(b"\0\xff" * 1000))
        assert (await session.read(pathlib.Path("a/b.bin"))).read() == b"\0\xff" * 1000
        assert sorted(os.path.basename(each.path) for each in await session.ls(".")) == ["a", "given.txt"]
        assert (await session.exec("id -u")).stdout.strip() == str(os.getuid()).encode()
        await session.exec(f"ln -s {key} planted; ln -s a/b.bin inside; mkfifo fifo")
        assert len((await session.read(pathlib.Path("inside"))).read()) == 2000
        for use in (session.read(pathlib.Path("planted")), session.read(pathlib.Path("fifo")), session.read(pathlib.Path("none")),
                    session.write(pathlib.Path("planted"), io.BytesIO(b"x")), session.read(pathlib.Path(key))):
            try:
                raise AssertionError(await use)
            except SandboxError as error:
                assert "planted" not in str(error.context) or "nono: refused" in str(error.context), error.context
        assert (await session.exec(f"cat {place}/given.txt")).ok() and not (await other.exec(f"cat {place}/given.txt")).ok()
        try:
            await session.exec("echo begun; sleep 60", timeout=2)
            raise AssertionError
        except SandboxError as error:
            assert error.context["stdout"] == b"begun\n", error.context
        task = asyncio.create_task(session.exec(f"sleep {LINGERING}"))
        while not is_running(LINGERING):
            await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        until(lambda: not is_running(LINGERING))
        assert (await session.resolve_exposed_port(8000)).port == 8000
        assert (await session.exec("echo nono: refused: X")).stdout.startswith(b"program: nono: refused: X")
        await session.exec("ln -s fifo pipe; ln -s /dev/zero zero")
        for use in (session.read(pathlib.Path("pipe")), session.write(pathlib.Path("zero"), io.BytesIO(b"x"))):
            try:
                raise AssertionError(await use)
            except SandboxError:
                pass
        await session.exec("rm planted fifo pipe zero")
    state = client.serialize_session_state(session.state)
    await client.delete(session)
    assert not os.path.exists(place)
    again = await client.resume(client.deserialize_session_state(state))
    async with again:
        assert again.state.manifest.root != place
        assert len((await again.read(pathlib.Path("inside"))).read()) == 2000
    same = await client.resume(client.deserialize_session_state(client.serialize_session_state(again.state)))
    async with same:
        assert same.state.manifest.root == again.state.manifest.root and (await same.exec("test -f a/b.bin")).ok()
    # A state from elsewhere opens nothing that this client has not made.
    forged = client.serialize_session_state(again.state)
    forged["workspace"] = "../.ssh"
    forged["manifest"]["root"] = os.path.expanduser("~/.ssh")
    strange = await client.resume(client.deserialize_session_state(forged))
    assert strange.state.manifest.root.startswith(HERE + "/nono-workspace-"), strange.state.manifest.root
    for each in (other, same, strange):
        await client.delete(each)
    assert sorted(os.listdir(HERE)) == ["work"], os.listdir(HERE)


asyncio.run(main())
print("== the example")
