#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the WebAssembly specification test suite, as JSON and .wasm files, on the engine in this process.

    python3 scripts/spec_tests.py [FILE ...]       e.g. i32 br_table; all by default

Counts each command as passed, failed, or refused: of a module that uses a feature the engine refuses by name.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests" / "shims")]

import wasmote.wasm as wasm  # noqa: E402

SUITE = Path(os.environ.get("WASM_TESTSUITE", ROOT.parent / "shared/spec-testsuite"))
TYPES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C}
LIMIT, STACK = 90, 8192
KINDS = {"assert_malformed": (wasm.Malformed, wasm.Unsupported), "assert_invalid": (wasm.Invalid, wasm.Malformed),
         "assert_unlinkable": wasm.Unlinkable, "assert_uninstantiable": wasm.Trap}  # fmt: skip


class Runner:
    """One file of the suite."""

    def __init__(self, folder):
        self.folder = folder
        self.passed = self.failed = self.refused = 0
        self.failures = []
        self.store = None
        self.fresh()

    def fresh(self):
        if self.store:
            self.store.close()
        self.store = wasm.Store(LIMIT, STACK)
        self.named, self.registered, self.current = {}, {}, None
        self.spectest()

    def spectest(self):
        store = self.store
        out = {}
        for name, params in {"print": "", "print_i32": "i32", "print_i64": "i64", "print_f32": "f32",
                             "print_f64": "f64", "print_i32_f32": "i32 f32", "print_f64_f64": "f64 f64"}.items():  # fmt: skip
            types = bytes(TYPES[t] for t in params.split())
            out[name] = wasm.HostFunction(store, types, b"", lambda *args: None)
        for name, value in (("i32", 666), ("i64", 666), ("f32", 0x44268000), ("f64", 0x4084D00000000000)):
            out["global_" + name] = wasm.Global.new(store, TYPES[name], 0, value)
        out["table"] = wasm.Table.new(store, 0x70, 10, 20)
        out["memory"] = wasm.Memory.new(store, 1, 2)
        self.registered["spectest"] = out

    def resolve(self, module, name):
        exports = self.registered.get(module, {})
        if exports is None:
            raise wasm.Unsupported(f"module {module} was refused", 0)
        return exports.get(name)

    def load(self, name):
        source = wasm.Source((self.folder / name).read_bytes())
        return wasm.drive(wasm.Instance.create(self.store, wasm.Module(source.reader()), self.resolve))

    def instance(self, action):
        instance = self.named.get(action["module"]) if "module" in action else self.current
        if instance is None:
            raise wasm.Unsupported("its module was refused", 0)
        return instance

    def act(self, action):
        extern = self.instance(action).exports[action["field"]]
        if action["type"] == "get":
            return [extern.value]
        args = [None if arg["value"] == "null" else int(arg["value"]) for arg in action["args"]]
        return wasm.drive(self.store.invoke(extern, args))

    def command(self, command):
        kind = command["type"]
        if kind == "module":
            self.current = None
            if "name" in command:
                self.named[command["name"]] = None
            instance = self.load(command["filename"])
            self.current = instance
            if "name" in command:
                self.named[command["name"]] = instance
        elif kind == "register":
            instance = self.named.get(command["name"]) if "name" in command else self.current
            self.registered[command["as"]] = instance and instance.exports
        elif kind in ("action", "assert_return"):
            check(self.act(command["action"]), command.get("expected", []))
        elif kind in ("assert_trap", "assert_exhaustion"):
            try:
                got = self.act(command["action"])
            except wasm.Trap as error:
                assert command["text"].startswith(error.what) or error.what.startswith(command["text"]), str(error)
            else:
                raise AssertionError(f"returned {got}, expected trap {command['text']}")
        elif command.get("module_type") != "text":
            try:
                self.load(command["filename"])
            except KINDS[kind] as error:
                self.last = str(error)
            else:
                raise AssertionError(f"accepted, expected: {command['text']}")

    def run(self):
        commands = json.loads((self.folder / (self.folder.name + ".json")).read_text())["commands"]
        for command in commands:
            if command["type"] == "module" and not self.registered.keys() - {"spectest"} and not self.named:
                self.fresh()
            try:
                self.command(command)
                self.passed += 1
            except wasm.Unsupported:
                self.refused += 1
            except Exception as error:  # whatever it is, it is this command's failure
                self.failed += 1
                self.failures.append(
                    f"{self.folder.name}:{command['line']} {command['type']}: {type(error).__name__}: {error}"
                )
        self.store.close()
        return self


def check(got, expected):
    assert len(got) == len(expected), f"got {got}, expected {expected}"
    for value, want in zip(got, expected, strict=True):
        if value is None or want.get("value") == "null" or want["type"] in ("funcref", "externref"):
            assert str(value) == {"null": "None"}.get(want.get("value"), want.get("value", str(value))), (
                f"got {value}, expected {want}"
            )
            continue
        mask = (1 << (64 if want["type"].endswith("64") else 32)) - 1
        wanted = want.get("value", "")
        assert wanted.startswith("nan") or value == int(wanted) & mask, f"got {value}, expected {want}"


def main():
    names = sys.argv[1:] or sorted(path.name for path in SUITE.iterdir() if path.is_dir())
    total = [0, 0, 0]
    for name in names:
        runner = Runner(SUITE / name).run()
        total = [a + b for a, b in zip(total, (runner.passed, runner.failed, runner.refused), strict=True)]
        for line in runner.failures[:20]:
            print(line)
    print(f"{wasm.engine} engine: {total[0]} passed, {total[1]} failed, {total[2]} refused by name")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
