import sys

seen = set()
for _ in range(300):
    try:
        seen.add(open("link").read())
    except OSError as error:
        seen.add(str(error.errno))
print(sorted(seen))
