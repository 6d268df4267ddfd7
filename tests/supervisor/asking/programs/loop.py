import sys

total = 0
for number in range(300):
    with open(f"{sys.argv[1]}/many/{number}") as file:
        total += len(file.read())
print(total)
