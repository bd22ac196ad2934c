"""Components that work: values both ways, host functions, memory, linking in file order, nested components."""

from guests import ECHO, HOST, MEMORY, STRINGS, Interface, call, echo, host, importing, lift, load, stores_closed  # noqa: F401
from wasmote.wasm import drive


def test_a_string_goes_in_and_comes_out():
    component = load(echo(), host())
    assert call(component, "echo", "grüße ✓") == "grüße ✓"
    assert call(component, "echo", "") == ""


def test_a_host_function_gets_lifted_values_and_its_result_is_lowered():
    seen = []
    module = """(import "" "f" (func $f (param i32 i32 i32))) (import "" "memory" (memory 1))
      (func (export "go") (param i32 i32) (result i32)
        (call $f (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))"""
    text = '(param "x" (list u8)) (result (result string (error u16)))'
    source = importing("f", '(param "a" (list u8)) (result (result string (error u16)))', module, lift("go", text))

    def f(a):
        seen.append(a)
        return (0, "ok " + a.decode()) if len(a) < 4 else (1, len(a))

    component = load(source, {HOST: Interface({"f": ("(a:list<u8>)->result<string,u16>", f)})})
    assert call(component, "go", b"abc") == (0, "ok abc")
    assert call(component, "go", b"abcd") == (1, 4)
    assert seen == [b"abc", b"abcd"]


def test_a_host_function_may_be_a_generator():
    def wait(n):
        for _ in range(n):
            yield
        return n + 1

    module = '(import "" "f" (func $f (param i32) (result i32))) (func (export "go") (param i32) (result i32) (call $f (local.get 0)))'
    component = load(importing("f", '(param "n" u8) (result u8)', module, lift("go", '(param "n" u8) (result u8)', "")),
                     {HOST: Interface({"f": ("(n:u8)->u8", wait)})})  # fmt: skip
    pending = component.exports["go"](5)
    yields = 0
    while True:
        try:
            next(pending)
            yields += 1
        except StopIteration as stop:
            assert stop.value == 6
            break
    assert yields >= 5


def test_more_than_16_flat_values_go_through_memory_both_ways():
    params = " ".join(f'(param "p{i}" u32)' for i in range(17))
    module = """(import "" "f" (func $f (param i32) (result i32)))
      (func (export "go") (param i32) (result i32) (call $f (local.get 0)))"""
    source = importing("f", params + "(result u32)", module, lift("go", params + "(result u32)"))
    text = "(" + ",".join(f"p{i}:u32" for i in range(17)) + ")->u32"
    component = load(source, {HOST: Interface({"f": (text, lambda *args: sum(args))})})
    assert call(component, "go", *range(17)) == sum(range(17))


def test_post_return_gets_the_flat_results_once_the_result_is_lifted():
    extra = """(func (export "post") (param i32) (i64.store (local.get 0) (i64.const -1)) (global.set $posted (local.get 0)))
      (global $posted (mut i32) (i32.const 0))
      (func (export "posted") (result i32) (global.get $posted))"""
    alias = '(alias core export $m "post" (core func $post))'
    source = echo(extra, "(memory $memory) (realloc (func $realloc)) (post-return (func $post))", alias)
    component = load(source[:-1] + lift("posted", "(result u32)", "") + ")", host())
    assert call(component, "echo", "abc") == "abc"
    assert call(component, "posted") == 16


def test_realloc_may_grow_the_memory():
    source = f"""(component (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
      {ECHO})
      (core instance $m (instantiate $m))
      (alias core export $m "memory" (core memory $memory))
      (alias core export $m "realloc" (core func $realloc))
      {lift("echo", STRINGS)})"""
    component = load(source)
    assert call(component, "echo", "one") == "one"
    assert call(component, "echo", "two") == "two"


def test_modules_that_share_a_table_are_linked_in_file_order():
    """The shim, main and fixup modules of wit-component, and a start function that calls an import through them."""
    seen = []
    source = f"""(component
      (import "{HOST}" (instance $host (export "f" (func (param "x" string)))))
      (core module $shim (table (export "$imports") 1 1 funcref)
        (func (export "0") (param i32 i32) (call_indirect (param i32 i32) (local.get 0) (local.get 1) (i32.const 0))))
      (core module $main (import "h" "f" (func $f (param i32 i32))) (memory (export "memory") 1)
        (data (i32.const 8) "hello") (func (export "_initialize") (call $f (i32.const 8) (i32.const 5))))
      (core module $fixup (import "" "0" (func (param i32 i32))) (import "" "$imports" (table 1 1 funcref))
        (elem (i32.const 0) func 0))
      (core module $start (import "" "" (func)) (start 0))
      (core instance $shim (instantiate $shim))
      (alias core export $shim "0" (core func $indirect))
      (core instance $h (export "f" (func $indirect)))
      (core instance $main (instantiate $main (with "h" (instance $h))))
      (alias core export $main "memory" (core memory $memory))
      (alias core export $shim "$imports" (core table $imports))
      (alias export $host "f" (func $f))
      (core func $lowered (canon lower (func $f) (memory $memory)))
      (core instance $fixed (export "0" (func $lowered)) (export "$imports" (table $imports)))
      (core instance (instantiate $fixup (with "" (instance $fixed))))
      (alias core export $main "_initialize" (core func $initialize))
      (core instance $go (export "" (func $initialize)))
      (core instance (instantiate $start (with "" (instance $go)))))"""
    load(source, {HOST: Interface({"f": ("(x:string)", seen.append)})})
    assert seen == ["hello"]


def test_modules_as_the_wit_component_of_2026_links_them_are_linked():
    """No fourth module: the fixup module fills the table, and its start function is main's _initialize."""
    seen = []
    source = f"""(component
      (import "{HOST}" (instance $host (export "f" (func (param "x" string)))))
      (core module $main (import "h" "f" (func $f (param i32 i32))) (memory (export "memory") 1)
        (data (i32.const 8) "hello") (func (export "_initialize") (call $f (i32.const 8) (i32.const 5))))
      (core module $shim (table (export "$imports") 1 1 funcref)
        (func (export "0") (param i32 i32) (call_indirect (param i32 i32) (local.get 0) (local.get 1) (i32.const 0))))
      (core module $fixup (import "shim" "$imports" (table 1 1 funcref)) (import "actual" "0" (func (param i32 i32)))
        (import "main" "_initialize" (func $initialize)) (elem (i32.const 0) func 0) (start $initialize))
      (core instance $shim (instantiate $shim))
      (alias core export $shim "0" (core func $indirect))
      (core instance $h (export "f" (func $indirect)))
      (core instance $main (instantiate $main (with "h" (instance $h))))
      (alias core export $main "memory" (core memory $memory))
      (alias export $host "f" (func $f))
      (core func $lowered (canon lower (func $f) (memory $memory)))
      (core instance $actual (export "0" (func $lowered)))
      (core instance (instantiate $fixup
        (with "shim" (instance $shim)) (with "actual" (instance $actual)) (with "main" (instance $main)))))"""
    load(source, {HOST: Interface({"f": ("(x:string)", seen.append)})})
    assert seen == ["hello"]


def test_an_interface_exported_through_a_nested_component_is_found_under_its_name():
    source = f"""(component {MEMORY} (core module $m {ECHO.replace('"echo"', '"shout"').replace("(func", '(import "" "memory" (memory 1)) (func')})
      (core instance $given (export "memory" (memory $memory)))
      (core instance $m (instantiate $m (with "" (instance $given))))
      (alias core export $m "shout" (core func $shout))
      (type $text (record (field "text" string)))
      (func $shout (param "x" string) (result string) (canon lift (core func $shout) (memory $memory) (realloc (func $realloc))))
      (component $wrap
        (import "t" (type $t (eq $text)))
        (import "f" (func $f (param "x" string) (result string)))
        (export "text" (type $t))
        (export "shout" (func $f) (func (param "x" string) (result string))))
      (instance $out (instantiate $wrap (with "t" (type $text)) (with "f" (func $shout))))
      (export "test:test/shouting@0.2.3" (instance $out)))""".replace(
        '(import "t" (type $t (eq $text)))', '(alias outer 1 $text (type $o)) (import "t" (type $t (eq $o)))'
    )
    component = load(source)
    assert list(component.exports) == ["test:test/shouting@0.2.3"]
    functions = component.export("test:test/shouting@0.2.0")
    assert list(functions) == ["shout"]
    assert drive(functions["shout"]("hey")) == "hey"
    assert component.export("test:test/shouting@0.3.0") is None
    assert component.export("test:test/other") is None
