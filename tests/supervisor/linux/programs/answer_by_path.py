"""nono's command line with a channel that answers by the name of the file that is asked about.

`gate-grant-NAME` opens OPENED/NAME, `gate-revoke` takes back what was opened last; both are refused.
Every other name begins with the id of its answer. What was asked is added to the file ASKED.
"""

import os
import sys

from nono.broker.asking.question import Answer
from nono.supervisor.asking import channels
from nono.supervisor.asking.channel import Channel
from nono.supervisor.cli.main import main
from nono.supervisor.planning.options import Options


class ByPath(Channel):
    name = "script"

    def __init__(self, run):
        self._live, self._number = run.live, ""

    async def ask(self, question):
        path = question.request.path
        name = os.path.basename(path)
        if name.startswith("gate-grant-"):
            opened = os.path.join(os.environ["OPENED"], name.removeprefix("gate-grant-"))
            self._number = await self._live.grant(Options(read=[opened]), "tester")
        elif name == "gate-revoke":
            self._live.revoke(self._number)
        else:
            with open(os.environ["ASKED"], "a") as asked:
                print(path, file=asked)
            return Answer(name[0], self.name, "tester")
        return Answer("n", self.name, "tester")


def make(run, value, named):
    return ByPath(run)


sys.modules["answering_by_path"] = sys.modules["__main__"]
channels.ROWS = (channels.Row("script", "answering_by_path:make", automatic=True),)
main(sys.argv[1:])
