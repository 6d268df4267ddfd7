import base64
H = (b"GET /openai/v1/websocket HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n"
     b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
     b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nhello")
with socket.create_connection((base.hostname, base.port), timeout=15) as sock:
    sock.sendall(H.replace(b"TOKEN", token.encode()))
    answer = b""
    while not answer.endswith(b"*"):
        answer += sock.recv(65536)
    sock.sendall(b"more")
    while more := sock.recv(65536):
        answer += more
print(json.dumps(answer.decode()))
