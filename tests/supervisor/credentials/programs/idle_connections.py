import os, socket
from urllib.parse import urlsplit
base = urlsplit(os.environ["OPENAI_BASE_URL"])
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
for _ in range(700):
    sock = socket.socket()
    sock.settimeout(3)
    try:
        sock.connect((base.hostname, base.port))
    except OSError:
        break
    held.append(sock)
print(len(held))
