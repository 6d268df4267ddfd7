import os, socket
def attempt(name, function):
    try: print(name, function() or "ok")
    except OSError as error: print(name, error.strerror)
def write(path): open(os.path.expanduser(path), "w").write("x")
def read(path): open(os.path.expanduser(path)).read(10)
def connect(host, port): socket.create_connection((host, port), 5).close()
