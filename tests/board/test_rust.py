"""Components of Rust's std as it comes, on wasm32-wasip2, larger than the arena of any board: they run in a larger one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from wasi_programs import WASM_TOOLS

LOGSCAN = ROOT / "build/examples/logscan.wasm"
OURS = ROOT / "build/rust/rustc"
RUSTC = os.environ.get("RUSTC") or (OURS if OURS.exists() else "rustc")
FLAGS = "--target wasm32-wasip2 -Copt-level=s -Clto -Cpanic=abort -Cstrip=symbols -Clink-arg=--skip-wit-component"
PROGRAM = """
import json, sys
sys.path[:0] = sys.argv[3:]
import wasmote
said = []
with wasmote.Host(memory_limit=220 * 1024) as host:
    host.host.on_log = lambda level, name, message, data=None: said.append(message)
    server = host.load(sys.argv[1], {"env": {"TOP": "2"}})
    results = []
    for tool, arguments in json.loads(sys.argv[2]):
        result = server.call_tool(tool, arguments, lambda *what: said.append(what[3]))
        results.append(result["content"][0]["text"])
    (entry,) = host.host.list()
print(json.dumps([entry, results, said]))
"""


def run(component, *calls):
    """(its entry, the texts that the calls gave, what it logged)"""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, component, json.dumps(calls), ROOT / "modules", ROOT / "tests/shims"],
        env=os.environ | {"WASM_ARENA_KB": "250"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not LOGSCAN.exists(), reason="logscan was not built: scripts/setup/rust.sh, make examples")
def test_logscan_summarizes_a_log_and_knows_the_time():
    text = "INFO a 1\nINFO a 22\nERROR b\nWARN c"
    entry, (summary, clock), said = run(LOGSCAN, ("log_summary", {"text": text}), ("clock", {}))
    assert summary == "4 lines, 2 INFO, 1 WARN, 1 ERROR\n2 × INFO a #\n1 × ERROR b"
    assert clock.endswith(" seconds since 1970") and int(clock.split()[0]) > 1_700_000_000
    assert [line.split(" in ")[0] for line in said] == ["33 bytes"]
    assert (entry["tools"], entry["traps"]) == (["log_summary", "clock"], 0) and entry["memoryBytes"] <= 150 * 1024


def target():
    """The folder of the target's libraries, whether or not it is there."""
    try:
        done = subprocess.run([RUSTC, "--print", "sysroot"], capture_output=True, text=True)
    except FileNotFoundError:
        return Path("/none")
    return Path(done.stdout.strip(), "lib/rustlib/wasm32-wasip2/lib")


@pytest.mark.skipif(not target().exists(), reason="no Rust for wasm32-wasip2: scripts/setup/rust.sh")
def test_programs_that_open_connections_were_refused_and_are_told_permission_denied(tmp_path):
    """Dozens of functions of wasi:sockets, imported by wasi-libc's own build for wasip2."""
    core, component = tmp_path / "net.core.wasm", tmp_path / "net.wasm"
    subprocess.run([RUSTC, *FLAGS.split(), "-o", core, ROOT / "tests/wasi/net.rs"], check=True)
    subprocess.run([WASM_TOOLS, "component", "new", core, "-o", component], check=True)
    assert component.read_bytes().count(b"[method]tcp-socket.") > 20
    entry, _, said = run(component)
    assert entry["state"] == "ready" and said == ["PermissionDenied"] * 4
