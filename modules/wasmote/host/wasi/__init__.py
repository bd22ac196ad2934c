"""WASI 0.2 as far as a board has it: clocks, io, random, cli, filesystem, keyvalue; sockets, of which there are
none; no http.

Each module is imported when a component first imports an interface of it (imports.py). Its classes are made once for a
guest, with the guest's Imports; their methods are the functions of the interfaces. digests.py says which is which.
"""
