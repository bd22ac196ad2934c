"""Programs of build/node: the MCP Inspector, and tests/e2e/client.mjs with an official TypeScript client."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import PATIENCE, ROOT

NODE = ROOT / "build/node"


def run(program, *arguments, environment=None):
    """What a program of Node's prints, read as JSON."""
    if not (NODE / program).exists():
        pytest.fail(f"there is no build/node/{program}: scripts/setup/node.sh (make setup)")
    done = subprocess.run(
        [str(NODE / "bin/node"), *map(str, arguments)],
        env={**(environment or os.environ), "PATH": f"{NODE / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def inspect(*arguments):
    """What the Inspector's CLI prints for these arguments."""
    program = "node_modules/.bin/mcp-inspector"
    return run(program, NODE / program, "--cli", *arguments)


def typescript(package, era, *target, environment):
    """What client.mjs says: `package` is sdk or client, `era` legacy, auto or modern, `target` a URL or a command."""
    modules = NODE / "node_modules"
    script = Path(__file__).with_name("client.mjs")
    return run(
        f"node_modules/@modelcontextprotocol/{package}", script, modules, package, era, *target, environment=environment
    )
