import sys

for path in sys.argv[1:]:
    try:
        print(open(path).read())
    except OSError:
        print("no")
