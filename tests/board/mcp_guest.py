"""MCP servers of one tool, called `attack` or otherwise, as component text: core code, what the component defines beside it, how it is lifted.

`attack` is the body of call-tool: (param $name i32) (param $name-size i32) (param $args i32) (param $args-size i32),
which returns where its result lies; (i32.const 2048) is a good one, "ok", as long as nothing wrote there.
"""

HANDLERS = "wasi:mcp/handlers@0.1.0-preview2"
RUNTIME = "wasi:mcp/runtime@0.1.0-preview2"
CLOCK = "wasi:clocks/monotonic-clock@0.2.0"
POLL = "wasi:io/poll@0.2.0"
ERROR = (
    "{code:enum{parse-error,invalid-request,method-not-found,invalid-params,internal-error,resource-not-found,"
    "tool-not-found,prompt-not-found,unsupported-operation},message:string,data:option<list<u8>>}"
)
ANNOTATIONS = "option<{priority:option<f32>,audience:option<list<string>>,custom:option<list<u8>>}>"
CONTENT = (
    f"variant{{text({{content-type:string,text:string,annotations:{ANNOTATIONS}}}),"
    f"image({{content-type:string,data:string,mime-type:string,annotations:{ANNOTATIONS}}}),"
    "embedded-resource({content-type:string,uri:string,mime-type:option<string>,text:option<string>,"
    f"blob:option<string>,annotations:{ANNOTATIONS}}}),"
    "resource-link({content-type:string,uri:string,name:string,description:option<string>,mime-type:option<string>,"
    f"annotations:{ANNOTATIONS}}})}}"
)
TOOL = (
    "{name:string,title:option<string>,description:string,input-schema:list<u8>,output-schema:option<list<u8>>,"
    "annotations:option<{title:option<string>,read-only-hint:option<bool>,destructive-hint:option<bool>,"
    "idempotent-hint:option<bool>,open-world-hint:option<bool>}>}"
)
CALL_TOOL = f"(name:string,arguments:list<u8>)->result<{{content:list<{CONTENT}>,is-error:option<bool>}},{ERROR}>"
REGISTER = f"(tools:list<{TOOL}>)->result<_,{ERROR}>"
LOG = f"(level:enum{{debug,info,warning,error,critical}},message:string,data:option<list<u8>>)->result<_,{ERROR}>"


class Wat:
    """Types of structural text (component/text.py) as definitions of the text format: `lines`, and how to refer to each."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.lines = []
        self.exported = []

    def func(self, text):
        """A func type."""
        params, at = self._named(text, 1, ")")
        result = ""
        if text[at : at + 2] == "->":
            result = f"(result {self._type(text, at + 2)[0]})"
        return "(func " + " ".join(f'(param "{name}" {t})' for name, t in params) + f" {result})"

    def _define(self, body, exported):
        """A type definition; one that must have a name to be exported gets one."""
        name = f"{self.prefix}{len(self.lines)}"
        if not exported:
            self.lines.append(f"(type ${name} {body})")
        else:
            self.lines.append(f"(type $raw-{name} {body})")
            if self.prefix == "i":  # inside an instance type
                self.lines.append(f'(export "{name}" (type ${name} (eq $raw-{name})))')
            else:
                self.lines.append(f'(export ${name} "{name}" (type $raw-{name}))')
            self.exported.append(name)
        return f"${name}"

    def _type(self, text, at):
        if text[at] == "{":
            fields, at = self._named(text, at + 1, "}")
            return self._define("(record " + " ".join(f'(field "{n}" {t})' for n, t in fields) + ")", True), at
        end = at
        while end < len(text) and text[end] not in "{}()<>,:":
            end += 1
        word, at = text[at:end], end
        if word == "variant":
            cases, at = self._cases(text, at + 1)
            return self._define("(variant " + " ".join(f'(case "{n}" {t})' for n, t in cases) + ")", True), at
        if word == "enum":
            end = text.index("}", at)
            labels = " ".join(f'"{n}"' for n in text[at + 1 : end].split(","))
            return self._define(f"(enum {labels})", True), end + 1
        if text[at : at + 1] != "<":
            return word, at
        parts = []
        at += 1
        while text[at] != ">":
            part, at = ("", at + 1) if text[at] == "_" else self._type(text, at)
            parts.append(part)
            at += text[at] == ","
        if word == "result":
            return self._define(f"(result {parts[0]} (error {parts[1]}))", False), at + 1
        return self._define(f"({word} {' '.join(parts)})", False), at + 1

    def _named(self, text, at, close):
        named = []
        while text[at] != close:
            end = text.index(":", at)
            t, after = self._type(text, end + 1)
            named.append((text[at:end], t))
            at = after + (text[after] == ",")
        return named, at + 1

    def _cases(self, text, at):
        cases = []
        while text[at] != "}":
            end = text.index("(", at)
            t, after = self._type(text, end + 1)
            cases.append((text[at:end], t))
            at = after + 1 + (text[after + 1] == ",")
        return cases, at + 1


def _imported(name, functions):
    wat = Wat("i")
    exports = "".join(f'(export "{f}" {wat.func(text)})' for f, text in functions.items())
    return f'(import "{name}" (instance $runtime {" ".join(wat.lines)} {exports}))'


def _words(*words):
    return "".join(f"\\{word >> shift & 0xFF:02x}" for word in words for shift in (0, 8, 16, 24))


# At 1024 the tool's definition (72 bytes), at 2048 a result: ok, one text "ok".
DATA = f"""
  (data (i32.const 1024) "{_words(1100, 6, 0, 0, 0, 1120, 8, 1140, 17)}")
  (data (i32.const 1120) "attacks.") (data (i32.const 1140) "{{\\22type\\22:\\22object\\22}}")
  (data (i32.const 2048) "{_words(0, 2080, 1, 0)}")
  (data (i32.const 2080) "{_words(0, 2200, 4, 2210, 2)}")
  (data (i32.const 2200) "text") (data (i32.const 2210) "ok")"""
REALLOC = """(global $at (mut i32) (i32.const 8192))
  (func $realloc (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
    (global.get $at)
    (global.set $at (i32.add (global.get $at) (local.get $new))))"""
# Where log, register-tools and what the component gives come from is known when the core module of memory exists.
IMPORTS = """(import "lib" "memory" (memory 1)) (import "host" "log" (func $log (param i32 i32 i32 i32 i32 i32 i32)))
  (import "host" "register" (func $register (param i32 i32 i32)))"""


def component(attack="(i32.const 2048)", functions="", lib=REALLOC, around="", imports="", given="", options="", post="", tool="attack",
              register="(call $register (i32.const 1024) (i32.const 1) (i32.const 4096))", name=""):  # fmt: skip
    """The text.

    functions    more of the core module with the attack        lib        the module with memory, realloc, post-return
    around       component definitions before it                imports    of the core module, from "given"
    given        what "given" exports                           options    of canon lift
    tool         its name, of six letters
    post         "post": lib exports a post-return function     register   what its start function does
    """
    wat = Wat("t")
    call_tool = wat.func(CALL_TOOL)
    types = " ".join(f'(export "{name}" (type ${name}))' for name in wat.exported)
    post = "(post-return (func $post))" if post else ""
    given = f"(core instance $given {given})" if given else ""
    return f"""(component {name}
      {_imported(RUNTIME, {"register-tools": REGISTER, "log": LOG})}
      (core module $shim (table (export "table") 2 funcref)
        (func (export "log") (param i32 i32 i32 i32 i32 i32 i32)
          (call_indirect (param i32 i32 i32 i32 i32 i32 i32) (local.get 0) (local.get 1) (local.get 2) (local.get 3)
            (local.get 4) (local.get 5) (local.get 6) (i32.const 0)))
        (func (export "register") (param i32 i32 i32)
          (call_indirect (param i32 i32 i32) (local.get 0) (local.get 1) (local.get 2) (i32.const 1))))
      (core instance $shim (instantiate $shim))
      (core module $lib (import "host" "log" (func $log (param i32 i32 i32 i32 i32 i32 i32)))
        (memory (export "memory") 1) {lib} {DATA} (data (i32.const 1100) "{tool}"))
      (core instance $lib (instantiate $lib (with "host" (instance $shim))))
      (alias core export $lib "memory" (core memory $memory))
      (alias core export $lib "realloc" (core func $realloc))
      {'(alias core export $lib "post" (core func $post))' if post else ""}
      (core func $log (canon lower (func $runtime "log") (memory $memory) (realloc (func $realloc))))
      (core func $register (canon lower (func $runtime "register-tools") (memory $memory) (realloc (func $realloc))))
      (core instance $lowered (export "log" (func $log)) (export "register" (func $register)) (export "table" (table $shim "table")))
      (core module $fix (import "" "table" (table 2 funcref)) (import "" "log" (func $log (param i32 i32 i32 i32 i32 i32 i32)))
        (import "" "register" (func $register (param i32 i32 i32))) (elem (i32.const 0) func $log $register))
      (core instance (instantiate $fix (with "" (instance $lowered))))
      {around}
      {given}
      (core module $m {IMPORTS} {imports}
        (func $call-tool (export "call-tool") (param $name i32) (param $name-size i32) (param $args i32) (param $args-size i32) (result i32)
          {attack})
        (func $initialize {register}) (start $initialize) {functions})
      (core instance $m (instantiate $m (with "lib" (instance $lib)) (with "host" (instance $shim))
        {'(with "given" (instance $given))' if given else ""}))
      {" ".join(wat.lines)}
      (alias core export $m "call-tool" (core func $call-tool))
      (func $call-tool {call_tool[6:-1]}
        (canon lift (core func $call-tool) (memory $memory) (realloc (func $realloc)) {post} {options}))
      (instance $handlers {types} (export "call-tool" (func $call-tool)))
      (export "{HANDLERS}" (instance $handlers)))"""


def composed(other, **options):
    """The text of a component of `other`, definitions up to an instance $other, and the server, which imports that."""
    functions = {"register-tools": REGISTER, "log": LOG}
    return f"""(component {_imported(RUNTIME, functions)}
      {other}
      {component(name="$Server", **options)}
      (instance $server (instantiate $Server (with "{RUNTIME}" (instance $runtime)) (with "other" (instance $other))))
      (alias export $server "{HANDLERS}" (instance $handlers)) (export "{HANDLERS}" (instance $handlers)))"""
