def forever(host, family, blocking):
    sock = socket.socket(family)
    sock.setblocking(blocking)
    said(sock.connect, address(TARGETS[host], family))
    outcome(sock)
    if "silent" not in sys.argv:  # which ends when a look-up does
        print("this never ends")

def still_works():
    "Everything that does not concern who is stuck."
    for turn in range(10):
        os.chmod(".", 0o755)
        with socket.create_server(("127.0.0.1", 0)) as own:
            socket.create_connection(own.getsockname()).close()
        with socket.create_connection((TARGETS["live"][2], TARGETS["live"][1])) as sock:
            assert echoed(sock)
        with socket.create_connection(TARGETS["live"][:2]) as sock:
            assert echoed(sock)
        socket.getaddrinfo(f"name-{turn}.example", 443)
    return "works"

print(still_works())
if "silent" in sys.argv:
    ask("silence")
for host in ("deadtls", "dead"):
    for family in (socket.AF_INET, socket.AF_INET6):
        for blocking in (False, True):
            arguments = host, family, blocking
            threading.Thread(target=forever, args=arguments, daemon=True).start()
            if os.fork() == 0:
                forever(*arguments)
print(still_works())
# Its own limit of time is kept, whoever does not answer: a host or a resolver.
for host in ("deadtls", "dead"):
    try:
        socket.create_connection(TARGETS[host][:2], timeout=0.2)
    except TimeoutError:
        print("timeout")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 200_000))
        print(said(sock.connect, address(TARGETS[host])))
print(still_works(), flush=True)
os._exit(0)  # which ends all the others
