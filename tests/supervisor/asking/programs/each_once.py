import sys

for name in ("many/0", "many/1", "one/f"):
    try:
        with open(f"{sys.argv[1]}/{name}") as file:
            print("read", file.read())
    except OSError as error:
        print(error.errno)
