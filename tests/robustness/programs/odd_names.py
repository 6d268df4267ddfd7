import os
long = "d" * 250
path = ""
while len(path) + 251 < 4096:
    path += long + "/"
path += "x" * (4095 - len(path))
def attempt(path):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT))
        return "ok"
    except OSError as error:
        return error.strerror
print(len(path), attempt(path))
print(attempt(path + "x"))
print(attempt("x" * 256))
odd = b"new\nline \x1b[31m \xff\xfe \xe2\x80\xae"
print(attempt(odd), odd in os.listdir(b"."))
print(attempt(b"/etc/" + odd))
print(attempt(b"/" + b"\xff" * 200))
print(attempt(""))
