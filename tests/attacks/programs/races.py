"""Run several races at once, each a command behind `--`, and pass on what they say."""

import os
import subprocess
import sys

from .attempt import arguments

commands: list[list[str]] = []
for word in arguments():
    if word == "--":
        commands.append([])
    else:
        commands[-1].append(word)
running = [subprocess.Popen(each, stdout=subprocess.PIPE, text=True) for each in commands]
failed = 0
for number, (command, process) in enumerate(zip(commands, running, strict=True)):
    said, _ = process.communicate()
    for line in said.splitlines():
        print(f"{number} {os.path.basename(command[0])} {line}")
    failed |= process.returncode
sys.exit(failed)
