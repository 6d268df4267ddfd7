import errno, socket, sys
port = int(sys.argv[1])
def said(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"
for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"),
                     (socket.AF_INET6, "::ffff:0.0.0.0")):
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        print(said(sock.bind, (host, port)), said(sock.listen))
        if sock.getsockname()[1] == port:
            with socket.create_connection(("127.0.0.1", port)) as client:
                print(client.getpeername()[1] == port)
with socket.socket() as sock:
    print(said(sock.listen), sock.getsockname()[1] > 0)
