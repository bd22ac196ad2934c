"""A component of two that wasm-tools composed: one defines what the other calls."""

from made import component, wasm_tools

WIT = """package test:calc@0.2.1;
interface ops {
  record pair { text: string, numbers: list<u64> }
  shout: func(text: string) -> string;
  swap: func(p: pair) -> result<tuple<list<u64>, string>, string>;
  resource counter {
    constructor(start: u32);
    next: func() -> u32;
    add: static func(a: borrow<counter>, b: counter) -> counter;
  }
  dropped: func() -> u32;
}
world provider { export ops; }
world consumer {
  import ops;
  export go: func(text: string) -> string;
  export swap: func(text: string, numbers: list<u64>) -> tuple<list<u64>, string>;
  export count: func(start: u32) -> u32;
  export keep: func() -> u32;
  export dropped: func() -> u32;
  export again: func(handle: u32) -> u32;
}"""

REALLOC = """(global $at (mut i32) (i32.const 4096))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
    (global.get $at)
    (global.set $at (i32.add (global.get $at) (local.get 3))))"""

# A counter's rep is where its number stands.
PROVIDER = f"""(module
  (import "[export]test:calc/ops@0.2.1" "[resource-new]counter" (func $new (param i32) (result i32)))
  (import "[export]test:calc/ops@0.2.1" "[resource-rep]counter" (func $rep (param i32) (result i32)))
  (import "[export]test:calc/ops@0.2.1" "[resource-drop]counter" (func $drop (param i32)))
  (memory (export "memory") 1) {REALLOC}
  (global $dropped (mut i32) (i32.const 0))
  (func (export "test:calc/ops@0.2.1#shout") (param $p i32) (param $n i32) (result i32) (local $i i32)
    (loop $more
      (if (i32.lt_u (local.get $i) (local.get $n)) (then
        (i32.store8 (i32.add (local.get $p) (local.get $i))
          (i32.and (i32.load8_u (i32.add (local.get $p) (local.get $i))) (i32.const 0xdf)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $more))))
    (i32.store (i32.const 16) (local.get $p)) (i32.store (i32.const 20) (local.get $n)) (i32.const 16))
  (func (export "test:calc/ops@0.2.1#swap") (param i32 i32 i32 i32) (result i32)
    (i32.store8 (i32.const 32) (i32.const 0))
    (i32.store (i32.const 36) (local.get 2)) (i32.store (i32.const 40) (local.get 3))
    (i32.store (i32.const 44) (local.get 0)) (i32.store (i32.const 48) (local.get 1)) (i32.const 32))
  (func $make (export "test:calc/ops@0.2.1#[constructor]counter") (param i32) (result i32) (local $p i32)
    (local.set $p (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 4)))
    (i32.store (local.get $p) (local.get 0))
    (call $new (local.get $p)))
  (func (export "test:calc/ops@0.2.1#[method]counter.next") (param i32) (result i32)
    (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))
    (i32.load (local.get 0)))
  (func (export "test:calc/ops@0.2.1#[static]counter.add") (param $a i32) (param $b i32) (result i32)
    (call $make (i32.add (i32.load (local.get $a)) (i32.load (call $rep (local.get $b)))))
    (call $drop (local.get $b)))
  (func (export "test:calc/ops@0.2.1#dropped") (result i32) (global.get $dropped))
  (func (export "test:calc/ops@0.2.1#[dtor]counter") (param i32)
    (global.set $dropped (i32.add (global.get $dropped) (i32.const 1)))))"""
CONSUMER = f"""(module
  (import "test:calc/ops@0.2.1" "shout" (func $shout (param i32 i32 i32)))
  (import "test:calc/ops@0.2.1" "swap" (func $swap (param i32 i32 i32 i32 i32)))
  (import "test:calc/ops@0.2.1" "[constructor]counter" (func $new (param i32) (result i32)))
  (import "test:calc/ops@0.2.1" "[method]counter.next" (func $next (param i32) (result i32)))
  (import "test:calc/ops@0.2.1" "[static]counter.add" (func $add (param i32 i32) (result i32)))
  (import "test:calc/ops@0.2.1" "[resource-drop]counter" (func $drop (param i32)))
  (import "test:calc/ops@0.2.1" "dropped" (func $dropped (result i32)))
  (memory (export "memory") 1) {REALLOC}
  (func (export "go") (param i32 i32) (result i32) (call $shout (local.get 0) (local.get 1) (i32.const 8)) (i32.const 8))
  (func (export "swap") (param i32 i32 i32 i32) (result i32)
    (call $swap (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 32)) (i32.const 36))
  (func (export "count") (param i32) (result i32) (local $a i32) (local $b i32)
    (local.set $a (call $new (local.get 0)))
    (drop (call $next (local.get $a)))
    (local.set $b (call $add (local.get $a) (call $new (i32.const 1000))))
    (call $drop (local.get $a))
    (call $next (local.get $b))
    (call $drop (local.get $b)))
  (func (export "keep") (result i32) (call $new (i32.const 5)))
  (func (export "dropped") (result i32) (call $dropped))
  (func (export "again") (param i32) (result i32) (call $next (local.get 0))))"""


def composed(folder):
    """The bytes of it; made in `folder`."""
    provider = component(folder, WIT, "provider", PROVIDER)
    consumer = component(folder, WIT, "consumer", CONSUMER)
    wasm_tools("compose", consumer, "-d", provider, "-o", folder / "both.wasm")
    return (folder / "both.wasm").read_bytes()
