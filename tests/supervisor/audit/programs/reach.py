import os, sys
place = sys.argv[1]
name = os.path.join(place, sorted(os.listdir(place))[-1]) if sys.argv[2:] else place
def attempt(what, function):
    try:
        function()
        print(what, "WON")
    except OSError as error:
        print(what, error.strerror)
attempt("list", lambda: os.listdir(place))
attempt("read", lambda: open(place + "/../x/records").close() or open(place + "/records"))
attempt("make", lambda: os.mkdir(place + "/new"))
attempt("move", lambda: os.rename(os.path.dirname(place), os.path.dirname(place) + "2"))
attempt("above", lambda: os.rename(os.path.dirname(os.path.dirname(place)), "/tmp/elsewhere"))
os.symlink(place, "link")
attempt("link", lambda: os.listdir("link"))
attempt("remove", lambda: os.rmdir(place))
attempt("inside", lambda: os.chdir(place) or os.listdir("."))
for fd in range(3, 64):
    try: kind = os.readlink(f"/proc/self/fd/{fd}")
    except OSError: continue
    if "nono/sessions" in kind: print("descriptor WON")
