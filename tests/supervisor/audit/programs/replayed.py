import os, socket, tempfile, shutil
def attempt(function, *arguments):
    try: return function(*arguments)
    except OSError: pass
open("out.txt", "w").close()
open("in.txt").close()
for name in "data.txt", "other.txt":
    attempt(open, os.path.expanduser("~/" + name))
# What the run makes in shared places is its own, and its TMPDIR is, too.
with tempfile.TemporaryDirectory(dir="/tmp") as place:
    open(place + "/a", "w").close()
    os.rename(place + "/a", place + "/b")
    os.unlink(place + "/b")
with tempfile.NamedTemporaryFile() as file: file.write(b"x")
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname())
