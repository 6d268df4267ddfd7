import os, pwd, grp, socket
print(sorted({entry[4][0] for entry in socket.getaddrinfo("localhost", "http")}))
print(socket.gethostname() == os.uname().nodename, socket.getservbyname("https"))
print(socket.getaddrinfo("127.0.0.1", 1)[0][4], socket.getnameinfo(("127.0.0.1", 22), 0))
for name in ("no-such-host.invalid", ""):
    try:
        socket.getaddrinfo(name, 80, family=socket.AF_INET); print("found")
    except OSError as error:
        print(error)
print(pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name, socket.if_nameindex())
