# SPDX-License-Identifier: MIT
"""The part of scripts/spec_tests.py that runs where the engine is: on a board, the unix build, or CPython.

Each request is a line of words, each answer a line; nothing is asked back, so requests may be sent ahead. Names are
percent-encoded UTF-8, values hexadecimal words or double words as the engine keeps them, - is the current module.

    module SIZE [NAME]       decode, instantiate, start; the current module from now on, even when it failed
    fresh SIZE [NAME]        the same in a fresh store: all instances before it are gone
    load SIZE                the same in the store as it is, for a module that is to be refused
    alone SIZE               the same in a store of its own
        SIZE bytes follow, in lines of base64
    register AS [NAME]       what other modules may import
    invoke NAME FIELD ARGUMENT...
    get NAME FIELD
    end                      ends the program

    =TYPE:VALUE ...          done; the results
    !CLASS TEXT              the exception
"""

import gc
import os
import sys
from binascii import a2b_base64

from wasmote import wasm
from wasmote.wasm.values import from_bits, to_bits

LIMIT = 0xFFFF  # granules of a store: the arena ends first, and memory_grow.wast asks for 800 pages at once
STACK = 8192  # of them, in bytes
LARGE = 1 << 30 if hasattr(os, "getenv") else 4096  # bytes of a module that a board keeps in its flash, not in RAM
SPARSE = 1 << 15  # granules to keep free when choosing a memory's form: more than there are
TYPES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C}
PRINTS = {"print": "", "print_i32": "i32", "print_i64": "i64", "print_f32": "f32", "print_f64": "f64",
          "print_i32_f32": "i32 f32", "print_f64_f64": "f64 f64"}  # fmt: skip
GLOBALS = {"global_i32": 666, "global_i64": 666, "global_f32": 0x44268000, "global_f64": 0x4084D00000000000}


class NoInstance(Exception):
    """The module that a command speaks of could not be made; the text says why."""


def spectest(store, name):
    """An export of the suite's host module: functions that print nothing, globals, a table of 10, a memory of 1 page."""
    if name in PRINTS:
        types = bytes([TYPES[t] for t in PRINTS[name].split()])
        return wasm.externs.HostFunction(store, types, b"", lambda *_: None)
    if name in GLOBALS:
        return wasm.externs.Global.new(store, TYPES[name[-3:]], 0, GLOBALS[name])
    if name == "table":
        return wasm.externs.Table.new(store, 0x70, 10, 20)
    if name == "memory":
        return wasm.Memory.new(store, 1, 2, reserve=SPARSE)
    return None


class Agent:
    """Serves requests. `read` returns the next line."""

    def __init__(self, read):
        self.read = read
        self.store = None
        self.renew()

    def renew(self):
        if self.store:
            self.store.close()
        self.named = {}
        self.registered = {}
        self.spectest = {}
        self.current = "no module"
        gc.collect()
        self.store = wasm.Store(LIMIT, STACK)

    def receive(self, size):
        """A Source over the module that follows."""
        if size > LARGE:
            file = open("module.wasm", "w+b")  # noqa: SIM115 - the Source closes it
            while size:
                size -= file.write(a2b_base64(self.read()))
            return wasm.Source(file)
        data = b""
        while len(data) < size:
            data += a2b_base64(self.read())
        return wasm.Source(data)

    def instantiate(self, store, known, size):
        def resolve(module, name):
            if module == "spectest":
                if name not in known:
                    known[name] = spectest(store, name)
                return known[name]
            exports = self.registered.get(module, {})
            if isinstance(exports, str):
                raise NoInstance(exports)
            return exports.get(name)

        source = self.receive(int(size))
        try:
            return wasm.drive(wasm.instance.Instance.create(store, wasm.binary.Module(source.reader()), resolve))
        finally:
            source.close()

    def module(self, words):
        name = unescaped(words[1]) if len(words) > 1 else None
        try:
            self.current = self.instantiate(self.store, self.spectest, words[0])
        except Exception as error:
            self.current = said(error)
            raise
        finally:
            if name is not None:
                self.named[name] = self.current

    def fresh(self, words):
        self.renew()
        self.module(words)

    def load(self, words):
        self.instantiate(self.store, self.spectest, words[0])

    def alone(self, words):
        store = wasm.Store(LIMIT, STACK)
        try:
            self.instantiate(store, {}, words[0])
        finally:
            store.close()

    def instance(self, name):
        found = self.current if name == b"-" else self.named.get(unescaped(name), "no module")
        if isinstance(found, str):
            raise NoInstance(found)
        return found

    def register(self, words):
        name = unescaped(words[0])
        try:
            self.registered[name] = self.instance(words[1] if len(words) > 1 else b"-").exports
        except NoInstance as error:
            self.registered[name] = str(error)
            raise

    def invoke(self, words):
        function = self.instance(words[0]).exports[unescaped(words[1])]
        params, results = function.type
        if len(words) - 2 != len(params):
            raise TypeError("%d arguments for %d parameters" % (len(words) - 2, len(params)))
        values = [from_bits(self.store, t, int(word, 16)) for t, word in zip(params, words[2:])]
        values = wasm.drive(self.store.invoke(function, values))
        return " ".join(["%x:%x" % (t, to_bits(self.store, t, value)) for t, value in zip(results, values)])

    def get(self, words):
        extern = self.instance(words[0]).exports[unescaped(words[1])]
        t = extern.type[0]
        return "%x:%x" % (t, to_bits(self.store, t, extern.value))

    def answer(self, line):
        words = line.split()
        try:
            return "=%s\n" % (getattr(self, str(words[0], "utf-8"))(words[1:]) or "")
        except Exception as error:  # whatever it is, it is the command's result
            return "!%s\n" % said(error)


def said(error):
    return "%s %s" % (type(error).__name__, str(error).replace("\r", " ").replace("\n", " "))


def unescaped(word):
    """The name that a percent-encoded word stands for; a lone % is no name at all: the empty one."""
    if b"%" not in word:
        return str(word, "utf-8")
    first, *rest = word.split(b"%")
    for part in rest:
        if part:
            first += bytes([int(part[:2], 16)]) + part[2:]
    return str(first, "utf-8")


def serve():
    read = sys.stdin.buffer.readline
    write = sys.stdout.buffer.write
    agent = Agent(read)
    write(b"ready %s\n" % wasm.engine.encode())
    while True:
        line = read()
        if not line or line == b"end\n":
            return
        write(agent.answer(line).encode())


if __name__ == "__main__":
    serve()
