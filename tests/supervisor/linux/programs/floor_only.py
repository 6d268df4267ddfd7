import os, socket, sys
open("made.txt", "w").write("made")
def attempt(what, work):
    try:
        work()
        print(what, "WON")
    except OSError as error:
        print(what, type(error).__name__)
attempt("read", lambda: print(open(sys.argv[1]).read()))
attempt("write", lambda: open(sys.argv[1], "a"))
attempt("chmod", lambda: os.chmod("made.txt", 0o600))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", 9), 1))
attempt("environ", lambda: open(f"/proc/{os.getppid()}/environ", "rb").read())
