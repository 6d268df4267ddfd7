"""A fake API over TLS that accepts only the real key, and shows what reached it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import quote

REAL_KEY = "sk-real/8+f3=Zq7XwT1mK9vB2"
SPELLINGS = (
    "".join(f"\\u{ord(char):04x}" for char in REAL_KEY),
    "".join(f"\\\\u{ord(char):04X}" for char in REAL_KEY),
    REAL_KEY.replace("/", "\\/").replace("+", "\\u002b").replace("=", "\\u003D"),
    "".join(f"&#{ord(char)};" for char in REAL_KEY),
    "".join(f"&amp;#x0{ord(char):X}" for char in REAL_KEY),
    REAL_KEY.replace("/", "&sol;").replace("+", "&plus;").replace("=", "&equals;"),
    "".join(f"%{ord(char):02x}" for char in REAL_KEY),
    quote(quote(REAL_KEY, safe=""), safe=""),
    "".join(f"={ord(char):02X}" for char in REAL_KEY),
    REAL_KEY[:7] + "=\r\n" + REAL_KEY[7:],
    REAL_KEY.encode("utf-16-be").decode(),
    base64.encodebytes(b"x" * 45 + REAL_KEY.encode()).decode(),
    base64.b64encode(REAL_KEY.encode()).decode().replace("/", "\\/").replace("=", "%3D"),
)
"""What an answer may hold of the key where text is escaped, once or twice."""
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "hello"},
        }
    ],
}
_MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


class Api(BaseHTTPRequestHandler):
    """Bearer and x-api-key; the paths of OpenAI's and Anthropic's APIs, and some of a test's."""

    protocol_version = "HTTP/1.1"
    server: Any
    seen: ClassVar[list[tuple[str, str, dict[str, str], int]]] = []

    def handle_any(self) -> None:
        self.connection.settimeout(20)
        body = self._body()
        Api.seen.append((self.command, self.path, dict(self.headers.items()), len(body)))
        self.server.host.requests.append(f"{self.command} {self.path}")
        if not self._is_authorised():
            self._say(401, {"error": {"message": "wrong key: " + self._given()}})
            return
        path = self.path.partition("?")[0]
        handler = getattr(self, "on_" + path.strip("/").replace("/", "_"), None)
        if handler is None:
            self._say(200, {"path": self.path, "length": len(body)})
        else:
            handler(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    def _given(self) -> str:
        return self.headers.get("Authorization", "") + self.headers.get("x-api-key", "")

    def _is_authorised(self) -> bool:
        basic = "Basic " + base64.b64encode(f"user:{REAL_KEY}".encode()).decode()
        given = self.headers.get("Authorization", "")
        return (
            given in (f"Bearer {REAL_KEY}", f"token {REAL_KEY}", basic)
            or self.headers.get("x-api-key") == REAL_KEY
            or f"key={quote(REAL_KEY, safe='')}" in self.path
            or f"/bot{quote(REAL_KEY, safe='+=')}/" in self.path
        )

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _say(self, status: int, value: object, **headers: str) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, pieces: list[bytes], kind: str, pause: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (*pieces, b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
            time.sleep(pause)

    def on_v1_chat_completions(self, body: bytes) -> None:
        if not json.loads(body).get("stream"):
            self._say(200, _CHAT)
            return
        pieces = []
        for word in ("hel", "lo"):
            choice = {"index": 0, "delta": {"role": "assistant", "content": word}}
            chunk = {**_CHAT, "object": "chat.completion.chunk", "choices": [choice]}
            pieces.append(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self._stream([*pieces, b"data: [DONE]\n\n"], "text/event-stream")

    def on_v1_messages(self, body: bytes) -> None:
        if not json.loads(body).get("stream"):
            self._say(200, _MESSAGE)
            return
        start = {**_MESSAGE, "content": []}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": start},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            *(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": word},
                }
                for word in ("hel", "lo")
            ),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 1},
            },
            {"type": "message_stop"},
        ]
        pieces = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]
        self._stream(pieces, "text/event-stream")

    def on_v1_slow(self, body: bytes) -> None:
        self._stream([b"one\n", b"two\n", b"three\n"], "text/event-stream", 0.4)

    def on_v1_echo(self, body: bytes) -> None:
        """Everything that an API may repeat of a key, and in pieces."""
        forms = [
            REAL_KEY,
            quote(REAL_KEY, safe=""),
            quote(REAL_KEY, safe="").lower(),
            base64.b64encode(REAL_KEY.encode()).decode(),
            base64.b64encode(b"x" + REAL_KEY.encode() + b"yz").decode(),
            base64.urlsafe_b64encode(b"xy" + REAL_KEY.encode()).decode(),
            *SPELLINGS,
        ]
        text = " ".join(forms).encode()
        self.send_response(200, f"fine {REAL_KEY}")
        self.send_header("X-Echo", f"Bearer {REAL_KEY}")
        self.send_header("Location", f"https://elsewhere.example/{REAL_KEY}")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(text), 5):
            piece = text[at : at + 5]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def on_v1_gzip(self, body: bytes) -> None:
        self._say(200, {}, Content_Encoding="gzip")

    def on_v1_redirect(self, body: bytes) -> None:
        self._say(307, {}, Location="/v1/models")

    def on_v1_elsewhere(self, body: bytes) -> None:
        self._say(307, {}, Location="https://elsewhere.example/v1/models")

    def on_v1_websocket(self, body: bytes) -> None:
        accept = hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + _MAGIC).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accept).decode())
        self.end_headers()
        data = self.connection.recv(4096)
        self.connection.sendall(data[::-1] + REAL_KEY.encode())
        if self.connection.recv(4096):
            # An end that a key could follow.
            self.connection.sendall(REAL_KEY[:9].encode())
        self.close_connection = True

    def on_v1_two_framings(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.wfile.write(head + b"5\r\nhello\r\n0\r\n\r\n")

    def on_v1_two_answers(self, body: bytes) -> None:
        """One that nobody asked for right behind the one that was asked for."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"
        self.wfile.write(head + b"wanted" + head + b"forged")

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""
