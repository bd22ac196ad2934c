"""A component of Rust's std as it comes, on wasm32-wasip2, larger than the arena of any board: it runs in a larger one."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

LOGSCAN = ROOT / "build/examples/logscan.wasm"
PROGRAM = """
import json, sys
sys.path[:0] = sys.argv[2:]
import wasmote
said = []
with wasmote.Host(memory_limit=192 * 1024) as host:
    server = host.load(sys.argv[1], {"env": {"TOP": "2"}})
    summary = server.call_tool("log_summary", {"text": "INFO a 1\\nINFO a 22\\nERROR b\\nWARN c"}, lambda *what: said.append(what[3]))
    clock = server.call_tool("clock")
    (entry,) = host.host.list()
    print(json.dumps([tool["name"] for tool in server.list_tools()]))
    print(json.dumps([result["content"][0]["text"] for result in (summary, clock)] + said))
    print(entry["traps"], entry["memoryBytes"] // 1024)
"""


@pytest.mark.skipif(not LOGSCAN.exists(), reason="logscan was not built: scripts/setup/rust.sh, make examples")
def test_logscan_summarizes_a_log_and_knows_the_time():
    paths = [ROOT / "modules", ROOT / "tests/shims"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, LOGSCAN, *paths],
        env=os.environ | {"WASM_ARENA_KB": "220"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tools, texts, numbers = done.stdout.splitlines()
    assert json.loads(tools) == ["log_summary", "clock"]
    summary, clock, printed = json.loads(texts)
    assert summary == "4 lines, 2 INFO, 1 WARN, 1 ERROR\n2 × INFO a #\n1 × ERROR b"
    assert clock.endswith(" seconds since 1970") and int(clock.split()[0]) > 1_700_000_000
    assert printed.startswith("33 bytes in ")
    traps, memory = map(int, numbers.split())
    assert traps == 0 and memory <= 150
