"""Small components for tests, in the text format, and a host for them."""

import pytest
from wasmote.component import Component, HostImport
from wasmote.wasm import Source, Store, drive
from wat import assemble

HOST = "test:test/host@0.1.0"

# A core module with a memory and a realloc, to build on.
MEMORY = """
(core module $libc
  (memory (export "memory") 1)
  (global $at (mut i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
    (global.get $at)
    (global.set $at (i32.add (global.get $at) (local.get 3)))))
(core instance $libc (instantiate $libc))
(alias core export $libc "memory" (core memory $memory))
(alias core export $libc "realloc" (core func $realloc))
"""


class Interface:
    """What the host offers under one name: functions {name: (type, call)}."""

    def __init__(self, functions=(), resources=()):
        self.functions = {name: HostImport(*f) for name, f in dict(functions).items()}
        self.resources = dict(resources)


class Imports(dict):
    """Interfaces by name."""

    def interface(self, name):
        return self.get(name)


_stores = []


@pytest.fixture(autouse=True)
def stores_closed():
    """Import it, and the arena is empty again after each test."""
    yield
    while _stores:
        _stores.pop().close()


def load(source, imports=(), **options):
    """The Component of a text, or of bytes, in a store of its own."""
    binary = assemble(source) if isinstance(source, str) else source
    _stores.append(Store(limit=64))
    return drive(Component.load(_stores[-1], Source(binary), Imports(imports), **options))


def call(component, name, *args):
    return drive(component.exports[name](*args))


# -- texts


def importing(function, text, module, exports=""):
    """A component whose core module $m may call the import "f" (a func of type `text`) and whose exports follow."""
    return f"""(component {MEMORY}
      (import "{HOST}" (instance $host (export "{function}" (func {text}))))
      (alias export $host "{function}" (func $f))
      (core func $f (canon lower (func $f) (memory $memory) (realloc $realloc)))
      (core instance $given (export "f" (func $f)) (export "memory" (memory $memory)))
      (core module $m {module})
      (core instance $m (instantiate $m (with "" (instance $given))))
      {exports})""".replace("(realloc $realloc)", "(realloc (func $realloc))")


def lift(name, text, options="(memory $memory) (realloc (func $realloc))"):
    return f"""(alias core export $m "{name}" (core func ${name}))
      (func (export "{name}") {text} (canon lift (core func ${name}) {options}))"""


ECHO = """(func (export "echo") (param i32 i32) (result i32)
  (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))"""
STRINGS = '(param "x" string) (result string)'


def echo(extra="", options="(memory $memory) (realloc (func $realloc))", before=""):
    """A component that gives a string back. `extra`: more of its core module; `before`: more before its export."""
    module = f'(import "" "f" (func $f)) (import "" "memory" (memory 1)) {ECHO} {extra}'
    return importing("f", "", module, before + lift("echo", STRINGS, options))


def host(call=lambda: None):
    return {HOST: Interface({"f": ("()", call)})}
