# A first round, so that what is loaded once is loaded.
for host in ("deadtls", "dead"):
    kill(starts(host, False)); ask("connecting", f"{host}.example", 0)
# Once the lane in C has a table of the rules it keeps one, each of three files that it gives, who
# has connected last, the link of a handle, and where it hears those who look up names.
before = ask("descriptors") + 7
for host in ("deadtls", "dead"):
    for blocking in (False, True):
        for _ in range(2):
            pids = [starts(host, blocking) for _ in range(3)]
            # Somebody outside sees all of them, and nothing of them when they are gone.
            reached = ask("connecting", f"{host}.example", 3)
            ends = [kill(pid) for pid in pids]
            print(host, int(blocking), reached, ends, ask("connecting", f"{host}.example", 0))
    # One that closes its socket, or disconnects it, gives up as well.
    for give_up in (socket.socket.close, lambda sock: plain_connect(sock, UNSPECIFIED)):
        sock = socket.socket(); sock.setblocking(False)
        print(said(sock.connect, address(TARGETS[host])), ask("connecting", f"{host}.example", 1))
        give_up(sock)
        print(ask("connecting", f"{host}.example", 0))
        sock.close()
print(ask("descriptors", before) <= before)
# Connections that were made, and that end on either side.
for turn in range(2):
    socks = [socket.create_connection(TARGETS["live"][:2], 30) for _ in range(50)]
    during = ask("descriptors")
    print([echoed(sock) for sock in socks] == [True] * 50)
    for sock in socks:
        sock.close()
print(ask("descriptors", before) <= before)
