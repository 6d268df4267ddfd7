def pairs():
    "Each family of socket with each kind of target; a name is reached in two ways."
    own = socket.create_server(("127.0.0.1", 0), backlog=64)
    every = {**TARGETS, "again": TARGETS["new"], "own": own.getsockname()}
    every["literal"] = (TARGETS["new"][2], TARGETS["new"][1])
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in ("tls", "new", "again", "literal", "own"):
            if kind == "new" and family == socket.AF_INET6:
                every["new"] = every["newer"]
            yield kind, family, address(every[kind], family)
    own.close()
