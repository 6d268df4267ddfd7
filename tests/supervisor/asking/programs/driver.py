"""nono with a program on a terminal of its own, and questions that a test writes into a FIFO.

Each line is `WHAT PATH`; the id of the offer that was chosen, or `-`, is written to the other one.
No key counts while there is a file `early` beside them: a busy machine has its time to type.
"""

import os
import sys
import time

import trio

from nono.broker import Access, Effect, File, Open, Origin, OriginKind, Rule, Subtree
from nono.broker.asking.question import Lasts, Offer, Program, Question, Subject, SubjectKind
from nono.broker.asking.terminal.gate import Gate
from nono.broker.requests import RecordedProcess
from nono.supervisor.asking.channel import ChannelGone, Run
from nono.supervisor.asking.channels import Channels
from nono.supervisor.asking.terminal.this_terminal import open_drawn, open_plain
from nono.supervisor.cli.main import main  # noqa: F401  what a run imports
from nono.supervisor.exit_status import of_program, of_shell
from nono.supervisor.nursery import open_nursery
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.session import foreground
from nono.supervisor.session.prepare import prepare
from nono.supervisor.streams import inherited_streams

ORIGIN = Origin(OriginKind.DEFAULT, "default")
questions, answers, plain, *argv = sys.argv[1:]


def rule(pattern, effect=Effect.ALLOW):
    return Rule(pattern, Access.READ, effect, ORIGIN)


def question(number, what, path):
    process = RecordedProcess(4711, "/usr/bin/python3", ("python3", "train.py"), "/work")
    directory = os.path.dirname(path)
    risky = what == "risky"
    one, tree = (rule(File(path)),), (rule(Subtree(directory)),)
    offers = (
        Offer("o", Effect.ALLOW, Lasts.ONCE, one, "this file, once", is_risky=risky),
        Offer("r", Effect.ALLOW, Lasts.RUN, one, "this file, this run", is_risky=risky),
        Offer("d", Effect.ALLOW, Lasts.RUN, tree, "all of it, this run", "312 files", is_risky=risky),
        Offer("a", Effect.ALLOW, Lasts.ALWAYS, tree, "all of it, always", "312 files, 2 are links out",
              True, True, f"filesystem.read: {directory}", "~/.config/nono/profiles/x.answers.json"),
        Offer("n", Effect.DENY, Lasts.ONCE, (), "no"),
        Offer("N", Effect.DENY, Lasts.RUN, (rule(Subtree(directory), Effect.DENY),), "nothing of it in this run"),
        Offer("Q", Effect.DENY, Lasts.RUN, (), "ask no more in this run, deny"),
    )
    return Question(
        number, Open(process, path, Access.READ), rule(File(path), Effect.ASK),
        Subject(SubjectKind.FILE, path), Program(process, "train.py", ("make",)), "read",
        "no rule covers it; the default is to ask", offers,
    )


early = os.path.join(os.path.dirname(questions), "early")
own_opens_at = Gate.opens_at


def opens_at(gate):
    later = time.monotonic() + 0.02 if os.path.exists(early) else 0.0
    return max(own_opens_at(gate), later)


Gate.opens_at = opens_at
streams = inherited_streams()
open_channel = open_plain if plain == "plain" else open_drawn
channel = open_channel(Run("7f3a", (), "", "", "", None), "", True)
own_wait = foreground._wait_until


class Serves(type(channel)):
    """Has something to do before there is a question of a call, so that trio runs at once."""

    async def serve(self):
        pass


channel.__class__ = Serves


async def ask(line, number):
    what, path = line.split(" ", 1)
    path = path.encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "surrogateescape")
    if what == "withdraw":
        with trio.move_on_after(1.0):
            await channel.ask(question(number, what, path))
        answer = None
    else:
        if what == "elsewhere":
            await channel.wanted_here(question(number, what, path), lambda: "nono watch (pid 7, pts/9)")
        try:
            answer = await channel.ask(question(number, what, path))
        except ChannelGone:
            answer = None
    with open(answers, "w") as file:
        file.write(answer.offer if answer else "-")


async def serve():
    fd = os.open(questions, os.O_RDWR | os.O_NONBLOCK)
    number, left = 0, b""
    async with trio.open_nursery() as nursery:
        while True:
            await trio.lowlevel.wait_readable(fd)
            left += os.read(fd, 65536)
            *lines, left = left.split(b"\n")
            for line in lines:
                number += 1
                nursery.start_soon(ask, line.decode(), number)


async def wait_until(*arguments):
    async with open_nursery() as nursery:
        nursery.start_soon(serve)
        status = await own_wait(*arguments)
        nursery.cancel_scope.cancel()
    return status


foreground._wait_until = wait_until
foreground._SHORT_SECONDS = 0
plan = make_plan(Options(allow_cwd=True, env_allow=["TERM"]), argv)
prepared = prepare(plan, audit=None, channels=Channels(lambda run: [channel]))


def at_the_end(faults, status):
    print(*faults, "the driver is at its end", sep="\n")


try:
    status = foreground.run(prepared, plan, argv, streams, at_the_end)
finally:
    prepared.close()
sys.exit(of_shell(of_program(status)))
