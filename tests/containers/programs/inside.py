import asyncio
import errno
import fcntl
import json
import os
import select
import socket
import stat
import subprocess
import sys
import threading
import time

HIDDEN, GIVEN, NAME, PORT = sys.argv[1:]
said = {}


def step(function):
    try:
        said[function.__name__] = "yes" if function() else "no"
    except Exception as error:
        said[function.__name__] = repr(error)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@step
def umask_is_the_callers():
    """In a carved directory everything is made by nono: with and without a bit that nono masks."""
    found = []
    for mask in (0, 0o27, 0o77):
        os.umask(mask)
        os.mkdir(f"d{mask}", 0o777)
        os.mkfifo(f"p{mask}", 0o666)
        os.close(os.open(f"f{mask}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        unnamed = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o666)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(f"s{mask}")
        made = [mode(f"{kind}{mask}") for kind in "dpfs"] + [
            stat.S_IMODE(os.fstat(unnamed).st_mode)
        ]
        found.append(made == [each & ~mask for each in (0o777, 0o666, 0o666, 0o777, 0o666)])
    os.umask(0o22)
    return all(found)


@step
def a_default_acl_takes_the_place_of_the_umask():
    os.mkdir("acl")
    entry = lambda tag, bits: tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + b"\xff" * 4
    acl = b"\2\0\0\0" + entry(1, 7) + entry(4, 6) + entry(0x20, 6)
    try:
        os.setxattr("acl", "system.posix_acl_default", acl)
    except OSError as error:
        return error.errno == errno.EOPNOTSUPP
    os.umask(0o77)
    os.close(os.open("acl/file", os.O_CREAT | os.O_WRONLY, 0o666))
    os.umask(0o22)
    return mode("acl/file") == 0o666


@step
def open_files_get_other_modes():
    with open("open", "w") as file:
        os.fchmod(file.fileno(), 0o640)
        os.utime(file.fileno(), (1, 1))
    with open("open", "r+") as file:
        return mode("open") == 0o640 and open(f"/proc/self/fd/{file.fileno()}", "w").write("x") == 1


@step
def no_other_file_is_changed_while_the_number_is_swapped():
    """Which file the number means flips: the one that may only be read must stay as it is."""
    own, given, swapped = os.open("own", os.O_CREAT | os.O_RDWR), os.open(GIVEN, os.O_RDONLY), 50
    before = mode(GIVEN)
    end = time.monotonic() + 0.3

    def swap():
        while time.monotonic() < end:
            os.dup2(given, swapped)
            os.dup2(own, swapped)

    os.dup2(own, swapped)
    other = threading.Thread(target=swap)
    other.start()
    done = 0
    while time.monotonic() < end:
        try:
            os.fchmod(swapped, 0o606)
            done += 1
            os.write(os.open(f"/proc/self/fd/{swapped}", os.O_WRONLY | os.O_CLOEXEC), b"changed")
        except PermissionError:
            pass
        finally:
            os.closerange(60, 200)
    other.join()
    return done and mode(GIVEN) == before and open(GIVEN).read() == "given"


def served(family, address):
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    server.listen(5)
    return server


@step
def the_end_of_a_connection_is_heard():
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, "end")):
        for blocks in (True, False):
            with served(family, address) as server, socket.socket(family) as client:
                client.setblocking(blocks)
                client.connect_ex(server.getsockname())
                accepted, _ = server.accept()
                client.close()
                accepted.settimeout(30)
                if accepted.recv(1) != b"":
                    return False
            if family == socket.AF_UNIX:
                os.unlink("end")
    return True


@step
def a_port_that_was_closed_is_free():
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        served(socket.AF_INET, ("127.0.0.1", port)).close()
    return True


@step
def a_refused_socket_may_try_again():
    with socket.socket() as client, served(socket.AF_INET, ("127.0.0.1", 0)) as server:
        refused = client.connect_ex(("127.0.0.1", 1)) == errno.ECONNREFUSED
        return refused and [client.connect_ex(server.getsockname()) for _ in range(2)] == [
            0,
            errno.EISCONN,
        ]


@step
def many_are_forgotten():
    for _ in range(300):
        socket.socket()
    return True


@step
def asyncio_works():
    async def main():
        async def answer(reader, writer):
            writer.write(await reader.read(3))
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"abc")
        return await reader.read() == b"abc"

    return asyncio.run(main())


@step
def what_is_closed_stays_closed():
    try:
        open(HIDDEN)
    except PermissionError:
        with socket.socket() as client:
            return client.connect_ex(("169.254.169.254", 80)) == errno.ECONNREFUSED


@step
def a_host_is_reached_by_its_name():
    for blocks in (True, False):
        with socket.socket() as client:
            client.setblocking(blocks)
            client.connect_ex((NAME, int(PORT)))
            client.settimeout(20)
            select.select([], [client], [], 20)
            if client.recv(5) != b"hello" or client.recv(1) != b"":
                return False
    return True

@step
def other_names_are_refused():
    with socket.socket() as client:
        try:
            return client.connect_ex(("other.example", 80)) == errno.ECONNREFUSED
        except socket.gaierror:
            return True


@step
def programs_are_started():
    return subprocess.check_output(["sh", "-c", "echo $((6 * 7)) | cat"]) == b"42\n"


@step
def lock():
    with open("own") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    return True


print(json.dumps(said))
