"""nono's command line with a channel that takes the offer which the file `case` names.

What was asked is written into the file `asked`.
"""

import json
import sys

from nono.broker import Effect
from nono.broker.asking.question import Answer
from nono.supervisor.asking import channels
from nono.supervisor.asking.channel import Channel
from nono.supervisor.cli.main import main


class Script(Channel):
    name = "script"
    is_person = False

    async def ask(self, question):
        kind, *letters = open("case").read().split()
        ids = [each.id for each in question.offers]
        exe = question.program.process.exe.rpartition("/")[2]
        with open("asked", "a") as file:
            line = [kind, letters[0], letters[0] in ids, question.objects, exe]
            file.write(json.dumps(line) + "\n")
        allowing = [each.id for each in question.offers if each.effect is Effect.ALLOW]
        wanted = [each for each in (*letters, *allowing) if each in ids]
        return Answer(wanted[0], self.name)


def make(run, value, named):
    return Script()


sys.modules["script_channel"] = sys.modules["__main__"]
channels.ROWS = (channels.Row("script", "script_channel:make", automatic=True),)
main(sys.argv[1:])
