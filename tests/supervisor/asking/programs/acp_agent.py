"""An agent that speaks ACP: each prompt names a file, which it reads and answers with."""

import json
import sys


def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    if method == "initialize":
        try:
            text = open(sys.argv[1]).read()  # before there is a session, nobody can be asked
        except OSError as error:
            text = error.strerror
        say(id=id, result={"protocolVersion": 1, "agentInfo": {"name": "scripted", "early": text}})
    elif method == "session/new":
        say(id=id, result={"sessionId": "sess_1"})
    elif method == "session/prompt":
        session, path = message["params"]["sessionId"], message["params"]["prompt"][0]["text"]
        # What it would answer if it could: neither reaches the editor.
        say(id="nono:1", method="session/request_permission", params={"options": []})
        print('{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":', end="", flush=True)
        try:
            text = open(path).read()
        except OSError as error:
            text = error.strerror
        update = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}
        print(f'"{session}","update":{json.dumps(update)}}}}}', flush=True)
        say(id=id, result={"stopReason": "end_turn"})
print("a last line", end="", flush=True)
