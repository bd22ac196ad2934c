"""The configuration of one component: what it is granted, what it may take, what it is told. A JSON object beside its file.

    {"allow": ["wasi:mcp/*"], "env": {"UNIT": "C"}, "args": ["-v"], "files": 16384, "store": 4096,
     "peers": ["clock/now"], "fallback": "module:function", "memory": 32, "timeout_ms": 5000}

Every member may be missing: then the host's default counts. For who has none the class Config itself
stands, and the checks (checks.py) are imported only where there is something to check.
"""

LIMIT = 2048  # bytes of its JSON text


class Config:
    """
    allow        grants: names of interfaces without version, or beginnings of some with *; None: the host's
    env, args    of wasi:cli/environment
    files        bytes that its folder may take (wasi:filesystem), store its buckets (wasi:keyvalue); 0: it has none
    peers        what wasi:mcp/client reaches: "component", "component/tool" or "*"
    fallback     "module:function" or "module" that serves while the component cannot (native/fallback.py), or None
    memory       KiB of the arena that it may have, timeout_ms how long a call may take; None: the host's
    """

    allow = None
    env = {}
    args = ()
    files = 0
    store = 0
    peers = ()
    fallback = None
    memory = None
    timeout_ms = None


def writes(config):
    """True if a component of this Config may have files or buckets."""
    return config.files > 0 or config.store > 0
