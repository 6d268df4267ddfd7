import struct, zlib
import numpy

table = numpy.loadtxt("data.csv", delimiter=",", skiprows=1)
scaled = (255 * (table - table.min()) / numpy.ptp(table)).astype("uint8")

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

height, width = scaled.shape
rows = b"".join(b"\0" + row.tobytes() for row in scaled)
with open("picture.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n")
    file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)))
    file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
print(height, width)
