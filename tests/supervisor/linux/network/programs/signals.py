def is_waiting(pid):
    "In a call, and the supervisor (of one that is asked) has it."
    with open(f"/proc/{pid}/stat") as file:
        waiting = file.read().rpartition(")")[2].split()[0] == "S"
    if waiting:
        os.chmod(".", 0o755)  # asked about after the other's
    return waiting

def connecting(sock, where, restart):
    "A process that connects; what it says, and when signals were handled."
    results, result = os.pipe()
    handled, handling = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.set_blocking(handling, False)
        signal.set_wakeup_fd(handling)  # written by the handler of C, also during a call
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, not restart)
        signal.signal(signal.SIGUSR1, lambda *_: None)  # which restarts nothing
        os.write(handling, b"!")
        os.write(result, plain_connect(sock, where).encode())
        os._exit(0)
    os.close(result)
    return pid, results, handled

def has_ended(results, seconds=0.0):
    return bool(select.select([results], [], [], seconds)[0])

for host in ("deadtls", "dead", "dead"):
    where = packed(address(TARGETS[host]))
    for restart in (False, True):
        for seconds in (0, 1000):
            sock = socket.socket()
            limit = struct.pack("@ll", seconds, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            pid, results, handled = connecting(sock, where, restart)
            os.read(handled, 1)
            for turn, number in enumerate((signal.SIGALRM, signal.SIGUSR1)):
                while not has_ended(results, 0.001) and not is_waiting(pid):
                    pass
                if not has_ended(results):
                    os.kill(pid, number)
                    os.read(handled, 1)
                    last = number.name
            os.waitpid(pid, 0)
            print(host, restart, seconds, os.read(results, 100), "at", last)
            # The attempt goes on.
            sock.setblocking(False)
            print(plain_connect(sock, where))
            sock.close()
