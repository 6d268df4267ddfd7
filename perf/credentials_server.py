"""The upstream of credentials.py: TLS, keep-alive, and as little work per request as possible.

credentials_server.py ADDRESS PORT CERTIFICATE KEY
"""

from __future__ import annotations

import asyncio
import ssl
import sys

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_DENIED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"7\r\ndata: x\r\n"
)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: bytes) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if b"Bearer " + key not in head:
                writer.write(_DENIED)
            elif b"/hold" in head:
                writer.write(_STREAM)
                await reader.read()
                break
            elif b"/stream" in head:
                writer.write(_STREAM)
                await asyncio.sleep(0.002)
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(_ANSWER)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()


async def main(address: str, port: str, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer, key.encode())

    server = await asyncio.start_server(connected, address, int(port), ssl=context, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
