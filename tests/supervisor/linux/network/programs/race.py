import asyncio

async def talk(host):
    reader, writer = await asyncio.open_connection(*TARGETS[host][:2], happy_eyeballs_delay=0.1)
    writer.write(b"hello"); writer.write_eof()
    received = await reader.read(); writer.close(); await writer.wait_closed()
    return received

for turn in range(2):
    for host in ("first", "second", "six", "sixthen", "thensix"):
        for family in (socket.AF_INET, socket.AF_INET6):
            for blocking in (False, True):
                with socket.socket(family) as sock:
                    sock.setblocking(blocking)
                    sock.connect_ex(address(TARGETS[host], family))
                    print(host, *outcome(sock), echoed(sock))
        print(host, asyncio.run(talk(host)))
    # What it was reached at the last time may be gone the next time.
    ask("close", "first.example")
