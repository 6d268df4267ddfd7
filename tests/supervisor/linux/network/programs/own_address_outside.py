import socket, subprocess, sys, threading
for words in (
    "link set lo up",
    "address add 203.0.113.7/32 dev lo",
    "address add 2001:db8::7/128 dev lo nodad",
):
    subprocess.run(["ip", *words.split()], check=True)
listener = socket.create_server(("::", 7777), family=socket.AF_INET6, dualstack_ipv6=True)
def serve():
    while True:
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"reached")
threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
