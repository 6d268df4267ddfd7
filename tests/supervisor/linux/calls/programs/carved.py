import os, subprocess
for turn in range(3):
    with open("main.txt.new", "w") as file:
        file.write(f"turn {turn}")
    os.rename("main.txt.new", "main.txt")
    print(open("main.txt").read())
    os.unlink("gone.txt")
    open("gone.txt", "x").close()
    open("gone.txt", "r+").close()
os.rename("directory", "renamed")
open("renamed/inside", "a").close()
os.mkdir("directory")
open("directory/new", "w").close()
os.link("main.txt", "directory/linked")
os.truncate("main.txt", 2)
print(sorted(os.listdir(".")), open("directory/linked").read())
def refused(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        print(what.__name__, type(error).__name__)
    else:
        print(what.__name__, "WON")
refused(open, "denied/file")
refused(open, "denied/new", "w")
refused(os.rename, "denied", "other")
refused(os.rename, "renamed", "denied")
refused(os.link, "denied/file", "linked")
refused(os.symlink, ".", "denied")
refused(os.listdir, "denied")
refused(os.rmdir, "denied")
