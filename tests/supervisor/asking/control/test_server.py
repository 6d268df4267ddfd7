"""The control socket with real clients: bounded, nobody is waited for, the first answer wins."""

import socket
from pathlib import Path

import pytest
import trio

from nono.broker.asking.control import json_rpc
from nono.broker.asking.question import Answer
from nono.supervisor.asking.control import server as serving
from nono.supervisor.asking.control.client import Client, GoneError, found, only
from nono.supervisor.asking.control.listening import listen, remove_left_behind, sockets
from nono.supervisor.asking.control.server import MAX_CLIENTS
from nono.supervisor.errors import UsageError
from tests.broker.asking.worlds import question
from tests.supervisor.asking.served import serve


async def test_the_first_answer_wins(tmp_path: Path) -> None:
    async with serve(tmp_path) as (server, connect, faults):
        assert await server.ask(question()) is None
        one, other = await connect(), await connect()
        await one.hello()
        await other.hello()
        answers: list[Answer | None] = []

        async def ask() -> None:
            answers.append(await server.ask(question()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            assert (await one.hear())["params"]["id"] == 17
            assert (await other.hear())["params"]["wants"] == "read"
            await other.say("answer", question=17, offer="x")
            assert (await other.hear())["error"]["code"] == -32602
            await other.say("answer", question=17, offer="o")
        assert answers == [Answer("o", "control socket", "peer")]
        assert (await other.hear())["result"] == {"settled": [17]}
        assert (await one.hear())["method"] == "settled"
        await one.say("answer", question=17, offer="n")
        assert "error" in await one.hear()
        assert not faults.texts


async def test_a_watch_that_reads_no_more_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may read when they like: a shell script does so once it has its answer."""
    monkeypatch.setattr(serving, "_STUCK_SECONDS", 0.02)
    async with serve(tmp_path) as (server, connect, faults):
        for name, is_stuck in (("peer", False), (serving.WATCH, True)):
            client = await connect()
            await client.say("hello", protocol=1, client=name, answers=True)
            assert (await client.hear())["result"]["run"] == "7f3a"
            for _ in range(3):
                server.look()
                await trio.sleep(0.03)
            assert server.has_answerers is not is_stuck
            if is_stuck:
                assert (await client.hear())["method"] == "waiting"
                server.look()
                assert server.has_answerers
            await client.stream.aclose()
            with trio.fail_after(30):
                while server.has_answerers:
                    await trio.sleep(0.01)
        assert not faults.texts


async def test_nothing_waits_for_a_grant_that_takes_long(tmp_path: Path) -> None:
    async with serve(tmp_path) as (_, connect, faults):
        slow, other = await connect(), await connect()
        await slow.hello()
        await other.hello()
        await slow.say("grant", rules={"waits": []})
        await slow.say("status")
        assert (await slow.hear())["result"]["run"] == "7f3a"
        await other.say("revoke", number="1")
        assert (await other.hear())["result"] == {}
        assert (await slow.hear())["result"] == {"number": "True"}
        assert not faults.texts


async def test_questions_move_on_and_are_withdrawn(tmp_path: Path) -> None:
    async with serve(tmp_path) as (server, connect, _):
        peer = await connect()
        await peer.hello()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.ask, question(1))
            assert (await peer.hear())["params"]["id"] == 1
            nursery.cancel_scope.cancel()
        assert await peer.hear() == {"jsonrpc": "2.0", "method": "withdrawn", "params": {"id": 1}}
        answers: list[Answer | None] = []

        async def ask(patient: bool) -> None:
            answers.append(await server.ask(question(2 + patient), patient=patient))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, False)
            nursery.start_soon(ask, True)
            await peer.hear()
            await peer.hear()
            await peer.stream.aclose()
            while not answers:
                await trio.sleep(0.001)
            assert answers == [None]
            # Whoever was told waits for the next one who comes.
            late = await connect()
            await late.hello()
            assert (await late.hear())["params"]["id"] == 3
            await late.say("answer", question=3, offer="n")
        assert answers == [None, Answer("n", "control socket", "peer")]


async def test_nobody_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_HELLO_SECONDS", 0.05)
    monkeypatch.setattr(serving, "_MAX_QUEUED", 1 << 18)
    async with serve(tmp_path) as (server, connect, faults):
        silent = await connect()
        assert await silent.hear() is None
        deaf, lively = await connect(), await connect()
        await deaf.hello()
        await lively.hello()
        heard = 0

        async def listen_on() -> None:
            nonlocal heard
            while await lively.hear() is not None:
                heard += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen_on)
            for number in range(600):
                server.tell("decision", {"number": number, "words": "x" * 1000})
                await trio.sleep(0)
            while heard < 600:
                await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
        with trio.move_on_after(5):
            while await deaf.hear() is not None:
                pass
        # A fault of ours costs the client its connection, and nobody else's.
        await lively.say("grant", rules={"x": 1})
        assert await lively.hear() is None
        assert len(faults.texts) == 1 and "ZeroDivisionError" in faults.texts[0]


async def test_many_clients_and_long_lines(tmp_path: Path) -> None:
    async with serve(tmp_path) as (_, connect, _):
        peers = [await connect() for _ in range(MAX_CLIENTS)]
        for peer in peers:
            await peer.hello()
        assert await (await connect()).hear() is None
        await peers[0].stream.send_all(b"x" * 70000)
        assert (await peers[0].hear())["error"]["code"] == -32700
        assert await peers[0].hear() is None
        # What is said last is answered to who has nothing more to say.
        await peers[1].say("status")
        await peers[1].stream.send_eof()
        status = (await peers[1].hear())["result"]
        assert (status["run"], len(status["clients"])) == ("7f3a", MAX_CLIENTS - 1)
        assert await peers[1].hear() is None


async def test_who_is_not_trusted_hears_nothing(tmp_path: Path) -> None:
    async with serve(tmp_path, lambda sock: False) as (_, connect, _):
        assert await (await connect()).hear() is None


async def test_the_client_of_our_commands(tmp_path: Path) -> None:
    env = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(UsageError, match="there is no run"):
        only(env)
    async with serve(tmp_path) as (server, _, _):
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(tmp_path / "nono/7gone.sock"))
        left.close()

        def use() -> None:
            assert found("7f", env) == only(env) == str(tmp_path / "nono/7f3a.sock")
            with pytest.raises(UsageError, match="no run called '8'"):
                found("8", env)
            for path in sockets(env):
                remove_left_behind(path)
            assert [Path(path).name for path in sockets(env)] == ["7f3a.sock"]
            with Client(found("7f", env), answers=True) as client:
                assert client.status["run"] == "7f3a"
                server_side.append(client)
                with pytest.raises(json_rpc.ProtocolError):
                    client.request("answer", question=1, offer="o")
                while not (heard := [call.method for call in client.heard()]):
                    client.request("status")
                assert heard == ["told"]

        server_side: list[Client] = []

        async def tell() -> None:
            while not server_side:
                await trio.sleep(0.001)
            server.tell("told", {})

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tell)
            await trio.to_thread.run_sync(use)
    with pytest.raises(GoneError):
        Client(str(tmp_path / "nono/7f3a.sock"))


def test_a_place_that_others_may_write_in_is_none(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    env = {"XDG_RUNTIME_DIR": str(open_to_all), "HOME": str(tmp_path)}
    assert listen("x", {**env, "XDG_STATE_HOME": str(tmp_path / "absent")}) is None
    (tmp_path / ".local/state/nono").mkdir(parents=True, mode=0o700)
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    for place in (env, {"XDG_RUNTIME_DIR": str(deep), "HOME": str(tmp_path)}):
        listening = listen("x", place)
        assert listening is not None
        state = Path(listening.path).stat()
        assert (state.st_mode & 0o777, Path(listening.path).parent.stat().st_mode & 0o777) == (
            0o600,
            0o700,
        )
        assert sockets(place) == [listening.path]
        listening.close()
    (tmp_path / "link").mkdir()
    (tmp_path / "link/nono").symlink_to(deep)
    linked = listen("x", {"XDG_RUNTIME_DIR": str(tmp_path / "link"), "HOME": str(tmp_path)})
    assert linked is not None and linked.path.startswith(str(tmp_path / ".local"))
    linked.close()
