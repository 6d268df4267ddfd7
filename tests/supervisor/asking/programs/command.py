"""nono's command line with one more channel: a script that answers by the ids in ANSWERS."""

import json
import os
import sys

import trio

from nono.broker.asking.question import Answer
from nono.supervisor.asking import channels
from nono.supervisor.asking.channel import Channel, ChannelGone
from nono.supervisor.cli.main import main
from nono.supervisor.planning.options import Options

answers = os.environ.get("ANSWERS", "").split()


class Script(Channel):
    name = "script"

    def __init__(self, run):
        self.live = run.live
        self.calls = []

    async def serve(self):
        self.calls.append("serve")
        await trio.sleep_forever()

    def started(self, pid):
        self.calls.append("started")

    def settled(self, question, words):
        self.calls.append(f"settled: {words}")

    async def ask(self, question):
        self.calls.append(question.wants)
        what = answers.pop(0)
        if what.startswith("grant="):
            number = await self.live.grant(Options(read=[what[6:]]), "tester")
            self.calls.append(json.dumps(self.live.status()["given"]))
            if answers and answers[0] == "revoke":
                answers.pop(0)
                self.live.revoke(number)
            await trio.sleep(5)
            return None
        return Answer(what, self.name, "tester")

    def close(self):
        self.calls.append("close")
        print("channel:", json.dumps(self.calls), file=sys.stderr, flush=True)


class Gone(Channel):
    name = "gone"

    async def ask(self, question):
        raise ChannelGone


def make(run, value, named):
    return Script(run)


def gone(run, value, named):
    return Gone()


module = sys.modules["__main__"]
sys.modules["script_channel"] = module
channels.ROWS = (
    channels.Row("gone", "script_channel:gone", automatic=True),
    channels.Row("script", "script_channel:make", automatic=True),
)
main(sys.argv[1:])
