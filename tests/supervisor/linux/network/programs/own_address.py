import socket
for address in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7"):
    try:
        with socket.create_connection((address, 7777), 5) as connection:
            print(connection.recv(100).decode())
    except OSError as error:
        print(error.strerror)
