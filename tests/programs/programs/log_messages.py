"""Send to a receiver outside in the ways of syslog(3) and sd_notify(3), and end at once."""
import ctypes, errno, os, socket, sys

log, notify = sys.argv[1:]


def tried(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]


bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
bound.bind("answers")
bound.settimeout(30)
print(tried(bound.sendto, b"question", log), tried(bound.recvfrom, 99))
bound.connect(log)
print(tried(bound.send, b"question"), tried(bound.recv, 99))
nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
print(tried(nameless.connect, notify), tried(socket.socket(socket.AF_UNIX).connect, log))
for each in range(3):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.connect(log)
    for number in range(3):
        client.send(b"%d.%d" % (each, number))
sys.stdout.flush(), os._exit(0)
