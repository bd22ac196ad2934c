"""For programs that run under MicroPython with little of their heap free."""

FILL = """
import gc

def fill(free):
    \"\"\"Takes all of the heap but `free` bytes. Keep what it returns.\"\"\"
    gc.collect()
    room = bytearray(free)
    hog = []
    size = 4096
    while size > 64:
        try:
            while True:
                hog.append(bytearray(size))
        except MemoryError:
            size //= 2
    return hog
"""
