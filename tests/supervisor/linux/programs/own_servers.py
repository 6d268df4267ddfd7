"""One's own servers are reached, others' are not. Arguments: a port, a path, an abstract name."""

import os
import socket
import sys

PORT, PATH, ABSTRACT = int(sys.argv[1]), sys.argv[2], "\0" + sys.argv[3]


def reached(family, address):
    with socket.socket(family) as client:
        try:
            client.connect(address)
        except OSError as error:
            return error.strerror
        return "reached"


def own(family, address):
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        return reached(family, server.getsockname())


inet, unix = socket.AF_INET, socket.AF_UNIX
print(own(inet, ("127.0.0.1", 0)), own(inet, ("0.0.0.0", 0)))
print(own(unix, "relative"), own(unix, os.path.abspath("absolute")), own(unix, ABSTRACT + "-own"))
print(reached(inet, ("127.0.0.1", PORT)), reached(unix, PATH), reached(unix, ABSTRACT), sep=", ")
os.rename("absolute", "moved")
print(reached(unix, os.path.abspath("moved")))
