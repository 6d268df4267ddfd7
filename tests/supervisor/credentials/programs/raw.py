import json, os, socket, sys
from urllib.parse import urlsplit
base = urlsplit(os.environ["OPENAI_BASE_URL"])
token, other = os.environ["OPENAI_API_KEY"], os.environ["ANTHROPIC_API_KEY"]
def raw(data):
    with socket.create_connection((base.hostname, base.port), timeout=15) as sock:
        try:
            sock.sendall(data.replace(b"TOKEN", token.encode()).replace(b"OTHER", other.encode()))
            sock.shutdown(socket.SHUT_WR) if data.endswith(b"<EOF>") else None
            answer = b""
            while more := sock.recv(65536):
                answer += more
        except ConnectionError:
            answer = b"reset"
        return answer.decode("latin-1")
