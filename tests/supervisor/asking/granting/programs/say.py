"""A client that makes calls and prints what comes of each: a result, or the words of an error."""

import json
import socket
import sys

sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
answers = sock.makefile()


def say(method, params):
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    sock.sendall(json.dumps(message).encode() + b"\n")
    reply = json.loads(answers.readline())
    if "result" in reply:
        return reply["result"]
    error = reply["error"]
    return "\n".join([error["message"], *error.get("data", {}).values()])


say("hello", {"protocol": 1, "client": "tester"})
for method, params in json.loads(sys.argv[2]):
    print(json.dumps(say(method, params)))
