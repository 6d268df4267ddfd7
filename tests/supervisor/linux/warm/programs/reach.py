import os, socket, sys
path = sys.argv[1]
def attempt(what):
    try:
        what()
    except OSError:
        print("refused")
    else:
        print("reached", what.__name__)
def connects():
    socket.socket(socket.AF_UNIX).connect(path)
def connects_through_link():
    link = os.path.join(os.environ["TMPDIR"], "link")
    os.symlink(path, link)
    socket.socket(socket.AF_UNIX).connect(link)
def connects_by_descriptor():
    fd = os.open(os.path.dirname(path), os.O_PATH)
    socket.socket(socket.AF_UNIX).connect(f"/proc/self/fd/{fd}/warm")
def connects_from_there():
    os.chdir(os.path.dirname(path))
    socket.socket(socket.AF_UNIX).connect("warm")
def sends():
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", path)
def removes():
    os.unlink(path)
def renames():
    os.rename(path, path + ".old")
def renames_directory():
    os.rename(os.path.dirname(path), os.path.dirname(path) + ".old")
def makes_another():
    socket.socket(socket.AF_UNIX).bind(path + ".new")
def lists():
    os.listdir(os.path.dirname(path))
def changes_mode():
    os.chmod(path, 0o666)
def links():
    os.link(path, os.path.join(os.environ["TMPDIR"], "hard"))
for each in (connects, connects_through_link, connects_by_descriptor, connects_from_there, sends,
             removes, renames, renames_directory, makes_another, lists, changes_mode, links):
    attempt(each)
