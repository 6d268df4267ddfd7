import os, socket
def attempt(function, *arguments):
    try: function(*arguments)
    except OSError: pass
for path in "~/.ssh/id_rsa", "~/.ssh/id_rsa", "/root/x", "late/.env":
    attempt(open, os.path.expanduser(path))
for number in range(6):
    attempt(open, os.path.expanduser(f"~/made/{number}"), "w")
attempt(os.mkdir, "/opt/new")
attempt(os.chmod, os.path.expanduser("~/.ssh/id_rsa"), 0o644)
attempt(socket.create_connection, ("denied.example", 443), 5)
attempt(socket.create_connection, ("127.0.0.1", 9), 5)
attempt(os.execv, "/tmp/nono-no-program", ["x"])
