"""A name is asked for by datagrams, beside what is no question; and what is told to use TCP."""

import socket
import struct

HEAD, FLAGS = struct.Struct("!HHHHHH"), 0x0110
NAME = b"\1a\7example\0" + struct.pack("!HH", 1, 1)
TEXT = NAME[:-4] + struct.pack("!HH", 16, 1)
OPTIONS = b"\0\0\x29\4\0\0\0\0\0\0\0"
QUESTION = HEAD.pack(7, FLAGS, 1, 0, 0, 1) + NAME + OPTIONS
NONE = (
    b"",
    b"\0" * 11,
    HEAD.pack(7, FLAGS, 1, 0, 0, 0),
    HEAD.pack(7, FLAGS, 1, 0, 0, 0) + b"\377" * 100,
    HEAD.pack(7, FLAGS, 1, 0, 0, 0) + NAME[:-1],
    HEAD.pack(7, FLAGS, 2, 0, 0, 0) + NAME + NAME,
    HEAD.pack(7, FLAGS | 0x8000, 1, 0, 0, 0) + NAME,
)

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    for each in NONE:
        asking.sendto(each, ("127.0.0.1", 53))
    asking.connect(("127.0.0.1", 53))
    asking.send(QUESTION)
    reply = asking.recv(512)
    print(HEAD.unpack(reply[:12]), reply[12:].startswith(NAME), socket.inet_ntoa(reply[-15:-11]))
    asking.send(HEAD.pack(8, FLAGS, 1, 0, 0, 0) + TEXT)
    print(asking.recv(512) == HEAD.pack(8, 0x8310, 1, 0, 0, 0) + TEXT)
with socket.create_connection(("127.0.0.1", 53)) as over_tcp:
    over_tcp.sendall(struct.pack("!H", len(QUESTION)) + QUESTION)
    size, number, flags = struct.unpack("!HHH", over_tcp.recv(6))
    print(number, bool(flags & 0x8000), bool(flags & 0x0200))
