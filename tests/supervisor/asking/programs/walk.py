import os
import sys

found = 0
for _, _, files in os.walk(sys.argv[1] + "/tree"):
    found += len(files)
print(found)
