# A directory of programs that may be run and not read is $1; a file out of reach is $2.
cd there/inner
$1/mkdir made && $1/touch made/file; $1/mv made/file made/other && $1/ln -s other made/link
$1/cat made/link /etc/hostname; $1/cat "$2"; $1/rm "$2"; $1/cat hidden
$1/mkdir ../../beside; $1/mkdir /tmp/made-by-the-unreadable; $1/env echo started
$1/chmod 600 made/other; $1/cp made/other made/copy && $1/rm made/other
$1/python3 -c '
import os, socket
for each in (lambda: os.open("set", os.O_CREAT | os.O_WRONLY, 0o4755),
             lambda: os.open("made/copy", os.O_RDWR | os.O_ACCMODE),
             lambda: os.mknod("device", 0o60600, 7), lambda: os.truncate("made/copy", 0),
             lambda: socket.socket(socket.AF_UNIX).connect("/nowhere"),
             lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
             lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)):
    try: print(each())
    except OSError as error: print(error.strerror)
'
