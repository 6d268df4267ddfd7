import os
text = ""
for number in range(3):
    try:
        os.fstat(number)
        text += " open"
    except OSError:
        text += " closed"
os.close(os.open("made", os.O_CREAT))  # a call that nono may answer with a descriptor
with open("streams", "w") as file:
    file.write(text)
