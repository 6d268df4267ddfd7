from concurrent.futures import ThreadPoolExecutor

def unknown(host, blocking):
    with socket.socket() as sock:
        sock.setblocking(blocking)
        result = said(sock.connect, address(TARGETS[host]))
        return (host, result) if blocking else (host, result, *outcome(sock))

for hosts in (("missing", "missingtls", "empty", "emptytls"), ("broken", "brokentls")):
    if hosts[0] == "broken":
        ask("fail")
    with ThreadPoolExecutor(8) as pool:
        for line in pool.map(unknown, hosts * 2, [False] * len(hosts) + [True] * len(hosts)):
            print(*line)
