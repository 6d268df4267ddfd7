import sys

# At least so many times, then until as many different outcomes were seen as are awaited.
awaited, least, bound = int(sys.argv[2]), 300, 20_000
seen = set()
for number in range(bound):
    if number >= least and len(seen) >= awaited:
        break
    try:
        seen.add(open("link").read())
    except OSError as error:
        seen.add(str(error.errno))
print(sorted(seen))
